#include "data/unit.h"

#include "base/clock.h"
#include "base/hash.h"
#include "data/event_form.h"
#include "data/store_inside.h"

#include <stdio.h>
#include <string.h>

struct arena *unit_arena(struct unit *u)
{
        return u->arena;
}

const char *unit_source(struct unit *u)
{
        return u->store->source;
}

const struct config *unit_config(struct unit *u)
{
        return u->store->config;
}

void unit_trace(struct unit *u, const char *traceparent)
{
        u->traceparent = traceparent;
        commit_spans_note(u);
}

void unit_cause(struct unit *u, const char *event)
{
        u->cause = event;
}

bool unit_failed(const struct unit *u)
{
        return u->error.kind != ERROR_NONE;
}

void unit_refuse(struct unit *u, enum error_kind kind, const char *member, const char *format, ...)
{
        va_list args;

        if (unit_failed(u))
                return;
        u->error.kind = kind;
        snprintf(u->error.member, sizeof u->error.member, "%s", member ? member : "");
        va_start(args, format);
        vsnprintf(u->error.text, sizeof u->error.text, format, args);
        va_end(args);
}

void unit_begin(struct unit *u, struct store *store, struct job *job, bool apart)
{
        *u = (struct unit){.store = store, .arena = job->arena, .traceparent = job->traceparent};
        u->apart = apart && db_savepoint(store->writer, &u->error);
        memcpy(u->sequences, store->sequences, sizeof u->sequences);
        u->announced = store->batch->count;
        u->changes = store->change_count;
        u->removal = store->outbox.removal;
        u->traced = store->traced_count;
        commit_spans_note(u);
}

bool unit_may_write(struct unit *u)
{
        if (unit_failed(u) || u->rehearses)
                return false;
        return u->wrote = true;
}

bool unit_commit(struct unit *u)
{
        return !u->apart || db_savepoint_release(u->store->writer, &u->error);
}

void unit_rollback(struct unit *u)
{
        if (u->apart)
                db_savepoint_undo(u->store->writer);
        memcpy(u->store->sequences, u->sequences, sizeof u->sequences);
        u->store->batch->count = u->announced;
        u->store->change_count = u->changes;
        u->store->outbox.removal = u->removal;
        u->store->traced_count = u->traced;
        sources_forget(u->store);
}

void *unit_new(struct unit *u, const struct entity *entity)
{
        return arena_alloc(u->arena, entity->shape.size);
}

void *unit_copy(struct unit *u, const struct entity *entity, const void *row)
{
        return memcpy(unit_new(u, entity), row, entity->shape.size);
}

static int place_of(struct unit *u, const struct table *table)
{
        int i = 0;

        while (u->store->tables[i] != table)
                i++;
        return i;
}

void unit_add(struct unit *u, const struct entity *entity, void *row)
{
        const struct table *table = store_table(u->store, entity);
        struct row *head = row;
        int place = place_of(u, table);

        u->adds[place] += u->rehearses;
        if (!unit_may_write(u) || !(head->id = ids_next(u->store, place, &u->error)))
                return;
        head->version = 0;
        count_change(u->store, place, head->id, 1);
        table_insert(u->store->writer, table, row, &u->error);
        if (u->foresight)
                foresight_added(u->foresight, table, row);
}

void unit_save(struct unit *u, const struct entity *entity, void *row)
{
        const struct table *table = store_table(u->store, entity);
        struct row *head = row;

        if (!unit_may_write(u))
                return;
        head->version++;
        table_update(u->store->writer, table, row, &u->error);
        if (u->foresight)
                foresight_saved(u->foresight, table, row);
}

void unit_remove(struct unit *u, const struct entity *entity, const void *row)
{
        const struct table *table = store_table(u->store, entity);
        int64_t id = ((const struct row *)row)->id;

        if (!unit_may_write(u))
                return;
        count_change(u->store, place_of(u, table), id, -1);
        table_remove(u->store->writer, table, id, &u->error);
        if (u->foresight)
                foresight_removed(u->foresight, table, id);
}

void unit_create(struct unit *u, const struct entity *entity, void *row)
{
        unit_add(u, entity, row);
        if (entity->says_created)
                unit_announce(u, entity->says_created, row);
}

void unit_update(struct unit *u, const struct entity *entity, void *row)
{
        unit_save(u, entity, row);
        if (entity->says_changed)
                unit_announce(u, entity->says_changed, row);
}

void unit_delete(struct unit *u, const struct entity *entity, const void *row)
{
        unit_remove(u, entity, row);
        if (entity->says_removed)
                unit_announce(u, entity->says_removed, row);
}

const char *unit_decimal(struct unit *u, int64_t number)
{
        return arena_decimal(u->arena, number);
}

/* Whether the row need not be asked for; in a rehearsal there seems to be none. */
static bool is_foreseen(struct unit *u, const struct table *table, int which,
                        const char *const *values, void **row)
{
        if (!u->foresight || unit_failed(u))
                return false;
        if (!u->rehearses)
                return foresight_knows(u->foresight, table, which, values, row);
        foresight_note(u->foresight, table, which, values);
        return true;
}

static void *keep_in_mind(struct unit *u, const struct table *table, int which,
                          const char *const *values, void *row)
{
        if (u->foresight && row)
                foresight_learn(u->foresight, table, which, values, row);
        return row;
}

void unit_rehearse(struct unit *u, void (*step)(struct unit *unit, void *arg), void *arg)
{
        if (!u->store->shared || unit_failed(u))
                return;
        if (!u->foresight)
                u->foresight = foresight_open(u->arena);
        u->rehearses = true;
        step(u, arg);
        u->rehearses = false;
        u->error = (struct error){0};
}

bool unit_foresee_ask(struct unit *u)
{
        if (!u->foresight)
                return !unit_failed(u);
        if (!unit_failed(u))
                foresight_ask(u->foresight, u->store->writer, &u->error);
        for (int i = 0; i < u->store->table_count && !unit_failed(u); i++) {
                ids_expect(u->store, i, u->adds[i], &u->error);
                u->adds[i] = 0; /* once: by the next time some of them are given */
        }
        return !unit_failed(u);
}

void unit_foresee_read(struct unit *u)
{
        if (!u->foresight)
                return;
        if (!unit_failed(u))
                foresight_read(u->foresight, u->store->writer, &u->error);
        for (int i = 0; i < u->store->table_count && !unit_failed(u); i++)
                ids_come(u->store, i, &u->error);
}

void *unit_get(struct unit *u, const struct entity *entity, int64_t id)
{
        const struct table *table = store_table(u->store, entity);
        const char *values[LOOKUP_MEMBERS] = {NULL};
        void *row = NULL;

        if (u->foresight)
                values[0] = arena_decimal(u->arena, id);
        if (unit_failed(u) || is_foreseen(u, table, TABLE_BY_ID, values, &row))
                return row;
        table_get(u->store->writer, table, TABLE_TO_CHANGE, id, u->arena, &row, &u->error);
        return keep_in_mind(u, table, TABLE_BY_ID, values, row);
}

void *unit_find(struct unit *u, const struct entity *entity, int which, int64_t after,
                struct key key)
{
        const struct lookup *lookup = &entity->lookups[which];
        const struct table *table = store_table(u->store, entity);
        const char *number = arena_decimal(u->arena, key.number);
        const char *values[LOOKUP_MEMBERS] = {key.text ? key.text : number, number};
        void *row = NULL;
        /* in a shared store the row that we waited for may be gone; only a second look sees the
           next one */
        int looks = u->store->shared && !lookup->unique ? 2 : 1;

        if (WITHOUT_DEDUP && lookup->unique)
                return NULL;
        if (after ? u->rehearses : is_foreseen(u, table, which, values, &row))
                return row;
        while (!unit_failed(u) && !row && looks--)
                table_find(u->store->writer, table, TABLE_TO_CHANGE, lookup, after, values,
                           u->arena, &row, &u->error);
        return after ? row : keep_in_mind(u, table, which, values, row);
}

static struct outbox_record *next_record(struct store *store)
{
        struct outbox_batch *b = store->batch;

        b->records = arena_reserve(b->arena, b->records, &store->batch_room, b->count + 1,
                                   sizeof *b->records);
        return &b->records[b->count];
}

/* A shared store's sequence gives the id during the insert, while the rows that the event is
   about are locked: so the ids of one key grow in the order of its commits. */
static bool insert_shared(struct unit *u, const struct outbox_record *record)
{
        static const char sql[] = "INSERT INTO outbox (part, topic, key, value, headers, at) "
                                  "VALUES (?, ?, ?, ?, ?, ?)";
        struct statement *s = db_prepare(u->store->writer, sql, &u->error);
        size_t key_len = record->key ? strlen(record->key) : 0;

        if (!s)
                return false;
        bind_int(s, 1,
                 (int64_t)(hash_bytes(record->key ? record->key : "", key_len) % OUTBOX_PARTS));
        bind_text(s, 2, record->topic);
        bind_bytes(s, 3, record->key, key_len);
        bind_bytes(s, 4, record->value, record->value_len);
        bind_bytes(s, 5, record->headers, record->headers_len);
        bind_int(s, 6, record->at);
        return statement_send(s, &u->error);
}

/* The record's bytes must be in the batch's arena: they go to the relay. In a store of one process
   the records of all units are written together, right before the commit (outbox_write). */
static void publish(struct unit *u, struct outbox_record record)
{
        struct store *store = u->store;

        if (!unit_may_write(u))
                return;
        if (!store->shared)
                record.id = ++store->sequences[STORE_OUTBOX].last;
        else if (!insert_shared(u, &record))
                return;
        *next_record(store) = record;
        store->batch->count++;
}

void unit_publish(struct unit *u, const char *topic, const char *key, const void *value, size_t len,
                  const struct text *headers)
{
        struct arena *arena = u->store->batch->arena;

        publish(u, (struct outbox_record){
                           .topic = arena_string(arena, topic),
                           .key = arena_string(arena, key),
                           .value = value ? arena_copy(arena, value, len) : NULL,
                           .value_len = len,
                           .headers = arena_copy(arena, headers->at, headers->len),
                           .headers_len = headers->len,
                           .at = clock_wall_ms(),
                   });
}

static bool fits(const struct unit *u, size_t value, size_t record)
{
        const struct store *store = u->store;

        return (!store->value_max || value <= store->value_max) &&
               (!store->record_max || record <= store->record_max);
}

static struct outbox_record event_record(struct unit *u, const struct event_type *type,
                                         const void *row)
{
        struct event_origin origin = {.traceparent = u->traceparent,
                                      .cause = u->cause,
                                      .announcer = &u->store->announcer};
        struct trace trace;

        if (unit_is_traced(u)) {
                trace_continue(&trace, u->traceparent);
                origin.traceparent = trace.parent;
                origin.above = trace.above;
        }
        return event_form_write(type, row, &origin, clock_wall_ms(), u->store->batch->arena);
}

void unit_announce(struct unit *u, const struct event_type *type, const void *row)
{
        struct outbox_record record;

        if (!unit_may_write(u))
                return;
        record = event_record(u, type, row);
        if (fits(u, record.value_len, event_form_size(&record)))
                publish(u, record);
        else
                unit_refuse(u, ERROR_TOO_LARGE, NULL,
                            "the event that this makes would have %zu bytes, which is too large "
                            "for the bus:"
                            " the row must be smaller",
                            record.value_len);
}

/* Nearly all rows are far from any limit. */
static bool is_small(const struct unit *u, const struct shape *shape, const void *row)
{
        size_t most = event_form_size_most(shape, row);

        return fits(u, most, most);
}

bool unit_fits(struct unit *u, const struct entity *entity, const void *row)
{
        enum { STATUS_MOST = 64 };
        const struct event_type *says;

        if (is_small(u, &entity->shape, row))
                return true;
        for (size_t i = 0; (says = entity_says(entity, i)); i++) {
                struct outbox_record record = event_record(u, says, row);

                record.value_len += STATUS_MOST;
                if (!fits(u, record.value_len, event_form_size_later(&record)))
                        return false;
        }
        return true;
}
