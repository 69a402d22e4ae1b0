/* If the answer to a COMMIT is lost, we look up whether it happened. Each transaction writes
   into the table `writers` which of its connection's commits it is: this note is there exactly
   if the rest is, on any server that answers. The transaction's number (pg_xact_status) only
   tells that it is no longer under way. It alone would not be enough, because numbers are given
   again after a crash. */
#include "data/postgres_inside.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RESOLVE_MS = 6000, RESOLVE_EVERY_MS = 50 };

static bool query_text(struct postgres_db *db, const char *sql, const char *parameter, char *out,
                       size_t size, struct error *error)
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

static void wait_a_little(void)
{
        nanosleep(&(struct timespec){.tv_nsec = RESOLVE_EVERY_MS * 1000000}, NULL);
}

/* False when we could not learn it. A number that the server does not know (an error) is no
   longer under way either. */
static bool is_over(struct postgres_db *db, const char *xid)
{
        char status[20] = "";
        struct error ignored;

        if (!postgres_link_up(db, true, &ignored))
                return false;
        if (query_text(db, "SELECT pg_xact_status(?::text::xid8)", xid, status, sizeof status,
                       &ignored))
                return strcmp(status, "in progress") != 0;
        return db->conn;
}

static bool resolve(struct postgres_db *db, const char *xid, struct error *error)
{
        int64_t end = clock_mono_us() + RESOLVE_MS * 1000;
        char noted[24] = "";
        struct error ignored;
        bool known = false;

        while (!known && clock_mono_us() < end) {
                known = is_over(db, xid) &&
                        query_text(db,
                                   "SELECT coalesce(max(batch), 0)::text FROM writers WHERE id = ?",
                                   db->token, noted, sizeof noted, &ignored);
                if (!known)
                        wait_a_little();
        }
        log_write(LOG_WARN, "the connection broke during a commit", "db.transaction", xid,
                  "db.transaction.noted", known ? noted : "not known", NULL);
        if (known && strtoll(noted, NULL, 10) == db->commits)
                return true;
        if (known)
                return error_set(error, ERROR_UNAVAILABLE,
                                 "the connection to PostgreSQL broke; nothing was stored");
        return error_set(
                error, ERROR_UNAVAILABLE,
                "the connection to PostgreSQL broke in the commit, and whether it was stored is "
                "not known: the same request with the same Idempotency-Key tells");
}

static bool note_commit(struct postgres_db *db, struct error *error)
{
        static const char sql[] =
                "INSERT INTO writers (id, batch, at) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, at = excluded.at";
        struct statement *s = db_prepare(&db->base, sql, error);

        if (!s)
                return false;
        bind_text(s, 1, db->token);
        bind_int(s, 2, ++db->commits);
        bind_int(s, 3, clock_wall_ms());
        return statement_send(s, error);
}

/* The answer to what began the transaction. It came with that to its first read, if any. */
static bool number(struct postgres_db *db, char *xid, size_t size, struct error *error)
{
        if (!db->begun->result && !postgres_link_settle(db, error))
                return false;
        if (!db->begun->result)
                return error_set(error, ERROR_UNAVAILABLE, "the transaction did not begin");
        snprintf(xid, size, "%s", PQgetvalue(db->begun->result, 0, 0));
        return true;
}

/* COMMIT is sent behind the writes, which need not be answered before: after one that failed the
   server passes over it. The transaction's number must be known by then. */
bool postgres_commit(struct db *base, struct error *error)
{
        struct postgres_db *db = postgres_of(base);
        char xid[24];

        if (!postgres_inserts_send(db, NULL, error) || !note_commit(db, error) ||
            !number(db, xid, sizeof xid, error))
                return false;
        if (db_run(base, "COMMIT", error)) {
                db->open = false;
                return true;
        }
        if (db->conn || !resolve(db, xid, error))
                return false;
        db->open = false;
        return true;
}
