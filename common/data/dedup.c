/* Recognises what was seen before: requests by their Idempotency-Key, events by their identity. */
#include "base/clock.h"
#include "data/inbox_blocks.h"
#include "data/sql_array.h"
#include "data/store_inside.h"

#include <stdlib.h>
#include <string.h>

bool unit_recall(struct unit *u, const char *path, const char *key, struct stored_answer *answer)
{
        static const char sql[] =
                "SELECT hash, status, \"row\" FROM idempotency WHERE path = ? AND key = ?";
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

void unit_remember(struct unit *u, const char *path, const char *key,
                   const struct stored_answer *answer)
{
        static const char sql[] = "INSERT INTO idempotency (path, key, hash, status, \"row\", at) "
                                  "VALUES (?, ?, ?, ?, ?, ?)";
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

/* Deletes sources without identities: a portion at a time, from the start again after the last. */
void sources_purge(struct unit *u)
{
        enum { PORTION = 500 };
        static const char portion[] =
                "SELECT coalesce(max(number), 0) FROM"
                " (SELECT number FROM sources WHERE number > ?1 ORDER BY number LIMIT ?2) AS next";
        static const char sql[] =
                "DELETE FROM sources WHERE number > ?1 AND number <= ?2"
                " AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.source = sources.number)"
                " AND NOT EXISTS (SELECT 1 FROM inbox_blocks WHERE inbox_blocks.id >= "
                "sources.number << ?3 AND inbox_blocks.id < (sources.number + 1) << ?3)";
        struct store *store = u->store;
        struct statement *s = db_prepare(store->writer, portion, &u->error);
        int64_t last;

        if (!s)
                return;
        bind_int(s, 1, store->sources_passed);
        bind_int(s, 2, PORTION);
        if (!statement_number(s, &last, &u->error))
                return;
        if (last && unit_may_write(u) && (s = db_prepare(store->writer, sql, &u->error))) {
                bind_int(s, 1, store->sources_passed);
                bind_int(s, 2, last);
                bind_int(s, 3, INBOX_BLOCKS_BITS);
                if (statement_run(s, &u->error) && db_changes(store->writer) > 0)
                        sources_forget(store);
        }
        store->sources_passed = last; /* 0: from the start again */
}

static bool look_up_source(struct unit *u, const char *source, int64_t *number)
{
        struct statement *s = db_prepare(u->store->writer,
                                         "SELECT number FROM sources WHERE source = ?", &u->error);

        if (!s)
                return false;
        bind_text(s, 1, source);
        return statement_number(s, number, &u->error);
}

static bool add_source(struct unit *u, const char *source)
{
        struct statement *s =
                db_prepare(u->store->writer, "INSERT INTO sources (source) VALUES (?)", &u->error);

        if (!s)
                return false;
        bind_text(s, 1, source);
        return statement_run(s, &u->error);
}

/* 0 and an error when the store does not tell. A mall has a handful of sources. */
static int64_t source_number(struct unit *u, const char *source)
{
        struct store *store = u->store;
        int64_t number;

        for (size_t i = 0; i < store->known_count; i++)
                if (strcmp(store->known[i].source, source) == 0)
                        return store->known[i].number;
        if (!look_up_source(u, source, &number) &&
            !(!unit_failed(u) && add_source(u, source) && look_up_source(u, source, &number)))
                return 0;
        if (store->known_count < SOURCES_KNOWN)
                store->known[store->known_count++] =
                        (struct source_number){memory_string(source), number};
        return number;
}

static void bind_content(struct statement *s, int parameter, int32_t content)
{
        if (content)
                bind_int(s, parameter, content);
        else
                bind_null(s, parameter);
}

static bool is_other(const struct identity *i, struct statement *s, int column)
{
        return i->content && !column_is_null(s, column) && column_int(s, column) != i->content;
}

bool inbox_row_find(struct unit *u, const struct identity *i, int64_t source, int32_t *content)
{
        static const char sql[] = "SELECT content FROM inbox WHERE source = ? AND id = ?";
        struct statement *s = db_prepare(u->store->writer, sql, &u->error);
        enum db_step step;

        *content = 0;
        if (!s)
                return false;
        bind_int(s, 1, source);
        bind_text(s, 2, i->id);
        step = statement_step(s, &u->error);
        if (step == DB_ROW && !column_is_null(s, 0))
                *content = (int32_t)column_int(s, 0);
        if (step != DB_FAILED)
                statement_reset(s);
        return step == DB_ROW;
}

/* Compares with the content of the first time. An older program recorded none; then the answer
   is no. */
static bool was_other(struct unit *u, const struct identity *i, int64_t source)
{
        int32_t content;

        return i->content && inbox_row_find(u, i, source, &content) && content &&
               content != i->content;
}

static void see_row(struct unit *u, struct identity *i, int64_t source)
{
        static const char sql[] = "INSERT INTO inbox (source, id, at, content) VALUES (?, ?, ?, ?) "
                                  "ON CONFLICT DO NOTHING";
        struct statement *s = db_prepare(u->store->writer, sql, &u->error);

        if (!s)
                return;
        bind_int(s, 1, source);
        bind_text(s, 2, i->id);
        bind_int(s, 3, clock_wall_ms());
        bind_content(s, 4, i->content);
        i->first = statement_run(s, &u->error) && db_changes(u->store->writer) > 0;
        i->other = !unit_failed(u) && !i->first && was_other(u, i, source);
}

static void see_all(struct unit *u, struct identity *all, size_t count)
{
        struct inbox_blocks blocks;

        inbox_blocks_begin(&blocks, u);
        for (size_t n = 0; n < count && !unit_failed(u); n++) {
                int64_t source = source_number(u, all[n].source);

                if (source && !inbox_blocks_see(&blocks, &all[n], source))
                        see_row(u, &all[n], source);
        }
        inbox_blocks_end(&blocks);
}

/* PostgreSQL takes many identities in one statement: one array for each column. */
struct arrays {
        struct text sources, ids, contents;
};

static struct arrays arrays_of(struct unit *u, const struct identity *all, size_t count,
                               bool seen_ones)
{
        struct arrays a = {text_open(u->arena, count * 60), text_open(u->arena, count * 20),
                           text_open(u->arena, count * 12)};
        const char *gap = "{";

        for (size_t n = 0; n < count; n++) {
                if (seen_ones && all[n].first)
                        continue;
                sql_array_add(&a.sources, all[n].source);
                sql_array_add(&a.ids, all[n].id);
                text_string(&a.contents, gap);
                if (all[n].content)
                        text_int(&a.contents, all[n].content);
                else
                        text_string(&a.contents, "NULL");
                gap = ",";
        }
        text_char(&a.sources, '}');
        text_char(&a.ids, '}');
        text_char(&a.contents, '}');
        return a;
}

/* Which of those that are not the first had come with another content before? */
static void were_other(struct unit *u, struct identity *all, size_t count)
{
        static const char sql[] =
                "SELECT i.content FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS e (source, "
                "id, number)"
                " LEFT JOIN inbox i ON i.source = e.source AND i.id = e.id ORDER BY e.number";
        struct arrays a = arrays_of(u, all, count, true);
        struct statement *s = db_prepare(u->store->writer, sql, &u->error);
        enum db_step step;
        size_t i = 0;

        if (!s)
                return;
        bind_text(s, 1, a.sources.at);
        bind_text(s, 2, a.ids.at);
        while ((step = statement_step(s, &u->error)) == DB_ROW) {
                while (all[i].first)
                        i++;
                all[i].other = is_other(&all[i], s, 0);
                i++;
        }
        if (step != DB_FAILED)
                statement_reset(s);
}

/* All in one statement: one statement each would cost one round trip each. The rows that it
   inserted come back in the same order. */
static void are_first(struct unit *u, struct identity *all, size_t count)
{
        static const char sql[] =
                "INSERT INTO inbox (source, id, at, content) SELECT e.source, e.id, ?::bigint, "
                "e.content"
                " FROM unnest(?::text[], ?::text[], ?::integer[]) AS e (source, id, content)"
                " ON CONFLICT DO NOTHING RETURNING source, id";
        struct arrays a = arrays_of(u, all, count, false);
        struct statement *s = db_prepare(u->store->writer, sql, &u->error);
        enum db_step step;
        size_t i = 0, first = 0;

        if (!s)
                return;
        bind_int(s, 1, clock_wall_ms());
        bind_text(s, 2, a.sources.at);
        bind_text(s, 3, a.ids.at);
        bind_text(s, 4, a.contents.at);
        /* what is looked for is asked behind it: after another process's transaction with one of
           these identities, which this waits for, its rows are seen */
        if (!statement_ask(s, &u->error) || !unit_foresee_ask(u))
                return;
        while ((step = statement_step(s, &u->error)) == DB_ROW) {
                while (i < count && (strcmp(all[i].source, column_text(s, 0)) != 0 ||
                                     strcmp(all[i].id, column_text(s, 1)) != 0))
                        i++;
                if (i == count) {
                        unit_refuse(u, ERROR_INTERNAL, NULL,
                                    "the identities came back in another order");
                        break;
                }
                all[i++].first = true;
                first++;
        }
        if (step != DB_FAILED)
                statement_reset(s);
        if (!unit_failed(u) && first < count)
                were_other(u, all, count);
        unit_foresee_read(u);
}

void unit_first_times(struct unit *u, struct identity *all, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                all[i].first = WITHOUT_DEDUP;
                all[i].other = false;
        }
        if (WITHOUT_DEDUP || !count || !unit_may_write(u))
                return;
        if (u->store->shared)
                are_first(u, all, count);
        else
                see_all(u, all, count);
}

bool unit_first_time(struct unit *u, const char *source, const char *id)
{
        struct identity one = {.source = source, .id = id};

        unit_first_times(u, &one, 1);
        return one.first;
}
