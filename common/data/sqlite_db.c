/* db on SQLite: WAL, synchronous=FULL. One connection writes and checkpoints, all others only
   read. This avoids SQLite's WAL-reset bug (3.7.0 to 3.51.2). */
#include "base/arena.h"
#include "base/log.h"
#include "base/wal_vfs.h"
#include "data/db_adapter.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct sqlite_statement {
        struct statement base;
        sqlite3_stmt *handle;
};

struct sqlite_db {
        struct db base;
        sqlite3 *handle;
        enum db_mode mode;
        int lock_fd; /* the writer's; -1: none */
        struct {
                const char *sql;
                struct sqlite_statement statement;
        } known[DB_STATEMENTS];
};

static struct sqlite_db *sqlite_of(struct db *db)
{
        return CONTAINER_OF(db, struct sqlite_db, base);
}

static sqlite3_stmt *handle_of(struct statement *s)
{
        return CONTAINER_OF(s, struct sqlite_statement, base)->handle;
}

/* A large page cache pays for the writer: its commits touch the same pages again and again. */
static const char writer_setup[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF;"
        "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048; PRAGMA wal_autocheckpoint=8000;"
        "PRAGMA journal_size_limit=67108864; PRAGMA foreign_keys=OFF;";
static const char reader_setup[] =
        "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1024;"
        "PRAGMA wal_autocheckpoint=0;";

static bool failed(struct sqlite_db *db, int code, struct error *error)
{
        const char *why = sqlite3_errmsg(db->handle);

        if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
                log_write(LOG_ERROR,
                          "the disk did not take a write; ending, to recover at the next start",
                          "error.message", why, NULL);
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
                return error_set(error, ERROR_UNAVAILABLE, "the store does not take this now: %s",
                                 why);
        default:
                return error_set(error, ERROR_INTERNAL, "store: %s", why);
        }
}

enum { SCHEME = sizeof "sqlite:" - 1 };

/* Two processes on one file would each give out the same ids. */
static int lock_file(const char *url, struct error *error)
{
        char path[4096];
        int fd;

        snprintf(path, sizeof path, "%s-lock", url + SCHEME);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) {
                error_set(error, ERROR_UNAVAILABLE, "%s: %s", path, strerror(errno));
                return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
                error_set(error, ERROR_CONFLICT,
                          "%s: another process uses this store; several share one on postgresql: "
                          "only",
                          url);
                close(fd);
                return -1;
        }
        return fd;
}

static void set_up_library(void)
{
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* its counters cost a lock for each
                                                       allocation */
}

static void sqlite_close(struct db *base)
{
        struct sqlite_db *db = sqlite_of(base);

        if (db->mode == DB_WRITER && db->handle)
                sqlite3_exec(db->handle, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
        for (int i = 0; i < DB_STATEMENTS; i++)
                sqlite3_finalize(db->known[i].statement.handle);
        sqlite3_close(db->handle);
        if (db->lock_fd >= 0)
                close(db->lock_fd);
        free(db);
}

static bool sqlite_exec(struct db *base, const char *sql, struct error *error)
{
        struct sqlite_db *db = sqlite_of(base);
        int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

        return code == SQLITE_OK || failed(db, sqlite3_extended_errcode(db->handle), error);
}

static struct db *sqlite_open(const char *url, const char *service, enum db_mode mode,
                              struct error *error)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        const char *path = url + SCHEME;
        int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE |
                    (mode == DB_WRITER ? SQLITE_OPEN_CREATE : 0);
        int lock_fd = mode == DB_WRITER ? lock_file(url, error) : -1;
        struct sqlite_db *db;
        int code;

        (void)service;
        if (mode == DB_WRITER && lock_fd < 0)
                return NULL;
        pthread_once(&once, set_up_library);
        db = memory_alloc(sizeof *db);
        *db = (struct sqlite_db){.base.ops = &sqlite_db_ops, .mode = mode, .lock_fd = lock_fd};
        code = sqlite3_open_v2(path, &db->handle, flags, wal_vfs());
        if (code == SQLITE_OK) {
                sqlite3_extended_result_codes(db->handle, 1);
                sqlite3_busy_timeout(db->handle, 1000);
                /* otherwise the last one to close would checkpoint while another process writes */
                sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, mode == DB_READER,
                                  NULL);
        }
        if (code == SQLITE_OK &&
            sqlite_exec(&db->base, mode == DB_WRITER ? writer_setup : reader_setup, error))
                return &db->base;
        error_set(error, ERROR_UNAVAILABLE, "%s: %s", path, sqlite3_errmsg(db->handle));
        sqlite_close(&db->base);
        return NULL;
}

static bool prepare(struct sqlite_db *db, const char *sql, unsigned flags,
                    struct sqlite_statement *statement, struct error *error)
{
        int code = sqlite3_prepare_v3(db->handle, sql, -1, flags, &statement->handle, NULL);

        statement->base.db = &db->base;
        return code == SQLITE_OK || failed(db, sqlite3_extended_errcode(db->handle), error);
}

static void sqlite_finish(struct statement *s)
{
        sqlite3_finalize(handle_of(s));
        free(s);
}

static struct statement *prepare_once(struct sqlite_db *db, const char *sql, struct error *error)
{
        struct sqlite_statement *s = memory_alloc(sizeof *s);

        if (prepare(db, sql, 0, s, error))
                return &s->base;
        sqlite_finish(&s->base);
        return NULL;
}

static struct statement *sqlite_prepare(struct db *base, const char *sql, bool once,
                                        struct error *error)
{
        struct sqlite_db *db = sqlite_of(base);
        size_t i = db_statement_place(sql);

        if (once)
                return prepare_once(db, sql, error);
        for (; db->known[i].sql; i = (i + 1) & (DB_STATEMENTS - 1))
                if (db->known[i].sql == sql)
                        return &db->known[i].statement.base;
        if (!prepare(db, sql, SQLITE_PREPARE_PERSISTENT, &db->known[i].statement, error))
                return NULL;
        db->known[i].sql = sql;
        return &db->known[i].statement.base;
}

static void sqlite_bind_int(struct statement *s, int parameter, int64_t value)
{
        sqlite3_bind_int64(handle_of(s), parameter, value);
}

static void sqlite_bind_text(struct statement *s, int parameter, const char *value)
{
        sqlite3_bind_text(handle_of(s), parameter, value, -1, SQLITE_STATIC); /* NULL: null */
}

static void sqlite_bind_bytes(struct statement *s, int parameter, const void *value, size_t len)
{
        if (value)
                sqlite3_bind_blob64(handle_of(s), parameter, value, len, SQLITE_STATIC);
        else
                sqlite3_bind_null(handle_of(s), parameter);
}

static enum db_step sqlite_step(struct statement *s, struct error *error)
{
        int code = sqlite3_step(handle_of(s));

        if (code == SQLITE_ROW)
                return DB_ROW;
        if (code == SQLITE_DONE)
                return DB_DONE;
        failed(sqlite_of(s->db), code, error);
        sqlite3_reset(handle_of(s));
        return DB_FAILED;
}

static void sqlite_reset(struct statement *s)
{
        sqlite3_reset(handle_of(s));
}

static int sqlite_changes(struct db *db)
{
        return sqlite3_changes(sqlite_of(db)->handle);
}

static bool sqlite_in_transaction(const struct db *db)
{
        return !sqlite3_get_autocommit(((const struct sqlite_db *)db)->handle);
}

static bool sqlite_lost_a_race(const struct db *db)
{
        (void)db;
        return false; /* there is one writer */
}

static bool sqlite_begin(struct db *db, bool alone, struct error *error)
{
        (void)alone;
        return db_run(db, "BEGIN IMMEDIATE", error);
}

static bool sqlite_begin_reading(struct db *db, struct error *error)
{
        return db_run(db, "BEGIN", error);
}

static bool sqlite_commit(struct db *db, struct error *error)
{
        return db_run(db, "COMMIT", error);
}

static void sqlite_rollback(struct db *db)
{
        struct error ignored;

        db_run(db, "ROLLBACK", &ignored);
        wal_vfs_rolled_back(sqlite_of(db)->handle);
}

static bool sqlite_is_null(struct statement *s, int column)
{
        return sqlite3_column_type(handle_of(s), column) == SQLITE_NULL;
}

static int64_t sqlite_int(struct statement *s, int column)
{
        return sqlite3_column_int64(handle_of(s), column);
}

static const char *sqlite_text(struct statement *s, int column)
{
        return (const char *)sqlite3_column_text(handle_of(s), column);
}

static const void *sqlite_bytes(struct statement *s, int column, size_t *len)
{
        const void *bytes = sqlite3_column_blob(handle_of(s), column);

        *len = (size_t)sqlite3_column_bytes(handle_of(s), column);
        return bytes;
}

const struct db_ops sqlite_db_ops = {
        .scheme = "sqlite:",
        .id = "INTEGER",
        .text = "TEXT",
        .bytes = "BLOB",
        .clustered = "WITHOUT ROWID",
        .open = sqlite_open,
        .close = sqlite_close,
        .begin = sqlite_begin,
        .begin_reading = sqlite_begin_reading,
        .commit = sqlite_commit,
        .rollback = sqlite_rollback,
        .in_transaction = sqlite_in_transaction,
        .lost_a_race = sqlite_lost_a_race,
        .exec = sqlite_exec,
        .changes = sqlite_changes,
        .prepare = sqlite_prepare,
        .finish = sqlite_finish,
        .bind_int = sqlite_bind_int,
        .bind_text = sqlite_bind_text,
        .bind_bytes = sqlite_bind_bytes,
        .step = sqlite_step,
        .reset = sqlite_reset,
        .is_null = sqlite_is_null,
        .as_int = sqlite_int,
        .as_text = sqlite_text,
        .as_bytes = sqlite_bytes,
};
