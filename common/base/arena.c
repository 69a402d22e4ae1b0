#include "base/arena.h"

#include "base/digits.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_KEPT = 16 << 10, LARGEST_STEP = 64 << 10, ALIGNMENT = 16 };

struct block {
        struct block *next;
        size_t size, used;
        _Alignas(ALIGNMENT) char bytes[];
};

struct arena {
        struct block *last;  /* where pieces are cut from */
        struct block *first; /* kept by a reset */
        struct allowance *allowance;
        size_t taken; /* of the allowance: the blocks after the first */
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

enum { RESERVED_LEAST = 16 };

static size_t larger_room(size_t room, size_t count)
{
        size_t larger = room ? 2 * room : RESERVED_LEAST;

        return larger < count ? count : larger;
}

void *memory_reserve(void *array, size_t *room, size_t count, size_t size)
{
        if (count <= *room)
                return array;
        *room = larger_room(*room, count);
        return memory_grow(array, *room * size);
}

char *memory_string(const char *text)
{
        return text ? or_die(strdup(text)) : NULL;
}

static size_t aligned(size_t size)
{
        return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static struct block *block_open(size_t size, struct block *next)
{
        struct block *b = or_die(malloc(sizeof *b + size));

        b->next = next;
        b->size = size;
        b->used = 0;
        return b;
}

struct arena *arena_open_within(struct allowance *allowance)
{
        struct arena *a = memory_alloc(sizeof *a);

        a->first = a->last = block_open(FIRST_BLOCK, NULL);
        a->allowance = allowance;
        return a;
}

struct arena *arena_open(void)
{
        return arena_open_within(NULL);
}

static void count(struct arena *a, size_t size)
{
        if (!a->allowance)
                return;
        a->taken += size;
        atomic_fetch_add_explicit(&a->allowance->taken, size, memory_order_relaxed);
}

bool arena_may_take(const struct arena *a, size_t size)
{
        size_t all, most;

        if (!a->allowance || aligned(size) <= a->last->size - a->last->used)
                return true;
        all = atomic_load_explicit(&a->allowance->taken, memory_order_relaxed);
        most = a->allowance->most;
        if (size > ALLOWANCE_SMALL || a->taken > ALLOWANCE_SMALL - size)
                most -= most / ALLOWANCE_KEPT;
        return all <= a->taken || (all < most && size <= most - all);
}

/* If a round needed a second block, that one is kept instead of the first: the next round will need
   as much. */
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
        if (a->taken)
                atomic_fetch_sub_explicit(&a->allowance->taken, a->taken, memory_order_relaxed);
        a->taken = 0;
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
        size_t need = aligned(size);
        void *p;

        if (need > a->last->size - a->last->used) {
                size_t larger = a->last->size * 2;

                if (larger > LARGEST_STEP)
                        larger = LARGEST_STEP;
                a->last = block_open(need > larger ? need : larger, a->last);
                count(a, a->last->size);
        }
        p = a->last->bytes + a->last->used;
        a->last->used += need;
        return p;
}

/* A piece that has a block to itself grows with it, and leaves no old copy. */
static void *block_grow(struct arena *a, size_t need)
{
        struct block *b = or_die(realloc(a->last, sizeof *b + need));

        count(a, need - b->size);
        b->size = b->used = need;
        a->last = b;
        return b->bytes;
}

void *arena_grow(struct arena *a, void *piece, size_t size, size_t larger)
{
        struct block *b = a->last;
        size_t need = aligned(larger), at = (size_t)((char *)piece - b->bytes);

        if ((char *)piece >= b->bytes && at + aligned(size) == b->used) {
                if (need <= b->size - at) {
                        b->used = at + need;
                        return piece;
                }
                if (at == 0 && b != a->first)
                        return block_grow(a, need);
        }
        return memcpy(take(a, larger), piece, size);
}

void *arena_reserve(struct arena *a, void *array, size_t *room, size_t count, size_t size)
{
        size_t before = *room;

        if (count <= before)
                return array;
        *room = larger_room(before, count);
        return before ? arena_grow(a, array, before * size, *room * size)
                      : arena_room(a, *room * size);
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

char *arena_decimal(struct arena *arena, int64_t number)
{
        char digits[DIGITS_MOST], *end = digits + sizeof digits,
                                  *first = digits_before(end, number);

        return arena_copy(arena, first, (size_t)(end - first));
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

size_t arena_size(const struct arena *a)
{
        size_t size = 0;

        for (const struct block *b = a->last; b; b = b->next)
                size += b->size;
        return size;
}
