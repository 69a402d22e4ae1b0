#include "data/schema.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/table.h"

#include <stdio.h>
#include <string.h>

/* On which stores an older program, which does not know the migration, can still run. */
enum older { OLDER_NEVER, OLDER_SHARED, OLDER_ALWAYS };

struct migration {
        const char *sql;
        const char *alone, *shared; /* in addition: on a store of one process; on a shared store */
        enum older older;
};

static const struct migration common_migrations[] = {
        [0] =
                {
                        "CREATE TABLE meta (name {text} PRIMARY KEY, value {text} NOT NULL);"
                        /* the highest id ever given and the number of rows, so that no id comes
                           twice and no page counts the table */
                        "CREATE TABLE sequences (name {text} PRIMARY KEY, last BIGINT NOT NULL, "
                        "rows BIGINT NOT NULL);"
                        /* identities of what was applied */
                        "CREATE TABLE inbox (source {text} NOT NULL, id {text} NOT NULL, at BIGINT "
                        "NOT NULL, PRIMARY KEY (source, id))"
                        " {clustered};"
                        "CREATE INDEX inbox_at ON inbox (at);"
                        "CREATE TABLE idempotency (path {text} NOT NULL, key {text} NOT NULL, hash "
                        "BIGINT NOT NULL, status INTEGER NOT NULL,"
                        " \"row\" {text} NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (path, key)) "
                        "{clustered};"
                        "CREATE INDEX idempotency_at ON idempotency (at);",
                        /* events not yet acknowledged by the bus; parked: why the bus will never
                           take it */
                        .alone = "CREATE TABLE outbox (id {id} PRIMARY KEY, topic {text}, key "
                                 "{text}, value {bytes},"
                                 " headers {bytes} NOT NULL, at BIGINT NOT NULL, parked {text});",
                        /* how far each connection's commits came. The outbox's rows come and go
                           all the time: vacuum after a number of them, because a share of an
                           empty table is none */
                        .shared = "CREATE TABLE writers (id {text} PRIMARY KEY, batch BIGINT NOT "
                                  "NULL, at BIGINT NOT NULL);"
                                  "CREATE SEQUENCE outbox_ids;"
                                  "CREATE TABLE outbox (id {id} NOT NULL DEFAULT "
                                  "nextval('outbox_ids'), part INTEGER NOT NULL, topic {text},"
                                  " key {bytes}, value {bytes}, headers {bytes} NOT NULL, at "
                                  "BIGINT NOT NULL, parked {text},"
                                  " PRIMARY KEY (part, id)) WITH (autovacuum_vacuum_scale_factor = "
                                  "0, autovacuum_vacuum_threshold = 20000);",
                },
        [1] =
                {
                        /* in a shared store each process counts in a slot of its own, so that
                           none waits for another */
                        "ALTER TABLE sequences RENAME TO sequences_1;"
                        "CREATE TABLE sequences (name {text} NOT NULL, slot INTEGER NOT NULL, last "
                        "BIGINT NOT NULL, rows BIGINT NOT NULL,"
                        " PRIMARY KEY (name, slot)) {clustered};"
                        "INSERT INTO sequences (name, slot, last, rows) SELECT name, 0, last, rows "
                        "FROM sequences_1;"
                        "DROP TABLE sequences_1;"
                        /* the number of rows among 4096 ids: so a page deep in the collection is
                           found without passing over all before it */
                        "CREATE TABLE blocks (name {text} NOT NULL, block BIGINT NOT NULL, slot "
                        "INTEGER NOT NULL, rows BIGINT NOT NULL,"
                        " PRIMARY KEY (name, block, slot)) {clustered};",
                },
        [2] =
                {
                        "",
                        /* a source has some 45 bytes, and each identity repeated it twice; in a
                           shared store an older program may still run */
                        .alone = "CREATE TABLE sources (number INTEGER PRIMARY KEY, source {text} "
                                 "NOT NULL UNIQUE);"
                                 "INSERT INTO sources (source) SELECT DISTINCT source FROM inbox;"
                                 "ALTER TABLE inbox RENAME TO inbox_1;"
                                 "DROP INDEX inbox_at;"
                                 "CREATE TABLE inbox (source BIGINT NOT NULL, id {text} NOT NULL, "
                                 "at BIGINT NOT NULL, PRIMARY KEY (source, id))"
                                 " {clustered};"
                                 "INSERT INTO inbox (source, id, at) SELECT number, id, at FROM "
                                 "inbox_1 JOIN sources USING (source);"
                                 "CREATE INDEX inbox_at ON inbox (at);"
                                 "DROP TABLE inbox_1;",
                        .older = OLDER_SHARED, /* nothing was done */
                },
        [3] =
                {
                        /* a hash of the event's value; null: taken in by an older program, which
                           can live with this column */
                        "ALTER TABLE inbox ADD COLUMN content INTEGER;",
                        .older = OLDER_ALWAYS,
                },
        [4] =
                {
                        "",
                        /* the events of one commit share rows (outbox_rows.c) */
                        .alone = "ALTER TABLE outbox RENAME TO outbox_1;"
                                 "CREATE TABLE outbox (id {id} PRIMARY KEY, first BIGINT NOT NULL, "
                                 "events INTEGER NOT NULL, topic {text}, key {text}, value {bytes},"
                                 " headers {bytes} NOT NULL, at BIGINT NOT NULL, parked {text});"
                                 "INSERT INTO outbox SELECT id, id, 1, topic, key, value, headers, "
                                 "at, parked FROM outbox_1;"
                                 "DROP TABLE outbox_1;",
                        .older = OLDER_SHARED, /* nothing was done */
                },
        [5] =
                {
                        "",
                        /* the rows that are there stay until they are purged (inbox_blocks.c) */
                        .alone = "CREATE TABLE inbox_blocks (id {id} PRIMARY KEY, at BIGINT NOT "
                                 "NULL, contents {bytes} NOT NULL);"
                                 "CREATE INDEX inbox_blocks_at ON inbox_blocks (at);"
                                 "INSERT INTO meta (name, value) SELECT 'inbox_rows_before', "
                                 "coalesce(max(at) + 1, 0) FROM inbox;",
                        .older = OLDER_SHARED, /* nothing was done */
                },
        {NULL},
};

enum { BLOCKS_CAME = 2 }; /* the migration that brought `blocks` to stores that had rows already */

/* Every program refuses a store with a higher number in the part `common` than it knows. So that
   number says which programs may use the store. Migrations that older programs can live with are
   recorded in another part, which only newer programs look at. */
static const char common[] = "common", harmless[] = "common, for newer programs";

static bool is_harmless(const char *part, int number, bool shared)
{
        enum older older = part == common ? common_migrations[number - 1].older : OLDER_NEVER;

        return older == OLDER_ALWAYS || (older == OLDER_SHARED && shared);
}

static bool highest(struct db *db, const char *part, int64_t *number, struct error *error)
{
        struct statement *s = db_prepare_once(
                db, "SELECT coalesce(max(number), 0) FROM migrations WHERE part = ?", error);
        bool done;

        if (!s)
                return false;
        bind_text(s, 1, part);
        done = statement_number(s, number, error);
        statement_close(&s);
        return done;
}

/* An older program that ran since may have recorded it again. */
static bool record(struct db *db, const char *part, int64_t number, struct error *error)
{
        struct statement *s = db_prepare_once(db,
                                              "INSERT INTO migrations (part, number, applied) "
                                              "VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                                              error);
        char now[CLOCK_RFC3339];
        bool done;

        if (!s)
                return false;
        clock_rfc3339(clock_wall_ms(), now);
        bind_text(s, 1, part);
        bind_int(s, 2, number);
        bind_text(s, 3, now);
        done = statement_run(s, error);
        statement_close(&s);
        return done;
}

static int since_of(int since)
{
        return since ? since : 1;
}

static const char *column_type(const struct field *field)
{
        return field->type == FIELD_TEXT ? "{text}" : "BIGINT";
}

static void create_table(const struct entity *e, bool shared, struct text *sql)
{
        if (shared)
                text_printf(sql, "CREATE SEQUENCE \"%s_ids\";", e->collection);
        text_printf(sql, "CREATE TABLE \"%s\" (id {id} PRIMARY KEY, version BIGINT NOT NULL",
                    e->collection);
        for (const struct field *f = e->shape.fields; f->name; f++)
                if (since_of(f->since) <= since_of(e->since))
                        text_printf(sql, ", \"%s\" %s", f->name, column_type(f));
        text_string(sql, ");");
}

static void create_indexes(const struct entity *e, struct text *sql)
{
        for (const struct lookup *l = e->lookups; l && l->members[0]; l++) {
                text_printf(sql, "CREATE %sINDEX \"%s_%d\" ON \"%s\" (",
                            l->unique && !WITHOUT_DEDUP ? "UNIQUE " : "", e->collection,
                            (int)(l - e->lookups), e->collection);
                for (int i = 0; i < LOOKUP_MEMBERS && l->members[i]; i++)
                        text_printf(sql, "%s\"%s\"", i ? ", " : "", l->members[i]);
                text_string(sql, ");");
        }
}

/* What migration `number` of the service does, from the `since` of its entities and fields. */
static void service_migration(const struct entity *const *entities, int number, bool shared,
                              struct text *sql)
{
        for (; *entities; entities++) {
                const struct entity *e = *entities;

                if (since_of(e->since) == number) {
                        create_table(e, shared, sql);
                        create_indexes(e, sql);
                }
                for (const struct field *f = e->shape.fields; f->name; f++)
                        if (since_of(f->since) == number && number > since_of(e->since))
                                text_printf(sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s;",
                                            e->collection, f->name, column_type(f));
        }
}

static int newest_of(const struct entity *const *entities)
{
        int newest = 0;

        for (; *entities; entities++) {
                if (since_of((*entities)->since) > newest)
                        newest = since_of((*entities)->since);
                for (const struct field *f = (*entities)->shape.fields; f->name; f++)
                        if (f->since > newest)
                                newest = f->since;
        }
        return newest;
}

/* own: how far the service's own migrations came; the first start may have ended between those
   and these */
static void common_migration(int number, int64_t own, bool shared,
                             const struct entity *const *entities, struct text *sql)
{
        const struct migration *m = &common_migrations[number - 1];
        const char *besides = shared ? m->shared : m->alone;

        text_string(sql, m->sql);
        text_string(sql, besides ? besides : "");
        for (; number == BLOCKS_CAME && *entities; entities++)
                if (since_of((*entities)->since) <= own)
                        text_printf(sql,
                                    "INSERT INTO blocks (name, block, slot, rows) SELECT '%s', id "
                                    "/ %d, 0, count(*) FROM \"%s\" GROUP BY 2;",
                                    (*entities)->collection, TABLE_BLOCK, (*entities)->collection);
}

static bool migrate_one(struct db *db, const char *part, int number, const char *sql,
                        struct error *error)
{
        char text[40];

        if (!db_begin(db, false, error))
                return false;
        if ((!*sql || db_exec(db, sql, error)) &&
            record(db, is_harmless(part, number, db_is_shared(db)) ? harmless : part, number,
                   error) &&
            db_commit(db, error)) {
                snprintf(text, sizeof text, "%s %d", part, number);
                log_write(LOG_INFO, "migrated", "migration", text, NULL);
                return true;
        }
        db_rollback(db);
        return false;
}

static bool migrate_part(struct db *db, const char *part, const char *service, int ours,
                         const struct entity *const *entities, struct error *error)
{
        int64_t theirs, own, theirs_harmless = 0;

        if (!highest(db, service, &own, error) || !highest(db, part, &theirs, error) ||
            (part == common && !highest(db, harmless, &theirs_harmless, error)))
                return false;
        if (theirs > ours)
                return error_set(error, ERROR_UNPROCESSABLE,
                                 "the store's schema (%s %lld) is newer than this program's (%d): "
                                 "use the program that made it",
                                 part, (long long)theirs, ours);
        if (theirs < theirs_harmless)
                theirs = theirs_harmless;
        for (int number = (int)theirs + 1; number <= ours; number++) {
                struct arena *arena = arena_open();
                struct text sql = text_open(arena, 2000);
                bool done;

                if (part == common)
                        common_migration(number, own, db_is_shared(db), entities, &sql);
                else
                        service_migration(entities, number, db_is_shared(db), &sql);
                done = migrate_one(db, part, number, sql.at, error);
                arena_close(&arena);
                if (!done)
                        return false;
        }
        return true;
}

bool schema_migrate(struct db *db, const char *service, const struct entity *const *entities,
                    struct error *error)
{
        int ours = 0;
        bool done;

        while (common_migrations[ours].sql)
                ours++;
        done = db_migration_begins(db, error) &&
               db_exec(db,
                       "CREATE TABLE IF NOT EXISTS migrations (part {text} NOT NULL, number "
                       "INTEGER NOT NULL,"
                       " applied {text} NOT NULL, PRIMARY KEY (part, number))",
                       error) &&
               migrate_part(db, common, service, ours, entities, error) &&
               migrate_part(db, service, service, newest_of(entities), entities, error);
        db_migration_ended(db);
        return done;
}
