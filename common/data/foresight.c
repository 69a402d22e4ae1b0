#include "data/foresight.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

/* An answer by a lookup names the row's id only: the row itself is kept once, by its id. So what is
   saved after it was found one way is found the other way too. */
struct foreseen {
        struct foreseen *next; /* in its bucket */
        const struct table *table;
        int which;
        bool known;    /* else it is only noted, or no longer sure */
        int64_t found; /* the row's id; 0: there is none */
        void *row;     /* of an answer by id */
        struct table_wish wish;
};

struct foresight {
        struct arena *arena;
        struct foreseen *buckets[BUCKETS];
        struct foreseen **noted;
        size_t count, room;
};

struct foresight *foresight_open(struct arena *arena)
{
        struct foresight *f = arena_alloc(arena, sizeof *f);

        f->arena = arena;
        return f;
}

static int members_of(const struct table *table, int which)
{
        return which == TABLE_BY_ID || !table->entity->lookups[which].members[1] ? 1 : 2;
}

static struct foreseen **bucket_of(struct foresight *f, const struct table *table, int which,
                                   const char *const *values)
{
        uint64_t hash = ((uintptr_t)table >> 4) + (uint64_t)which;

        for (int i = 0; i < members_of(table, which); i++)
                hash = hash * 31 + hash_bytes(values[i], strlen(values[i]));
        return &f->buckets[hash % BUCKETS];
}

static bool is_of(const struct foreseen *s, const struct table *table, int which,
                  const char *const *values)
{
        if (s->table != table || s->which != which)
                return false;
        for (int i = 0; i < members_of(table, which); i++)
                if (strcmp(s->wish.values[i], values[i]) != 0)
                        return false;
        return true;
}

static struct foreseen *seek(struct foresight *f, const struct table *table, int which,
                             const char *const *values)
{
        struct foreseen *s = *bucket_of(f, table, which, values);

        while (s && !is_of(s, table, which, values))
                s = s->next;
        return s;
}

static struct foreseen *seek_or_add(struct foresight *f, const struct table *table, int which,
                                    const char *const *values)
{
        struct foreseen *s = seek(f, table, which, values), **bucket;

        if (s)
                return s;
        bucket = bucket_of(f, table, which, values);
        s = arena_alloc(f->arena, sizeof *s);
        *s = (struct foreseen){.next = *bucket, .table = table, .which = which};
        for (int i = 0; i < members_of(table, which); i++)
                s->wish.values[i] = arena_string(f->arena, values[i]);
        return *bucket = s;
}

static struct foreseen *seek_id(struct foresight *f, const struct table *table, int64_t id)
{
        return seek(f, table, TABLE_BY_ID,
                    (const char *[LOOKUP_MEMBERS]){arena_decimal(f->arena, id)});
}

void foresight_note(struct foresight *f, const struct table *table, int which,
                    const char *const *values)
{
        if (seek(f, table, which, values))
                return;
        f->noted = arena_reserve(f->arena, f->noted, &f->room, f->count + 1, sizeof *f->noted);
        f->noted[f->count++] = seek_or_add(f, table, which, values);
}

static void *copy_of(struct foresight *f, const struct table *table, const void *row)
{
        size_t size = table->entity->shape.size;

        return memcpy(arena_alloc(f->arena, size), row, size);
}

void foresight_learn(struct foresight *f, const struct table *table, int which,
                     const char *const *values, const void *row)
{
        int64_t id = ((const struct row *)row)->id;
        struct foreseen *s = seek_or_add(
                f, table, TABLE_BY_ID, (const char *[LOOKUP_MEMBERS]){arena_decimal(f->arena, id)});

        s->known = true;
        s->found = id;
        s->row = copy_of(f, table, row);
        s = seek_or_add(f, table, which, values);
        s->known = true;
        s->found = id;
}

bool foresight_knows(struct foresight *f, const struct table *table, int which,
                     const char *const *values, void **row)
{
        const struct foreseen *s = seek(f, table, which, values);

        *row = NULL;
        if (!s || !s->known)
                return false;
        if (!s->found)
                return true;
        s = seek_id(f, table, s->found);
        if (s->known)
                *row = copy_of(f, table, s->row);
        return s->known;
}

/* The same order in every process, so that two of them wait for each other's rows in turn and do
   not deadlock. */
static int by_table_and_values(const void *a, const void *b)
{
        const struct foreseen *x = *(struct foreseen *const *)a, *y = *(struct foreseen *const *)b;
        int order = strcmp(x->table->entity->collection, y->table->entity->collection);

        if (!order)
                order = x->which - y->which;
        for (int i = 0; !order && i < members_of(x->table, x->which); i++)
                order = strcmp(x->wish.values[i], y->wish.values[i]);
        return order;
}

/* Where a lookup may find several rows, the one that we waited for may be gone while another is
   there: that there is none only a second look can tell. */
static bool none_is_sure(const struct foreseen *s)
{
        return s->which == TABLE_BY_ID || s->table->entity->lookups[s->which].unique;
}

static struct table_wish **wishes_of(struct foresight *f, struct foreseen **of, size_t count)
{
        struct table_wish **wishes = arena_alloc(f->arena, count * sizeof *wishes);

        for (size_t i = 0; i < count; i++)
                wishes[i] = &of[i]->wish;
        return wishes;
}

static bool ask_one_way(struct foresight *f, struct db *db, struct foreseen **of, size_t count,
                        struct error *error)
{
        return table_ask_many(db, of[0]->table, of[0]->which, wishes_of(f, of, count), count,
                              f->arena, error);
}

static bool read_one_way(struct foresight *f, struct db *db, struct foreseen **of, size_t count,
                         struct error *error)
{
        struct table_wish **wishes = wishes_of(f, of, count);

        if (!table_read_many(db, of[0]->table, of[0]->which, wishes, f->arena, error))
                return false;
        for (size_t i = 0; i < count; i++) {
                if (wishes[i]->row)
                        foresight_learn(f, of[i]->table, of[i]->which, wishes[i]->values,
                                        wishes[i]->row);
                else
                        of[i]->known = none_is_sure(of[i]);
        }
        return true;
}

/* What was noted is sorted. */
static bool each_way(struct foresight *f, struct db *db,
                     bool (*one_way)(struct foresight *f, struct db *db, struct foreseen **of,
                                     size_t count, struct error *error),
                     struct error *error)
{
        size_t first = 0;

        for (size_t end = 1; end <= f->count; end++) {
                if (end < f->count && f->noted[end]->table == f->noted[first]->table &&
                    f->noted[end]->which == f->noted[first]->which)
                        continue;
                if (!one_way(f, db, &f->noted[first], end - first, error))
                        return false;
                first = end;
        }
        return true;
}

bool foresight_ask(struct foresight *f, struct db *db, struct error *error)
{
        if (f->count)
                qsort(f->noted, f->count, sizeof(struct foreseen *), by_table_and_values);
        return each_way(f, db, ask_one_way, error);
}

bool foresight_read(struct foresight *f, struct db *db, struct error *error)
{
        bool done = each_way(f, db, read_one_way, error);

        f->count = 0;
        return done;
}

/* The values by which a lookup finds the row; false: by none, since one of them is null. */
static bool values_of(struct foresight *f, const struct table *table, int which, const void *row,
                      const char *values[LOOKUP_MEMBERS])
{
        const struct entity *e = table->entity;

        for (int i = 0; i < members_of(table, which); i++) {
                const struct field *field = shape_field(&e->shape, e->lookups[which].members[i]);

                if (field->type == FIELD_TEXT)
                        values[i] = field_text_of(field, row);
                else
                        values[i] =
                                field_whole_of(field, row).known
                                        ? arena_decimal(f->arena, field_whole_of(field, row).value)
                                        : NULL;
                if (!values[i])
                        return false;
        }
        return true;
}

static bool is_lookup(const struct table *table, int which)
{
        const struct lookup *lookups = table->entity->lookups;

        return lookups && which < TABLE_LOOKUPS && lookups[which].members[0];
}

static void forget_one(struct foresight *f, const struct table *table, int which, const void *row)
{
        const char *values[LOOKUP_MEMBERS];
        struct foreseen *s =
                values_of(f, table, which, row, values) ? seek(f, table, which, values) : NULL;

        if (s)
                s->known = false;
}

static void forget_table(struct foresight *f, const struct table *table)
{
        for (int i = 0; i < BUCKETS; i++)
                for (struct foreseen *s = f->buckets[i]; s; s = s->next)
                        s->known = s->known && s->table != table;
}

static bool same_values(struct foresight *f, const struct table *table, int which, const void *a,
                        const void *b)
{
        const char *x[LOOKUP_MEMBERS], *y[LOOKUP_MEMBERS];
        bool is_found = values_of(f, table, which, a, x);

        if (is_found != values_of(f, table, which, b, y))
                return false;
        for (int i = 0; is_found && i < members_of(table, which); i++)
                if (strcmp(x[i], y[i]) != 0)
                        return false;
        return true;
}

void foresight_added(struct foresight *f, const struct table *table, const void *row)
{
        struct foreseen *s = seek_id(f, table, ((const struct row *)row)->id);

        if (s)
                s->known = false;
        for (int which = 0; is_lookup(table, which); which++)
                forget_one(f, table, which, row);
}

void foresight_saved(struct foresight *f, const struct table *table, const void *row)
{
        struct foreseen *s = seek_id(f, table, ((const struct row *)row)->id);

        if (!s || !s->known || !s->row) {
                forget_table(f, table);
                return;
        }
        for (int which = 0; is_lookup(table, which); which++) {
                if (same_values(f, table, which, s->row, row))
                        continue;
                forget_one(f, table, which, s->row);
                forget_one(f, table, which, row);
        }
        s->row = copy_of(f, table, row);
}

void foresight_removed(struct foresight *f, const struct table *table, int64_t id)
{
        struct foreseen *s = seek_id(f, table, id);

        if (!s || !s->known || !s->row) {
                forget_table(f, table);
                return;
        }
        for (int which = 0; is_lookup(table, which); which++)
                forget_one(f, table, which, s->row);
        s->known = false;
}
