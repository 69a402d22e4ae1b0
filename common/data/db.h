/* db - one connection to the store: statements with parameters, rows, transactions.

   Two adapters, one contract test (store_test.c and the tests beside it run on both):

     sqlite:PATH                    a file of this process alone (sqlite_db.c)
     postgresql://user@host/db      PostgreSQL 14 or newer, shared by any number of processes
                                    (postgres_db.c). postgres:// is the same; the URL may hold
                                    what libpq knows. Each service has a schema of its own name.

   SQL is what both understand, with parameters as ? or ?1. In the text for db_exec these words are
   replaced by the adapter's: {id} the type of a primary key, {text}, {bytes}, {clustered} the end
   of a table without row ids.

   A connection and its statements belong to one thread at a time. Errors: a store that is busy,
   full or away is ERROR_UNAVAILABLE; a violated unique key is ERROR_CONFLICT. SQLite: a failed
   fsync ends the process, because nobody knows what the disk then holds; only recovery at the
   next start finds out (PostgreSQL's "fsyncgate", 2018). PostgreSQL: no call takes longer than
   some seconds, and after the server did not answer, calls fail at once for a while. */
#ifndef DATA_DB_H
#define DATA_DB_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct statement;

enum db_mode {
        DB_WRITER, /* the store's one connection that writes rows */
        DB_READER, /* reads only */
        DB_RELAY,  /* shared stores only: its writes may be lost in a crash, and its session ends
                      when it is idle for long */
};
enum db_step { DB_ROW, DB_DONE, DB_FAILED };

/* ERROR_BAD_INPUT says what a URL looks like, and shows this URL without its password. */
bool db_url_check(const char *url, struct error *error);
/* May other processes use the store at the same time? Then the database hands out ids and locks,
   and its outbox is shared. */
bool db_url_is_shared(const char *url);

/* service: the schema, where the store has more than one. SQLite: open the writer first; it
   makes the file and keeps other processes' writers away (ERROR_CONFLICT). PostgreSQL: connects
   now, and again whenever the connection broke. */
struct db *db_open(const char *url, const char *service, enum db_mode mode, struct error *error);
void db_close(struct db **db);
bool db_is_shared(const struct db *db);
/* Counts connections: a new one has none of the locks of the session before. 0: there is none
   now. */
unsigned db_connection(const struct db *db);

/* In a shared store only one process at a time migrates. */
bool db_migration_begins(struct db *db, struct error *error);
void db_migration_ended(struct db *db);

/* alone: no other process's transaction runs at the same time (for one that lost to others'
   locks before). */
bool db_begin(struct db *db, bool alone, struct error *error);
/* PostgreSQL: if the connection breaks during the commit, asks on a new one whether it happened.
   If it cannot learn that, the error's text says so: the caller's key (Idempotency-Key, an
   event's identity) will tell. */
bool db_commit(struct db *db, struct error *error);
void db_rollback(struct db *db);
/* All reads until db_rollback see the store at one moment. */
bool db_begin_reading(struct db *db, struct error *error);
bool db_in_transaction(const struct db *db);
/* A statement failed, and only a rollback (also to the savepoint) is possible. */
bool db_transaction_is_void(const struct db *db);
/* Within a transaction: a part of it that can be undone alone. */
bool db_savepoint(struct db *db, struct error *error);
bool db_savepoint_release(struct db *db, struct error *error);
void db_savepoint_undo(struct db *db);
/* The last failure was a deadlock, a lock timeout or a serialisation failure: trying again may
   well succeed. */
bool db_lost_a_race(const struct db *db);

/* Prepared once and found again by the text's address, so the text must live as long as the
   connection. */
struct statement *db_prepare(struct db *db, const char *sql, struct error *error);
/* For text that is used once; freed by statement_close. */
struct statement *db_prepare_once(struct db *db, const char *sql, struct error *error);
void statement_close(struct statement **statement);

/* Runs one or several statements without parameters or rows. */
bool db_exec(struct db *db, const char *sql, struct error *error);

/* Parameters count from 1, columns from 0. Bound text must stay until the statement is reset. */
void bind_int(struct statement *statement, int parameter, int64_t value);
/* value: UTF-8; NULL: null. */
void bind_text(struct statement *statement, int parameter, const char *value);
void bind_bytes(struct statement *statement, int parameter, const void *value, size_t len);
void bind_null(struct statement *statement, int parameter);

/* DB_FAILED: it is reset. */
enum db_step statement_step(struct statement *statement, struct error *error);
void statement_reset(struct statement *statement);
/* Steps to the end, ignores rows, and resets. */
bool statement_run(struct statement *statement, struct error *error);
/* db_prepare and statement_run: for a constant text without parameters. */
bool db_run(struct db *db, const char *sql, struct error *error);
/* For a query that always has a row: returns its first column, and resets. */
bool statement_number(struct statement *statement, int64_t *number, struct error *error);
/* As statement_run, but need not wait for the answer: a failure may show in any later call, in
   db_settle or db_commit at the latest. */
bool statement_send(struct statement *statement, struct error *error);
bool db_settle(struct db *db, struct error *error);
/* Questions that are asked before the rows of the first of them are read are answered together. The
   next statement_step of each reads its first row. */
bool statement_ask(struct statement *statement, struct error *error);
/* The same, and it is the last of a transaction that only reads. */
bool statement_ask_last(struct statement *statement, struct error *error);
int db_changes(struct db *db); /* rows that the last statement_run changed */

/* Valid until the next step or reset. */
bool column_is_null(struct statement *statement, int column);
int64_t column_int(struct statement *statement, int column);
const char *column_text(struct statement *statement, int column); /* NULL: null */
const void *column_bytes(struct statement *statement, int column, size_t *len);

#endif
