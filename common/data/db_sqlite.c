/* db on SQLite: WAL, synchronous=FULL. One connection writes and checkpoints, all others only read, which is what
   keeps the WAL-reset bug of 3.7.0 to 3.51.2 away. */
#include "base/arena.h"
#include "base/log.h"
#include "data/db.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATEMENTS = 128 }; /* power of two; distinct texts a connection prepares are a few dozen */

struct statement {
        struct db *db;
        sqlite3_stmt *handle;
};

struct db {
        sqlite3 *handle;
        struct {
                const char *sql;
                struct statement statement;
        } known[STATEMENTS];
};

/* The page cache of a writer is worth more: it holds what commits touch again and again. */
static const char writer_setup[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF;"
                                   "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048; PRAGMA wal_autocheckpoint=2000;"
                                   "PRAGMA journal_size_limit=16777216; PRAGMA foreign_keys=OFF;";
static const char reader_setup[] = "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1024;"
                                   "PRAGMA wal_autocheckpoint=0;";

static bool failed(struct db *db, int code, struct error *error)
{
        const char *why = sqlite3_errmsg(db->handle);

        if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
                log_write(LOG_ERROR, "the disk did not take a write; ending, to recover at the next start", "error.message",
                          why, NULL);
                log_close();
                _exit(1);
        }
        switch (code & 0xff) {
        case SQLITE_CONSTRAINT:
                return error_set(error, ERROR_CONFLICT, "%s", why);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_FULL:
        case SQLITE_READONLY:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_PROTOCOL:
                return error_set(error, ERROR_UNAVAILABLE, "the store does not take this now: %s", why);
        default:
                return error_set(error, ERROR_INTERNAL, "store: %s", why);
        }
}

enum { SCHEME = sizeof "sqlite:" - 1 };

bool db_url_check(const char *url, struct error *error)
{
        if (strncmp(url, "sqlite:", SCHEME) == 0 && url[SCHEME])
                return true;
        return error_set(error, ERROR_BAD_INPUT, "MALL_DB_URL=%s: a store is sqlite:PATH", url);
}

static void set_up_library(void)
{
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* its counters cost a lock an allocation */
}

struct db *db_open(const char *url, enum db_mode mode, struct error *error)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        const char *path = url + SCHEME;
        int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | (mode == DB_WRITER ? SQLITE_OPEN_CREATE : 0);
        struct db *db;
        int code;

        if (!db_url_check(url, error))
                return NULL;
        pthread_once(&once, set_up_library);
        db = memory_alloc(sizeof *db);
        code = sqlite3_open_v2(path, &db->handle, flags, NULL);
        if (code == SQLITE_OK) {
                sqlite3_extended_result_codes(db->handle, 1);
                sqlite3_busy_timeout(db->handle, 1000);
                /* the last one to close would otherwise checkpoint beside a writer of another process */
                sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, mode == DB_READER, NULL);
        }
        if (code != SQLITE_OK || !db_exec(db, mode == DB_WRITER ? writer_setup : reader_setup, error)) {
                error_set(error, ERROR_UNAVAILABLE, "%s: %s", path, sqlite3_errmsg(db->handle));
                db_close(&db);
        }
        return db;
}

void db_close(struct db **at)
{
        struct db *db = *at;

        if (!db)
                return;
        *at = NULL;
        for (int i = 0; i < STATEMENTS; i++)
                sqlite3_finalize(db->known[i].statement.handle);
        sqlite3_close(db->handle);
        free(db);
}

static bool prepare(struct db *db, const char *sql, unsigned flags, struct statement *statement, struct error *error)
{
        int code = sqlite3_prepare_v3(db->handle, sql, -1, flags, &statement->handle, NULL);

        statement->db = db;
        return code == SQLITE_OK || failed(db, sqlite3_extended_errcode(db->handle), error);
}

struct statement *db_prepare(struct db *db, const char *sql, struct error *error)
{
        size_t i = ((uintptr_t)sql >> 3) * 0x9E3779B97F4A7C15u >> 57;

        for (; db->known[i].sql; i = (i + 1) & (STATEMENTS - 1))
                if (db->known[i].sql == sql)
                        return &db->known[i].statement;
        if (!prepare(db, sql, SQLITE_PREPARE_PERSISTENT, &db->known[i].statement, error))
                return NULL;
        db->known[i].sql = sql;
        return &db->known[i].statement;
}

struct statement *db_prepare_once(struct db *db, const char *sql, struct error *error)
{
        struct statement *s = memory_alloc(sizeof *s);

        if (!prepare(db, sql, 0, s, error))
                statement_close(&s);
        return s;
}

void statement_close(struct statement **at)
{
        if (!*at)
                return;
        sqlite3_finalize((*at)->handle);
        free(*at);
        *at = NULL;
}

bool db_exec(struct db *db, const char *sql, struct error *error)
{
        int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

        return code == SQLITE_OK || failed(db, sqlite3_extended_errcode(db->handle), error);
}

void bind_int(struct statement *s, int parameter, int64_t value)
{
        sqlite3_bind_int64(s->handle, parameter, value);
}

void bind_text(struct statement *s, int parameter, const char *value)
{
        sqlite3_bind_text(s->handle, parameter, value, -1, SQLITE_STATIC);
}

void bind_bytes(struct statement *s, int parameter, const void *value, size_t len)
{
        if (value)
                sqlite3_bind_blob64(s->handle, parameter, value, len, SQLITE_STATIC);
        else
                sqlite3_bind_null(s->handle, parameter);
}

void bind_null(struct statement *s, int parameter)
{
        sqlite3_bind_null(s->handle, parameter);
}

enum db_step statement_step(struct statement *s, struct error *error)
{
        int code = sqlite3_step(s->handle);

        if (code == SQLITE_ROW)
                return DB_ROW;
        if (code == SQLITE_DONE)
                return DB_DONE;
        failed(s->db, code, error);
        sqlite3_reset(s->handle);
        return DB_FAILED;
}

void statement_reset(struct statement *s)
{
        sqlite3_reset(s->handle);
}

bool statement_run(struct statement *s, struct error *error)
{
        enum db_step step;

        while ((step = statement_step(s, error)) == DB_ROW)
                ;
        statement_reset(s);
        return step == DB_DONE;
}

int db_changes(struct db *db)
{
        return sqlite3_changes(db->handle);
}

bool db_in_transaction(struct db *db)
{
        return !sqlite3_get_autocommit(db->handle);
}

bool column_is_null(struct statement *s, int column)
{
        return sqlite3_column_type(s->handle, column) == SQLITE_NULL;
}

int64_t column_int(struct statement *s, int column)
{
        return sqlite3_column_int64(s->handle, column);
}

const char *column_text(struct statement *s, int column)
{
        return (const char *)sqlite3_column_text(s->handle, column);
}

const void *column_bytes(struct statement *s, int column, size_t *len)
{
        const void *bytes = sqlite3_column_blob(s->handle, column);

        *len = (size_t)sqlite3_column_bytes(s->handle, column);
        return bytes;
}
