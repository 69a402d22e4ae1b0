/* db - one connection to the store: statements with parameters, rows, transactions. SQLite now (sqlite.c).

   A connection and its statements belong to one thread at a time. Errors: a store that is busy, full or away is
   ERROR_UNAVAILABLE; a violated unique key ERROR_CONFLICT. A failed fsync ends the process: what the disk then holds is
   unknown, and only recovery at the next start finds out (PostgreSQL's "fsyncgate", 2018). */
#ifndef DATA_DB_H
#define DATA_DB_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct statement;

enum db_mode { DB_WRITER, DB_READER };
enum db_step { DB_ROW, DB_DONE, DB_FAILED };

/* ERROR_BAD_INPUT says what a URL looks like. */
bool db_url_check(const char *url, struct error *error);

/* url: "sqlite:/path/to/order.db". The writer comes first: it makes the file. */
struct db *db_open(const char *url, enum db_mode mode, struct error *error);
void db_close(struct db **db);

/* Prepared once and remembered by the text's address, so the text must live as long as the connection. */
struct statement *db_prepare(struct db *db, const char *sql, struct error *error);
/* For text made for one use; freed by statement_close. */
struct statement *db_prepare_once(struct db *db, const char *sql, struct error *error);
void statement_close(struct statement **statement);

bool db_exec(struct db *db, const char *sql, struct error *error); /* one or several, without parameters or rows */

/* Parameters count from 1, columns from 0. Bound text must stay until the statement is reset. */
void bind_int(struct statement *statement, int parameter, int64_t value);
void bind_text(struct statement *statement, int parameter, const char *value); /* NULL: null */
void bind_bytes(struct statement *statement, int parameter, const void *value, size_t len);
void bind_null(struct statement *statement, int parameter);

enum db_step statement_step(struct statement *statement, struct error *error); /* DB_FAILED has reset it */
void statement_reset(struct statement *statement);
/* Steps to the end and resets; rows are not wanted. */
bool statement_run(struct statement *statement, struct error *error);
int db_changes(struct db *db); /* rows that the last statement changed */
bool db_in_transaction(struct db *db);

/* Valid until the next step or reset. */
bool column_is_null(struct statement *statement, int column);
int64_t column_int(struct statement *statement, int column);
const char *column_text(struct statement *statement, int column); /* NULL: null */
const void *column_bytes(struct statement *statement, int column, size_t *len);

#endif
