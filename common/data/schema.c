#include "data/schema.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static const char *const common_migrations[] = {
        /* 1 */
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
        /* the highest id ever given and the number of rows, so that no id comes twice and no page counts the table */
        "CREATE TABLE sequences (name TEXT PRIMARY KEY, last INTEGER NOT NULL, rows INTEGER NOT NULL);"
        /* what is said and not yet acknowledged by the bus; parked: why it never can be */
        "CREATE TABLE outbox (id INTEGER PRIMARY KEY, topic TEXT, key TEXT, value BLOB, headers BLOB NOT NULL,"
        " at INTEGER NOT NULL, parked TEXT);"
        /* identities of what was applied */
        "CREATE TABLE inbox (source TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (source, id))"
        " WITHOUT ROWID;"
        "CREATE INDEX inbox_at ON inbox (at);"
        "CREATE TABLE idempotency (path TEXT NOT NULL, key TEXT NOT NULL, hash INTEGER NOT NULL, status INTEGER NOT NULL,"
        " row TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (path, key)) WITHOUT ROWID;"
        "CREATE INDEX idempotency_at ON idempotency (at);",
        NULL,
};

static bool applied(struct db *db, const char *part, int64_t *newest, struct error *error)
{
        struct statement *s = db_prepare_once(db, "SELECT coalesce(max(number), 0) FROM migrations WHERE part = ?", error);
        enum db_step step;

        if (!s)
                return false;
        bind_text(s, 1, part);
        step = statement_step(s, error);
        if (step == DB_ROW)
                *newest = column_int(s, 0);
        statement_close(&s);
        return step == DB_ROW;
}

static bool record(struct db *db, const char *part, int64_t number, struct error *error)
{
        struct statement *s = db_prepare_once(db, "INSERT INTO migrations (part, number, applied) VALUES (?, ?, ?)", error);
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
        return field->type == FIELD_TEXT ? "TEXT" : "BIGINT";
}

static void create_table(const struct entity *e, struct text *sql)
{
        text_printf(sql, "CREATE TABLE \"%s\" (id INTEGER PRIMARY KEY, version BIGINT NOT NULL", e->collection);
        for (const struct field *f = e->shape.fields; f->name; f++)
                if (since_of(f->since) <= since_of(e->since))
                        text_printf(sql, ", \"%s\" %s", f->name, column_type(f));
        text_string(sql, ");");
}

static void create_indexes(const struct entity *e, struct text *sql)
{
        for (const struct lookup *l = e->lookups; l && l->members[0]; l++) {
                text_printf(sql, "CREATE %sINDEX \"%s_%d\" ON \"%s\" (", l->unique ? "UNIQUE " : "", e->collection,
                            (int)(l - e->lookups), e->collection);
                for (int i = 0; i < LOOKUP_MEMBERS && l->members[i]; i++)
                        text_printf(sql, "%s\"%s\"", i ? ", " : "", l->members[i]);
                text_string(sql, ");");
        }
}

/* What migration `number` of the service does, from the `since` of its entities and fields. */
static void service_migration(const struct entity *const *entities, int number, struct text *sql)
{
        for (; *entities; entities++) {
                const struct entity *e = *entities;

                if (since_of(e->since) == number) {
                        create_table(e, sql);
                        create_indexes(e, sql);
                }
                for (const struct field *f = e->shape.fields; f->name; f++)
                        if (since_of(f->since) == number && number > since_of(e->since))
                                text_printf(sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s;", e->collection, f->name,
                                            column_type(f));
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

static bool migrate_one(struct db *db, const char *part, int number, const char *sql, struct error *error)
{
        struct error ignored;
        char text[40];

        if (!db_exec(db, "BEGIN IMMEDIATE", error))
                return false;
        if (db_exec(db, sql, error) && record(db, part, number, error) && db_exec(db, "COMMIT", error)) {
                snprintf(text, sizeof text, "%s %d", part, number);
                log_write(LOG_INFO, "migrated", "migration", text, NULL);
                return true;
        }
        db_exec(db, "ROLLBACK", &ignored);
        return false;
}

static bool migrate_part(struct db *db, const char *part, int ours, const struct entity *const *entities, struct error *error)
{
        int64_t theirs;

        if (!applied(db, part, &theirs, error))
                return false;
        if (theirs > ours)
                return error_set(error, ERROR_UNPROCESSABLE,
                                 "the store's schema (%s %lld) is newer than this program's (%d): use the program that made it",
                                 part, (long long)theirs, ours);
        for (int number = (int)theirs + 1; number <= ours; number++) {
                struct arena *arena = arena_open();
                struct text sql = text_open(arena, 2000);
                bool done;

                if (entities)
                        service_migration(entities, number, &sql);
                else
                        text_string(&sql, common_migrations[number - 1]);
                done = migrate_one(db, part, number, sql.at, error);
                arena_close(&arena);
                if (!done)
                        return false;
        }
        return true;
}

bool schema_migrate(struct db *db, const char *service, const struct entity *const *entities, struct error *error)
{
        int ours = 0;

        while (common_migrations[ours])
                ours++;
        return db_exec(db,
                       "CREATE TABLE IF NOT EXISTS migrations (part TEXT NOT NULL, number INTEGER NOT NULL,"
                       " applied TEXT NOT NULL, PRIMARY KEY (part, number))",
                       error) &&
               migrate_part(db, "common", ours, NULL, error) &&
               migrate_part(db, service, newest_of(entities), entities, error);
}
