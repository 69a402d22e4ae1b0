#include "data/row_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* SLOTS: a power of two. ROOM: bytes of a row with its text; larger rows are not kept. */
enum { SLOTS = 128, ROOM = 1024 };

struct slot {
        pthread_mutex_t lock; /* for all members below */
        const struct entity *entity;
        int64_t id;
        uint64_t moment;
        size_t len;
        char bytes[ROOM] __attribute__((aligned(16))); /* the row, then its texts */
};

struct row_cache {
        _Atomic uint64_t commits; /* odd while one is under way */
        struct slot slots[SLOTS];
};

struct row_cache *row_cache_open(void)
{
        struct row_cache *r = memory_alloc(sizeof *r);

        atomic_store(&r->commits, 2);
        for (int i = 0; i < SLOTS; i++)
                pthread_mutex_init(&r->slots[i].lock, NULL);
        return r;
}

void row_cache_close(struct row_cache **at)
{
        struct row_cache *r = *at;

        if (!r)
                return;
        *at = NULL;
        for (int i = 0; i < SLOTS; i++)
                pthread_mutex_destroy(&r->slots[i].lock);
        free(r);
}

uint64_t row_cache_moment(const struct row_cache *r)
{
        uint64_t commits = atomic_load(&r->commits);

        return commits & 1 ? 0 : commits;
}

void row_cache_commit_begins(struct row_cache *r)
{
        atomic_fetch_add(&r->commits, 1);
}

void row_cache_commit_ended(struct row_cache *r)
{
        atomic_fetch_add(&r->commits, 1);
}

static struct slot *slot_of(struct row_cache *r, const struct entity *entity, int64_t id)
{
        return &r->slots[((uint64_t)id ^ (uintptr_t)entity >> 4) & (SLOTS - 1)];
}

/* Moves the pointers to the row's texts by `bytes`. */
static void move_texts(const struct shape *shape, void *row, ptrdiff_t bytes)
{
        for (const struct field *f = shape->fields; f->name; f++)
                if (f->type == FIELD_TEXT && *field_text(f, row))
                        *field_text(f, row) += bytes;
}

void *row_cache_find(struct row_cache *r, const struct entity *entity, int64_t id, uint64_t moment,
                     struct arena *arena)
{
        struct slot *slot = slot_of(r, entity, id);
        char *row = NULL;

        if (!moment)
                return NULL;
        pthread_mutex_lock(&slot->lock);
        if (slot->moment == moment && slot->id == id && slot->entity == entity) {
                row = arena_alloc(arena, slot->len);
                memcpy(row, slot->bytes, slot->len);
        }
        pthread_mutex_unlock(&slot->lock);
        if (row)
                move_texts(&entity->shape, row, row - slot->bytes);
        return row;
}

/* False when there is no room. */
static bool pack(struct slot *slot, const struct shape *shape, const void *row)
{
        size_t len = shape->size;

        if (len > ROOM)
                return false;
        memcpy(slot->bytes, row, len);
        for (const struct field *f = shape->fields; f->name; f++) {
                const char *text = f->type == FIELD_TEXT ? field_text_of(f, row) : NULL;
                size_t size = text ? strlen(text) + 1 : 0;

                if (size > ROOM - len)
                        return false;
                if (!text)
                        continue;
                *field_text(f, slot->bytes) = memcpy(slot->bytes + len, text, size);
                len += size;
        }
        slot->len = len;
        return true;
}

void row_cache_keep(struct row_cache *r, const struct entity *entity, const void *row,
                    uint64_t moment)
{
        int64_t id = ((const struct row *)row)->id;
        struct slot *slot = slot_of(r, entity, id);

        if (!moment)
                return;
        pthread_mutex_lock(&slot->lock);
        slot->moment = pack(slot, &entity->shape, row) ? moment : 0;
        slot->entity = entity;
        slot->id = id;
        pthread_mutex_unlock(&slot->lock);
}
