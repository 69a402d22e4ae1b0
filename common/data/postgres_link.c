#include "data/postgres_inside.h"

#include "base/arena.h"
#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_EVERY = 8 };

/* libpq's messages end with a newline, and may have several lines. */
static const char *in_one_line(const char *message, char line[200])
{
        size_t len = (size_t)snprintf(line, 200, "%s",
                                      message && *message ? message : "the connection broke");

        if (len > 199)
                len = 199;
        while (len && line[len - 1] == '\n')
                line[--len] = '\0';
        for (char *p = line; *p; p++)
                if (*p == '\n' || *p == '\t')
                        *p = ' ';
        return line;
}

void postgres_link_down(struct postgres_db *db)
{
        PQfinish(db->conn);
        db->conn = NULL;
        db->awaited_count = 0;
        postgres_inserts_forget(db);
}

static bool lost(struct postgres_db *db, const char *why, struct error *error)
{
        char line[200];

        in_one_line(why, line);
        db->sqlstate[0] = '\0';
        postgres_link_down(db);
        return error_set(error, ERROR_UNAVAILABLE, "the connection to PostgreSQL broke: %s", line);
}

static bool timed_out(struct postgres_db *db, struct error *error)
{
        postgres_away_begins("it does not answer");
        return lost(db, "it does not answer", error);
}

/* Waits until the socket is readable, or writable if wanted. */
static bool wait_for(struct postgres_db *db, short events, int64_t end_us)
{
        struct pollfd fd = {.fd = PQsocket(db->conn), .events = events};
        int64_t left;

        do { /* at least once: after a freeze the time is over, but the answer may be there */
                left = end_us - clock_mono_us();
                if (poll(&fd, 1, left > 0 ? (int)(left / 1000 + 1) : 0) > 0)
                        return true;
        } while (left > 0);
        return false;
}

static bool flush_and_read(struct postgres_db *db, int64_t end_us, struct error *error)
{
        int unsent = PQflush(db->conn);

        if (unsent < 0)
                return lost(db, PQerrorMessage(db->conn), error);
        if (!wait_for(db, (short)(POLLIN | (unsent ? POLLOUT : 0)), end_us))
                return timed_out(db, error);
        return PQconsumeInput(db->conn) || lost(db, PQerrorMessage(db->conn), error);
}

/* *result is NULL at the end of the answer to one statement. */
static bool next_result(struct postgres_db *db, int64_t end_us, PGresult **result,
                        struct error *error)
{
        if (PQflush(db->conn) < 0)
                return lost(db, PQerrorMessage(db->conn), error);
        while (PQisBusy(db->conn))
                if (!flush_and_read(db, end_us, error))
                        return false;
        *result = PQgetResult(db->conn);
        return true;
}

static bool connect_now(struct postgres_db *db, struct error *error)
{
        const char *const names[] = {"dbname", "client_encoding", "fallback_application_name",
                                     "target_session_attrs", NULL};
        const char *const values[] = {db->url, "UTF8", db->service, "read-write", NULL};
        int64_t end = clock_mono_us() + POSTGRES_CONNECT_MS * 1000;
        PostgresPollingStatusType want = PGRES_POLLING_WRITING;
        char line[200];

        db->conn = PQconnectStartParams(names, values, 1); /* later ones win, so that the URL cannot
                                                              choose another encoding */
        while (db->conn && PQstatus(db->conn) != CONNECTION_BAD && want != PGRES_POLLING_OK &&
               want != PGRES_POLLING_FAILED) {
                if (!wait_for(db, want == PGRES_POLLING_READING ? POLLIN : POLLOUT, end)) {
                        in_one_line("no connection in time", line);
                        goto failed;
                }
                want = PQconnectPoll(db->conn);
        }
        if (db->conn && PQstatus(db->conn) == CONNECTION_OK)
                return true;
        in_one_line(db->conn ? PQerrorMessage(db->conn) : "out of memory", line);
failed:
        postgres_link_down(db);
        postgres_away_begins(line);
        return error_set(error, ERROR_UNAVAILABLE, "PostgreSQL: %s", line);
}

static void say_nothing(void *arg, const char *message)
{
        (void)arg;
        (void)message;
}

/* The idle timeouts end the session of a frozen process, which would keep its locks otherwise. */
static bool set_up(struct postgres_db *db, struct error *error)
{
        char sql[1000];

        db->connection++;
        PQsetNoticeProcessor(db->conn, say_nothing, NULL);
        PQsetnonblocking(db->conn, 1);
        snprintf(
                sql, sizeof sql,
                "SET search_path TO \"%s\"; SET statement_timeout = '5s'; SET lock_timeout = '3s'; "
                "SET jit = off;"
                "SET idle_in_transaction_session_timeout = '5s'; SET default_transaction_isolation "
                "= 'read committed';"
                "SET default_transaction_read_only = %s;"
                /* an answered commit is durable, whatever the server's default is; a stronger
                   setting stays */
                "SELECT set_config('synchronous_commit', 'on', false)"
                " WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');",
                db->service, db->mode == DB_READER ? "on" : "off");
        /* these connections reach rows by an index only, one after the other; a plan made while a
           table was empty would go on reading all of it */
        if (db->mode != DB_READER)
                strcat(sql, "SET enable_seqscan = off; SET enable_bitmapscan = off;"
                            "SET enable_hashjoin = off; SET enable_mergejoin = off;"
                            "SET enable_material = off;");
        if (db->mode == DB_RELAY)
                strcat(sql, "SET synchronous_commit = off; SET idle_session_timeout = '10s';");
        if (db->mode != DB_READER && PQserverVersion(db->conn) >= 170000)
                strcat(sql, "SET transaction_timeout = '30s';");
        if (!PQenterPipelineMode(db->conn))
                return lost(db, "no pipeline mode", error);
        return postgres_link_exec(db, sql, error);
}

/* What a server sends unasked is nearly always its good-bye before a restart. Better to read it
   now than with the next statement. */
static bool is_alive(struct postgres_db *db)
{
        struct pollfd fd = {.fd = PQsocket(db->conn), .events = POLLIN};

        if (!db->awaited_count && !db->open && poll(&fd, 1, 0) > 0)
                postgres_link_down(db);
        return db->conn;
}

bool postgres_link_up(struct postgres_db *db, bool urgent, struct error *error)
{
        if (db->conn && is_alive(db))
                return true;
        if (db->migrating)
                return error_set(error, ERROR_UNAVAILABLE,
                                 "the connection broke while the schema was migrated");
        if ((!urgent && !postgres_away_allows(error)) || !connect_now(db, error))
                return false;
        if (!set_up(db, error)) {
                postgres_link_down(db); /* without its settings commits may not be durable, and a
                                           frozen process would keep its locks */
                return false;
        }
        postgres_away_ends();
        return true;
}

static enum error_kind kind_of(const char *sqlstate)
{
        static const char *const passing[] = {"08", "40", "53", "55", "57", "58", "25", NULL};

        if (strcmp(sqlstate, "23505") == 0)
                return ERROR_CONFLICT;
        if (strncmp(sqlstate, "54", 2) == 0) /* a value that is too long for an index */
                return ERROR_TOO_LARGE;
        for (int i = 0; passing[i]; i++)
                if (strncmp(sqlstate, passing[i], 2) == 0)
                        return ERROR_UNAVAILABLE;
        return ERROR_INTERNAL;
}

/* Only the first failure of a pipeline counts; the later ones follow from it. */
static void note_failure(struct postgres_db *db, const PGresult *result, struct error *failure)
{
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        char line[200];

        if (failure->kind != ERROR_NONE)
                return;
        snprintf(db->sqlstate, sizeof db->sqlstate, "%s", state ? state : "");
        in_one_line(PQresultErrorMessage(result), line);
        error_set(failure, state ? kind_of(state) : ERROR_UNAVAILABLE, "PostgreSQL: %s", line);
}

static void take(struct postgres_db *db, const struct awaited *a, PGresult *result,
                 struct error *failure)
{
        ExecStatusType status = PQresultStatus(result);

        if (status == PGRES_FATAL_ERROR)
                note_failure(db, result, failure);
        else if (status != PGRES_PIPELINE_ABORTED && a->prepares)
                a->statement->prepared = true;
        else if (status != PGRES_PIPELINE_ABORTED)
                db->changes = (int)strtol(PQcmdTuples(result), NULL, 10);
        if (status == PGRES_TUPLES_OK && a->rows) {
                PQclear(a->statement->result); /* of a question that was asked again unanswered */
                a->statement->result = result;
        } else {
                PQclear(result);
        }
}

/* The result and the NULL after it. */
static bool read_answer(struct postgres_db *db, const struct awaited *a, int64_t end,
                        struct error *failure, struct error *error)
{
        PGresult *result;

        if (!next_result(db, end, &result, error))
                return false;
        if (!result)
                return lost(db, PQerrorMessage(db->conn), error);
        take(db, a, result, failure);
        if (PQstatus(db->conn) == CONNECTION_BAD) /* a FATAL error has its own text */
                return lost(db, failure->kind ? failure->text : PQerrorMessage(db->conn), error);
        while (result)
                if (!next_result(db, end, &result, error))
                        return false;
                else
                        PQclear(result);
        return true;
}

static bool read_sync(struct postgres_db *db, int64_t end, struct error *error)
{
        PGresult *result;
        bool synced;

        if (!next_result(db, end, &result, error))
                return false;
        synced = result && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        PQclear(result);
        return synced || lost(db, PQerrorMessage(db->conn), error);
}

bool postgres_link_settle(struct postgres_db *db, struct error *error)
{
        int64_t end = clock_mono_us() + POSTGRES_WAIT_MS * 1000;
        struct error failure = {0};

        if (!db->awaited_count)
                return db->conn ||
                       error_set(error, ERROR_UNAVAILABLE, "not connected to PostgreSQL");
        if (!PQpipelineSync(db->conn))
                return lost(db, PQerrorMessage(db->conn), error);
        for (int i = 0; i < db->awaited_count; i++)
                if (!read_answer(db, &db->awaited[i], end, &failure, error))
                        return false;
        if (!read_sync(db, end, error))
                return false;
        for (int i = 0; i < db->awaited_count; i++) /* their pipeline is aborted */
                if (db->awaited[i].prepares && !db->awaited[i].statement->prepared)
                        db->awaited[i].statement->asked = 0;
        db->awaited_count = 0;
        if (failure.kind == ERROR_NONE)
                return true;
        *error = failure;
        return false;
}

static void await(struct postgres_db *db, struct postgres_statement *s, bool prepares, bool rows)
{
        db->awaited[db->awaited_count++] = (struct awaited){s, prepares, rows};
}

static bool ask(struct postgres_db *db, struct postgres_statement *s, bool rows)
{
        const struct wide own = {s->parameters, s->values, s->lengths, s->formats},
                          *p = s->wide ? s->wide : &own;

        if (!s->name[0]) {
                if (!PQsendQueryParams(db->conn, s->sql, p->count, NULL, p->values, p->lengths,
                                       p->formats, 1))
                        return false;
        } else {
                if (s->asked != db->connection) {
                        if (!PQsendPrepare(db->conn, s->name, s->sql, 0, NULL))
                                return false;
                        s->asked = db->connection;
                        s->prepared = false;
                        await(db, s, true, false);
                }
                if (!PQsendQueryPrepared(db->conn, s->name, p->count, p->values, p->lengths,
                                         p->formats, 1))
                        return false;
        }
        await(db, s, false, rows);
        return true;
}

static bool queue(struct postgres_db *db, struct postgres_statement *s, bool rows,
                  struct error *error)
{
        if (db->awaited_count >= POSTGRES_QUEUE && !postgres_link_settle(db, error))
                return false;
        if (!db->conn)
                return error_set(error, ERROR_UNAVAILABLE, "not connected to PostgreSQL");
        if (!ask(db, s, rows))
                return lost(db, PQerrorMessage(db->conn), error);
        /* so that the server works at the same time as we do */
        if (db->awaited_count % FLUSH_EVERY == 0 && PQflush(db->conn) < 0)
                return lost(db, PQerrorMessage(db->conn), error);
        return true;
}

bool postgres_link_send(struct postgres_db *db, struct postgres_statement *s, struct error *error)
{
        return queue(db, s, false, error);
}

bool postgres_link_ask(struct postgres_db *db, struct postgres_statement *s, struct error *error)
{
        PQclear(s->result); /* of a transaction that ended before it was read */
        s->result = NULL;
        return queue(db, s, true, error);
}

bool postgres_link_exec(struct postgres_db *db, const char *sql, struct error *error)
{
        int64_t end = clock_mono_us() +
                      (db->migrating ? POSTGRES_MIGRATION_MS : POSTGRES_WAIT_MS) * 1000LL;
        struct error failure = {0};
        PGresult *result = NULL;

        if (db->awaited_count && !postgres_link_settle(db, error))
                return false;
        if (!PQexitPipelineMode(db->conn) || !PQsendQuery(db->conn, sql))
                return lost(db, PQerrorMessage(db->conn), error);
        do {
                if (!next_result(db, end, &result, error))
                        return false;
                if (result && PQresultStatus(result) == PGRES_FATAL_ERROR)
                        note_failure(db, result, &failure);
                PQclear(result);
        } while (result);
        if (PQstatus(db->conn) == CONNECTION_BAD || !PQenterPipelineMode(db->conn))
                return lost(db, failure.kind ? failure.text : PQerrorMessage(db->conn), error);
        if (failure.kind == ERROR_NONE)
                return true;
        *error = failure;
        return false;
}
