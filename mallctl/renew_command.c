/* renew - after a service's store was restored from a backup: its ids jump, so that none comes
   twice (data/renew.h).

   FAILS  where a daemon uses the SQLite file, or the URL is no service's store; nothing was changed
          then */
#include "mallctl/command.h"

#include "base/arena.h"
#include "base/redact.h"
#include "data/renew.h"
#include "mallctl/restored.h"

#include <stdio.h>

enum { STORES_MOST = 32 };

/* The schemas of a PostgreSQL database that hold a service's store; a SQLite file holds one, which
   needs no name. */
struct names {
        struct arena *arena;
        const char *all[STORES_MOST];
        int count;
};

static int fail(const struct error *e)
{
        fprintf(stderr, "mallctl: %s\n", e->text);
        return 1;
}

static bool run(struct db *db, const char *source, struct error *error)
{
        struct renewal r = {0};

        r.given = renew_highest(db, error);
        if (r.given < 0 || !renew_ids(db, r.given, 0, &r, error))
                return false;
        if (!db_commit(db, error))
                return false;
        printf("%s: ids went up to %lld, they go on above %lld\n", source, (long long)r.given,
               (long long)r.from);
        return true;
}

static const char *source_of(struct db *db, struct arena *arena, struct error *error)
{
        struct statement *s = db_prepare(db, "SELECT value FROM meta WHERE name = 'source'", error);
        const char *source = NULL;

        if (!s)
                return NULL;
        if (statement_step(s, error) == DB_ROW) {
                source = arena_string(arena, column_text(s, 0));
                statement_reset(s);
        }
        return source;
}

static bool renew(const char *url, const char *service, struct arena *arena, struct error *error)
{
        struct db *db = db_open(url, service, DB_WRITER, error);
        const char *source;
        char shown[REDACTED];
        bool done = false;

        if (!db)
                return false;
        if (db_begin(db, false, error)) {
                source = source_of(db, arena, error);
                done = source && run(db, source, error);
                if (!source)
                        error_set(error, ERROR_NOT_FOUND, "%.100s: there is no store of a service",
                                  redact(url, shown));
        }
        if (!done)
                db_rollback(db);
        db_close(&db);
        return done;
}

static bool list(const char *url, struct names *names, struct error *error)
{
        static const char sql[] =
                "SELECT schemaname FROM pg_sequences WHERE sequencename = 'outbox_ids' ORDER BY 1";
        struct db *db = db_open(url, "mallctl", DB_READER, error);
        struct statement *s = db ? db_prepare(db, sql, error) : NULL;
        enum db_step step = DB_FAILED;

        while (s && (step = statement_step(s, error)) == DB_ROW && names->count < STORES_MOST)
                names->all[names->count++] = arena_string(names->arena, column_text(s, 0));
        if (step != DB_FAILED)
                statement_reset(s);
        db_close(&db);
        if (step != DB_FAILED && !names->count)
                return error_set(error, ERROR_NOT_FOUND,
                                 "there is no store of a service in this database");
        return step != DB_FAILED;
}

static bool find(const char *url, const char *service, struct names *names, struct error *error)
{
        if (!db_url_check(url, error))
                return false;
        if (!service && db_url_is_shared(url))
                return list(url, names, error);
        names->all[names->count++] = service ? service : "store";
        return restored_is_there(url, error);
}

int renew_main(char **arguments)
{
        struct names names = {.arena = arena_open()};
        struct error e = {0};
        bool done;

        if (!arguments[0] || (arguments[1] && arguments[2])) {
                fputs("mallctl: renew takes a DB-URL and, on PostgreSQL, perhaps a SERVICE; see "
                      "mallctl --help\n",
                      stderr);
                arena_close(&names.arena);
                return 2;
        }
        done = find(arguments[0], arguments[1], &names, &e);
        for (int i = 0; done && i < names.count; i++)
                done = renew(arguments[0], names.all[i], names.arena, &e);
        arena_close(&names.arena);
        return done ? 0 : fail(&e);
}
