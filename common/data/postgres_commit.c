/* A commit whose answer was lost is looked up by its transaction's number (pg_xact_status, PostgreSQL 10). That tells as
   long as the server that answers is the one that was asked, or a synchronous standby of it. */
#include "data/postgres.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { RESOLVE_MS = 6000, RESOLVE_EVERY_MS = 50 };

static bool query_text(struct pg_db *db, const char *sql, const char *parameter, char *out, size_t size, struct error *error)
{
        struct statement *s = db_prepare(&db->base, sql, error);

        if (!s)
                return false;
        if (parameter)
                bind_text(s, 1, parameter);
        if (statement_step(s, error) != DB_ROW)
                return false;
        snprintf(out, size, "%s", column_is_null(s, 0) ? "" : column_text(s, 0));
        statement_reset(s);
        return true;
}

static bool resolve(struct pg_db *db, const char *xid, struct error *error)
{
        int64_t end = clock_mono_us() + RESOLVE_MS * 1000;
        char status[20] = "";
        struct error ignored;

        while (clock_mono_us() < end) {
                if (link_up(db, true, &ignored) &&
                    query_text(db, "SELECT pg_xact_status($1::text::xid8)", xid, status, sizeof status, &ignored) &&
                    strcmp(status, "in progress") != 0)
                        break;
                nanosleep(&(struct timespec){.tv_nsec = RESOLVE_EVERY_MS * 1000000}, NULL);
        }
        log_write(LOG_WARN, "the connection broke in a commit", "db.transaction", xid, "db.transaction.status",
                  status[0] ? status : "not known", NULL);
        if (strcmp(status, "committed") == 0)
                return true;
        if (strcmp(status, "aborted") == 0)
                return error_set(error, ERROR_UNAVAILABLE, "the connection to PostgreSQL broke; nothing was stored");
        return error_set(error, ERROR_UNAVAILABLE, "the connection to PostgreSQL broke in the commit, and whether it was stored is "
                                                   "not known: the same request with the same Idempotency-Key tells");
}

/* In two steps, so that the number is known when the second one fails. */
bool postgres_commit(struct db *base, struct error *error)
{
        struct pg_db *db = pg_of(base);
        char xid[24] = "";
        struct statement *s;

        if (!inserts_send(db, NULL, error) || !query_text(db, "SELECT pg_current_xact_id_if_assigned()::text", NULL, xid, sizeof xid, error))
                return false;
        s = db_prepare(base, "COMMIT", error);
        if (s && statement_run(s, error)) {
                db->open = false;
                return true;
        }
        if (db->conn || !xid[0] || !resolve(db, xid, error))
                return false;
        db->open = false;
        return true;
}
