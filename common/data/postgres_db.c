/* db on PostgreSQL, by libpq. A write does not wait for its answer (statement_send); a read
   does. */
#include "base/arena.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/random.h"
#include "data/postgres_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An advisory lock: a transaction that must run alone takes it exclusively, all others take it
   shared. */
enum { ANY_OTHER = 1 };

static void make_token(struct postgres_db *db)
{
        unsigned char bytes[16];

        random_bytes(bytes, sizeof bytes);
        *hex_write(db->token, bytes, sizeof bytes) = '\0';
}

static struct db *postgres_open(const char *url, const char *service, enum db_mode mode,
                                struct error *error)
{
        struct postgres_db *db = memory_alloc(sizeof *db);

        db->base.ops = &postgres_db_ops;
        db->url = memory_string(url);
        db->service = memory_string(service);
        db->mode = mode;
        db->transaction = 1;
        make_token(db);
        if (postgres_link_up(db, true, error))
                return &db->base;
        postgres_db_ops.close(&db->base);
        return NULL;
}

static unsigned postgres_connection(const struct db *base)
{
        const struct postgres_db *db = (const struct postgres_db *)base;

        return db->conn ? db->connection : 0;
}

static void postgres_close(struct db *base)
{
        struct postgres_db *db = postgres_of(base);

        postgres_link_down(db);
        for (int i = 0; i < DB_STATEMENTS; i++)
                postgres_statement_free(db->known[i].statement);
        free(db->url);
        free(db->service);
        free(db);
}

static bool postgres_settle(struct db *db, struct error *error)
{
        return postgres_inserts_send(postgres_of(db), NULL, error) &&
               postgres_link_settle(postgres_of(db), error);
}

static bool postgres_exec(struct db *base, const char *sql, struct error *error)
{
        struct postgres_db *db = postgres_of(base);

        return postgres_ready(db, error) && postgres_inserts_send(db, NULL, error) &&
               postgres_link_exec(db, sql, error);
}

static int lock_class(const struct postgres_db *db)
{
        return (int)(hash_bytes(db->service, strlen(db->service)) & 0x7fffffff);
}

static bool send(struct db *db, const char *sql, struct error *error)
{
        return postgres_send(postgres_prepare(db, sql, false, error), error);
}

static bool postgres_begin(struct db *base, bool alone, struct error *error)
{
        struct postgres_db *db = postgres_of(base);
        const char *sql =
                alone ? "SELECT pg_current_xact_id()::text, pg_advisory_xact_lock(?, ?)"
                      : "SELECT pg_current_xact_id()::text, pg_advisory_xact_lock_shared(?, ?)";
        struct statement *begun = postgres_prepare(base, sql, false, error);

        bind_int(begun, 1, lock_class(db));
        bind_int(begun, 2, ANY_OTHER);
        db->begun = CONTAINER_OF(begun, struct postgres_statement, base);
        db->transaction++;
        db->sqlstate[0] = '\0';
        db->open = postgres_link_up(db, false, error) && send(base, "BEGIN", error) &&
                   postgres_link_ask(db, db->begun, error);
        return db->open;
}

static bool postgres_begin_reading(struct db *base, struct error *error)
{
        struct postgres_db *db = postgres_of(base);

        db->transaction++;
        db->open = postgres_link_up(db, false, error) &&
                   send(base, "BEGIN ISOLATION LEVEL REPEATABLE READ", error);
        return db->open;
}

/* A process that is frozen or cut off in the middle of a pipeline keeps its locks: PostgreSQL's
   idle timeouts do not see it, only transaction_timeout does (17). So a process that waited for
   a lock in vain ends such sessions of its own service. */
static void end_the_silent(struct db *base)
{
        static const char sql[] = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                  "usename = current_user"
                                  " AND datname = current_database() AND application_name = "
                                  "current_setting('application_name')"
                                  " AND state = 'active' AND wait_event = 'ClientRead' AND "
                                  "query_start < now() - interval '5 s'";
        struct error ignored;

        if (postgres_of(base)->conn)
                db_run(base, sql, &ignored);
}

/* After a failure the server passes over this one too, and db_rollback sends it again. */
static bool postgres_ask_last(struct statement *s, struct error *error)
{
        return postgres_ask(s, error) && send(s->db, "ROLLBACK", error);
}

static void postgres_rollback(struct db *base)
{
        struct postgres_db *db = postgres_of(base);
        struct error ignored;
        char sqlstate[sizeof db->sqlstate];

        if (!db->open)
                return;
        db->transaction++;
        memcpy(sqlstate, db->sqlstate, sizeof sqlstate);
        postgres_inserts_forget(db);
        if (db->awaited_count)
                postgres_link_settle(db, &ignored);
        if (db->conn && PQtransactionStatus(db->conn) != PQTRANS_IDLE &&
            !db_run(base, "ROLLBACK", &ignored) && db->conn)
                postgres_link_down(db); /* it may still be running something */
        db->open = false;
        if (strcmp(sqlstate, "55P03") == 0)
                end_the_silent(base);
        memcpy(db->sqlstate, sqlstate, sizeof sqlstate);
}

static bool postgres_in_transaction(const struct db *db)
{
        return ((const struct postgres_db *)db)->open && ((const struct postgres_db *)db)->conn;
}

static bool postgres_transaction_is_void(const struct db *db)
{
        return PQtransactionStatus(((const struct postgres_db *)db)->conn) == PQTRANS_INERROR;
}

static bool postgres_lost_a_race(const struct db *db)
{
        const char *state = ((const struct postgres_db *)db)->sqlstate;

        return strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 ||
               strcmp(state, "55P03") == 0;
}

static int postgres_changes(struct db *db)
{
        return postgres_of(db)->changes;
}

/* Makes the schema. Where the role may not, somebody else can make it beforehand. */
static bool postgres_migration_begins(struct db *base, struct error *error)
{
        char sql[600];

        snprintf(sql, sizeof sql,
                 "SET statement_timeout = '60s'; SET lock_timeout = '60s';"
                 "SELECT pg_advisory_lock(%d, 0);"
                 "DO $$ BEGIN IF to_regnamespace('\"%s\"') IS NULL THEN CREATE SCHEMA \"%s\"; END "
                 "IF; END $$",
                 lock_class(postgres_of(base)), postgres_of(base)->service,
                 postgres_of(base)->service);
        if (!postgres_ready(postgres_of(base), error))
                return false;
        postgres_of(base)->migrating = true;
        return postgres_exec(base, sql, error);
}

static void postgres_migration_ended(struct db *base)
{
        struct error ignored;
        char sql[200];

        postgres_of(base)->migrating = false;
        snprintf(sql, sizeof sql,
                 "SELECT pg_advisory_unlock(%d, 0); SET statement_timeout = '5s'; SET lock_timeout "
                 "= '3s'",
                 lock_class(postgres_of(base)));
        if (postgres_of(base)->conn && !postgres_exec(base, sql, &ignored))
                postgres_link_down(postgres_of(base));
}

const struct db_ops postgres_db_ops = {
        .scheme = "postgresql://",
        .other_scheme = "postgres://",
        .shared = true,
        .id = "BIGINT",
        .text = "TEXT COLLATE \"C\"",
        .bytes = "BYTEA",
        .clustered = "",
        .check = postgres_url_check,
        .open = postgres_open,
        .close = postgres_close,
        .connection = postgres_connection,
        .migration_begins = postgres_migration_begins,
        .migration_ended = postgres_migration_ended,
        .begin = postgres_begin,
        .begin_reading = postgres_begin_reading,
        .commit = postgres_commit,
        .rollback = postgres_rollback,
        .in_transaction = postgres_in_transaction,
        .transaction_is_void = postgres_transaction_is_void,
        .lost_a_race = postgres_lost_a_race,
        .exec = postgres_exec,
        .changes = postgres_changes,
        .settle = postgres_settle,
        .prepare = postgres_prepare,
        .finish = postgres_finish,
        .bind_int = postgres_bind_int,
        .bind_text = postgres_bind_text,
        .bind_bytes = postgres_bind_bytes,
        .step = postgres_step,
        .reset = postgres_reset,
        .send = postgres_send,
        .ask = postgres_ask,
        .ask_last = postgres_ask_last,
        .is_null = postgres_is_null,
        .as_int = postgres_int,
        .as_text = postgres_text,
        .as_bytes = postgres_bytes,
};
