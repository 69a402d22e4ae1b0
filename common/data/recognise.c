/* What was seen before: requests by their Idempotency-Key, events by their identity. */
#include "base/clock.h"
#include "data/store_inside.h"

#include <stdlib.h>
#include <string.h>

bool unit_recall(struct unit *u, const char *path, const char *key, struct stored_answer *answer)
{
        static const char sql[] = "SELECT hash, status, \"row\" FROM idempotency WHERE path = ? AND key = ?";
        struct statement *s;
        bool found;

        if (unit_failed(u) || !(s = db_prepare(u->store->writer, sql, &u->error)))
                return false;
        bind_text(s, 1, path);
        bind_text(s, 2, key);
        found = statement_step(s, &u->error) == DB_ROW;
        if (found) {
                answer->hash = column_int(s, 0);
                answer->status = (int)column_int(s, 1);
                answer->row = arena_string(u->arena, column_text(s, 2));
        }
        statement_reset(s);
        return found;
}

void unit_remember(struct unit *u, const char *path, const char *key, const struct stored_answer *answer)
{
        static const char sql[] = "INSERT INTO idempotency (path, key, hash, status, \"row\", at) VALUES (?, ?, ?, ?, ?, ?)";
        struct statement *s;

        if (!unit_may_write(u) || !(s = db_prepare(u->store->writer, sql, &u->error)))
                return;
        bind_text(s, 1, path);
        bind_text(s, 2, key);
        bind_int(s, 3, answer->hash);
        bind_int(s, 4, answer->status);
        bind_text(s, 5, answer->row);
        bind_int(s, 6, clock_wall_ms());
        statement_send(s, &u->error);
}

void sources_forget(struct store *store)
{
        while (store->known_count)
                free(store->known[--store->known_count].source);
}

static bool look_up_source(struct unit *u, const char *source, int64_t *number)
{
        struct statement *s = db_prepare(u->store->writer, "SELECT number FROM sources WHERE source = ?", &u->error);

        if (!s)
                return false;
        bind_text(s, 1, source);
        return statement_number(s, number, &u->error);
}

static bool add_source(struct unit *u, const char *source)
{
        struct statement *s = db_prepare(u->store->writer, "INSERT INTO sources (source) VALUES (?)", &u->error);

        if (!s)
                return false;
        bind_text(s, 1, source);
        return statement_run(s, &u->error);
}

/* 0 and an error when the store does not tell. A mall has a handful of them. */
static int64_t source_number(struct unit *u, const char *source)
{
        struct store *store = u->store;
        int64_t number;

        for (size_t i = 0; i < store->known_count; i++)
                if (strcmp(store->known[i].source, source) == 0)
                        return store->known[i].number;
        if (!look_up_source(u, source, &number) && !(!unit_failed(u) && add_source(u, source) && look_up_source(u, source, &number)))
                return 0;
        if (store->known_count < SOURCES_KNOWN)
                store->known[store->known_count++] = (struct source_number){memory_string(source), number};
        return number;
}

static bool is_first(struct unit *u, const struct identity *i)
{
        static const char sql[] = "INSERT INTO inbox (source, id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        int64_t source = source_number(u, i->source);
        struct statement *s = source ? db_prepare(u->store->writer, sql, &u->error) : NULL;

        if (!s)
                return false;
        bind_int(s, 1, source);
        bind_text(s, 2, i->id);
        bind_int(s, 3, clock_wall_ms());
        return statement_run(s, &u->error) && db_changes(u->store->writer) > 0;
}

/* An element of an array as PostgreSQL writes it. */
static void add_element(struct text *array, const char *value)
{
        text_string(array, array->len ? ",\"" : "{\"");
        for (; *value; value++) {
                if (*value == '"' || *value == '\\')
                        text_char(array, '\\');
                text_char(array, *value);
        }
        text_char(array, '"');
}

/* In one statement: each by itself would cost an answer to wait for. What it inserted comes back in the same order. */
static void are_first(struct unit *u, struct identity *all, size_t count)
{
        static const char sql[] = "INSERT INTO inbox (source, id, at) SELECT e.source, e.id, ?::bigint FROM unnest(?::text[], ?::text[])"
                                  " AS e (source, id) ON CONFLICT DO NOTHING RETURNING source, id";
        struct text sources = text_open(u->arena, count * 60), ids = text_open(u->arena, count * 20);
        struct statement *s = db_prepare(u->store->writer, sql, &u->error);
        enum db_step step;
        size_t i = 0;

        for (size_t n = 0; n < count; n++) {
                add_element(&sources, all[n].source);
                add_element(&ids, all[n].id);
        }
        text_char(&sources, '}');
        text_char(&ids, '}');
        if (!s)
                return;
        bind_int(s, 1, clock_wall_ms());
        bind_text(s, 2, sources.at);
        bind_text(s, 3, ids.at);
        while ((step = statement_step(s, &u->error)) == DB_ROW) {
                while (i < count && (strcmp(all[i].source, column_text(s, 0)) != 0 || strcmp(all[i].id, column_text(s, 1)) != 0))
                        i++;
                if (i == count) {
                        unit_refuse(u, ERROR_INTERNAL, NULL, "the identities came back in another order");
                        break;
                }
                all[i++].first = true;
        }
        if (step != DB_FAILED)
                statement_reset(s);
}

void unit_first_times(struct unit *u, struct identity *all, size_t count)
{
        for (size_t i = 0; i < count; i++)
                all[i].first = WITHOUT_DEDUP;
        if (WITHOUT_DEDUP || !count || !unit_may_write(u))
                return;
        if (u->store->shared)
                are_first(u, all, count);
        else
                for (size_t i = 0; i < count && !unit_failed(u); i++)
                        all[i].first = is_first(u, &all[i]);
}

bool unit_first_time(struct unit *u, const char *source, const char *id)
{
        struct identity one = {.source = source, .id = id};

        unit_first_times(u, &one, 1);
        return one.first;
}
