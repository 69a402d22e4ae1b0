#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_KEPT = 16 << 10, ALIGNMENT = 16 };

struct block {
        struct block *next;
        size_t size, used;
        _Alignas(ALIGNMENT) char bytes[];
};

struct arena {
        struct block *last;  /* where pieces are cut from */
        struct block *first; /* kept by a reset */
};

static void *or_die(void *p)
{
        if (!p) {
                fputs("out of memory\n", stderr);
                abort();
        }
        return p;
}

void *memory_alloc(size_t size)
{
        return or_die(calloc(1, size ? size : 1));
}

void *memory_grow(void *old, size_t size)
{
        return or_die(realloc(old, size ? size : 1));
}

char *memory_string(const char *text)
{
        return text ? or_die(strdup(text)) : NULL;
}

static struct block *block_open(size_t size, struct block *next)
{
        struct block *b = or_die(malloc(sizeof *b + size));

        b->next = next;
        b->size = size;
        b->used = 0;
        return b;
}

struct arena *arena_open(void)
{
        struct arena *a = memory_alloc(sizeof *a);

        a->first = a->last = block_open(FIRST_BLOCK, NULL);
        return a;
}

/* The block that a round needed beyond the first takes its place: the next round will need as much. */
static void keep_larger(struct arena *a)
{
        struct block *b = a->last;

        if (b == a->first || b->next != a->first || b->size > LARGEST_KEPT)
                return;
        free(a->first);
        b->next = NULL;
        a->first = b;
}

void arena_reset(struct arena *a)
{
        keep_larger(a);
        while (a->last != a->first) {
                struct block *b = a->last;

                a->last = b->next;
                free(b);
        }
        a->first->used = 0;
}

void arena_close(struct arena **arena)
{
        struct arena *a = *arena;

        if (!a)
                return;
        *arena = NULL;
        arena_reset(a);
        free(a->first);
        free(a);
}

static void *take(struct arena *a, size_t size)
{
        size_t need = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
        void *p;

        if (need > a->last->size - a->last->used) {
                size_t larger = a->last->size * 2;

                if (larger > 1 << 20)
                        larger = 1 << 20;
                a->last = block_open(need > larger ? need : larger, a->last);
        }
        p = a->last->bytes + a->last->used;
        a->last->used += need;
        return p;
}

void *arena_room(struct arena *a, size_t size)
{
        return take(a, size);
}

void *arena_alloc(struct arena *a, size_t size)
{
        return memset(take(a, size), 0, size);
}

char *arena_copy(struct arena *a, const char *text, size_t len)
{
        char *p = take(a, len + 1);

        if (len)
                memcpy(p, text, len);
        p[len] = '\0';
        return p;
}

char *arena_string(struct arena *a, const char *text)
{
        return text ? arena_copy(a, text, strlen(text)) : NULL;
}

/* Into what is left of the block, where it nearly always fits. */
char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
        struct block *b = a->last;
        char *p = b->bytes + b->used;
        size_t left = b->size - b->used;
        va_list again;
        int len;

        va_copy(again, args);
        len = vsnprintf(left ? p : NULL, left, format, again);
        va_end(again);
        p = take(a, (size_t)len + 1);
        if ((size_t)len >= left)
                vsnprintf(p, (size_t)len + 1, format, args);
        return p;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
        va_list args;
        char *p;

        va_start(args, format);
        p = arena_vprintf(a, format, args);
        va_end(args);
        return p;
}
