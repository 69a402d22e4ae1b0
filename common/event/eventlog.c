#include "event/eventlog.h"

#include "base/log.h"
#include "base/wal_vfs.h"
#include "event/eventlog_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        SCHEMA = 2,
        APPLICATION = 0x6d616c6c, /* "mall" */
        BUSY_MS = 2000,           /* only recovery after a crash makes a process wait here */
        TRUNCATE_BUSY_MS = 50,
        CHECKPOINT_PAGES = 4000,
        TRUNCATE_PAGES = 16000, /* a WAL of 64 MB */
};

static const char *const sql[EVENTLOG_STATEMENTS] = {
        [EVENTLOG_BEGIN] = "BEGIN IMMEDIATE",
        [EVENTLOG_COMMIT] = "COMMIT",
        [EVENTLOG_ROLLBACK] = "ROLLBACK",
        [EVENTLOG_APPEND] = "INSERT INTO log (offset, topic, timestamp, key, value, headers)"
                            " VALUES (?, ?, ?, ?, ?, ?)",
        [EVENTLOG_READ_TOPIC] = "SELECT offset, topic, timestamp, key, value, headers FROM log"
                                " WHERE offset > ?1 AND topic = ?3 ORDER BY offset LIMIT ?2",
        /* they say twice that it is not the bus's own, for the index to be used */
        [EVENTLOG_READ_OTHER] = "SELECT offset, topic, timestamp, key, value, headers FROM log"
                                " WHERE topic = ?3 AND topic <> 'mall' AND offset > ?1"
                                " ORDER BY offset LIMIT ?2",
        [EVENTLOG_END_OF_OTHER] = "SELECT offset FROM log WHERE topic = ? AND topic <> 'mall'"
                                  " ORDER BY offset DESC LIMIT 1",
        [EVENTLOG_OTHER_TOPIC] = "SELECT topic FROM log WHERE topic > ? AND topic <> 'mall'"
                                 " ORDER BY topic LIMIT 1",
        [EVENTLOG_READ_ALL] = "SELECT offset, topic, timestamp, key, value, headers FROM log"
                              " WHERE offset > ?1 ORDER BY offset LIMIT ?2",
        /* without the value where it is one record's, because that can be large */
        [EVENTLOG_READ_LAST] = "SELECT offset, topic, timestamp, key, iif(typeof(key) = 'integer',"
                               " value, NULL), headers, length(value) FROM log"
                               " WHERE topic = ?3 ORDER BY offset DESC LIMIT ?2",
        [EVENTLOG_FIRST] = "SELECT offset - iif(typeof(key) = 'integer', key - 1, 0) FROM log"
                           " WHERE topic = ? ORDER BY offset LIMIT 1",
        [EVENTLOG_END] = "SELECT offset FROM log WHERE topic = ? ORDER BY offset DESC LIMIT 1",
        [EVENTLOG_END_OF_ALL] = "SELECT offset FROM log ORDER BY offset DESC LIMIT 1",
        [EVENTLOG_BEFORE_LAST] = "SELECT offset, iif(typeof(key) = 'integer', key, 1) FROM log"
                                 " WHERE topic = ? ORDER BY offset DESC",
        [EVENTLOG_JOIN] = "INSERT INTO groups (name, topic, position, seen) VALUES (?, ?, 0, ?)"
                          " ON CONFLICT DO UPDATE SET seen = excluded.seen RETURNING position",
        /* two readers of a group may overlap: the position never moves back */
        [EVENTLOG_MOVE] =
                "INSERT INTO groups (name, topic, seen, position) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET seen = excluded.seen, position = max(position, "
                "excluded.position)",
        [EVENTLOG_FORGET] = "DELETE FROM groups WHERE name = ?",
        [EVENTLOG_GROUPS] = "SELECT name, topic, position, seen, coalesce((SELECT offset FROM log"
                            " WHERE log.topic = groups.topic ORDER BY offset DESC LIMIT 1), 0)"
                            " FROM groups ORDER BY name, topic",
        /* the first row that must stay: it is young, or some group has not read it, or it is the
           last one, or the portion is full */
        [EVENTLOG_RETIRE_UP_TO] =
                "SELECT offset, number, timestamp < ?1, number = ?2 OR bytes >= ?3 FROM"
                " (SELECT offset, topic, timestamp, row_number() OVER (ORDER BY offset) AS number,"
                " coalesce(sum(bytes) OVER (ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1"
                " PRECEDING), 0) AS bytes FROM (SELECT offset, topic, timestamp, length(value) AS"
                " bytes FROM log ORDER BY offset LIMIT ?2)) AS oldest"
                " WHERE timestamp >= ?1 OR offset = (SELECT max(offset) FROM log) OR number = ?2"
                " OR bytes >= ?3"
                " OR EXISTS (SELECT 1 FROM groups WHERE topic = oldest.topic AND position < offset)"
                " ORDER BY offset LIMIT 1",
        [EVENTLOG_RETIRE] = "DELETE FROM log WHERE offset < ?",
        [EVENTLOG_HOLDER] =
                "SELECT name FROM groups WHERE position < ?1"
                " AND topic = (SELECT topic FROM log WHERE offset = ?1) ORDER BY position LIMIT 1",
};

static const char schema[] =
        "BEGIN IMMEDIATE;"
        "CREATE TABLE log (offset INTEGER PRIMARY KEY, topic TEXT NOT NULL, timestamp INTEGER NOT "
        "NULL, key BLOB,"
        " value BLOB, headers BLOB);"
        /* dead letters are few; files that are older than this index are read without it */
        "CREATE INDEX others ON log (topic) WHERE topic <> 'mall';"
        "CREATE TABLE groups (name TEXT NOT NULL, topic TEXT NOT NULL, position INTEGER NOT NULL,"
        " seen INTEGER NOT NULL, PRIMARY KEY (name, topic)) WITHOUT ROWID;"
        "PRAGMA application_id = 1835101292;"
        "PRAGMA user_version = 2;"
        "COMMIT";

/* To 2: the tables stay as they are; from now on there may be rows of many (eventlog_inside.h). */
static const char migration[] = "PRAGMA user_version = 2";

_Static_assert(APPLICATION == 1835101292 && SCHEMA == 2, "as in the texts above");

bool eventlog_error(struct eventlog *f, struct error *error)
{
        int code = sqlite3_extended_errcode(f->db);

        /* After a failed flush we do not know what is on the disk: the process ends, and its
           next start finds out. */
        if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
                log_write(LOG_ERROR, "the event log cannot be flushed to disk, ending", "file.path",
                          f->path, NULL);
                log_close();
                _exit(1);
        }
        if (code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ ||
            code == SQLITE_IOERR_CORRUPTFS)
                return error_set(error, ERROR_INTERNAL, "the event log %s cannot be read: %s",
                                 f->path, sqlite3_errmsg(f->db));
        code &= 0xff;
        if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
                return error_set(error, ERROR_INTERNAL, "the event log %s is damaged: %s", f->path,
                                 sqlite3_errmsg(f->db));
        return error_set(error, ERROR_UNAVAILABLE, "the event log %s: %s", f->path,
                         sqlite3_errmsg(f->db));
}

sqlite3_stmt *eventlog_statement(struct eventlog *f, enum eventlog_statement which,
                                 struct error *error)
{
        sqlite3_stmt **s = &f->statements[which];

        if (!*s && sqlite3_prepare_v3(f->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL) !=
                           SQLITE_OK)
                eventlog_error(f, error);
        return *s;
}

static bool run(struct eventlog *f, enum eventlog_statement which, struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f, which, error);
        bool done = s && sqlite3_step(s) == SQLITE_DONE;

        if (s && !done)
                eventlog_error(f, error);
        if (s)
                sqlite3_reset(s);
        return done;
}

static void lock_take(struct eventlog *f)
{
        while (flock(f->lock, LOCK_EX) < 0 && errno == EINTR)
                ;
}

static void lock_give(struct eventlog *f)
{
        flock(f->lock, LOCK_UN);
}

bool eventlog_begin(struct eventlog *f, struct error *error)
{
        lock_take(f);
        if (run(f, EVENTLOG_BEGIN, error))
                return true;
        lock_give(f);
        return false;
}

void eventlog_abandon(struct eventlog *f)
{
        struct error ignored;

        if (!sqlite3_get_autocommit(f->db))
                run(f, EVENTLOG_ROLLBACK, &ignored);
        wal_vfs_rolled_back(f->db);
        lock_give(f);
}

/* Fails when a reader is in the way: the next commit tries again. */
static void checkpoint_if_due(struct eventlog *f)
{
        bool large = f->wal_pages >= TRUNCATE_PAGES;
        struct error ignored;

        if (f->wal_pages < f->checkpointed_at)
                f->checkpointed_at = 0; /* the WAL begins again */
        if (f->use != EVENTLOG_APPENDS || f->wal_pages < f->checkpointed_at + CHECKPOINT_PAGES)
                return;
        f->checkpointed_at = f->wal_pages;
        sqlite3_busy_timeout(f->db, TRUNCATE_BUSY_MS);
        if (sqlite3_wal_checkpoint_v2(
                    f->db, NULL, large ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
                    NULL, NULL) != SQLITE_OK)
                eventlog_error(f, &ignored);
        sqlite3_busy_timeout(f->db, BUSY_MS);
}

bool eventlog_commit(struct eventlog *f, struct error *error)
{
        if (!run(f, EVENTLOG_COMMIT, error)) {
                eventlog_abandon(f);
                return false;
        }
        futex_wake(f->wake); /* before the checkpoint, so that readers do not wait for it */
        checkpoint_if_due(f);
        lock_give(f);
        return true;
}

static int on_commit(void *arg, sqlite3 *db, const char *name, int wal_pages)
{
        struct eventlog *f = arg;

        (void)db, (void)name;
        f->wal_pages = wal_pages;
        return SQLITE_OK;
}

/* -1: cannot be read */
static int64_t pragma_number(struct eventlog *f, const char *query)
{
        sqlite3_stmt *s;
        int64_t n = -1;

        if (sqlite3_prepare_v2(f->db, query, -1, &s, NULL) == SQLITE_OK &&
            sqlite3_step(s) == SQLITE_ROW)
                n = sqlite3_column_int64(s, 0);
        if (sqlite3_finalize(s) != SQLITE_OK)
                n = -1;
        return n;
}

static bool schema_check(struct eventlog *f, struct error *error)
{
        int64_t tables = pragma_number(f, "SELECT count(*) FROM sqlite_master");
        int64_t application = pragma_number(f, "PRAGMA application_id");
        int64_t version = pragma_number(f, "PRAGMA user_version");

        if (tables < 0 || application < 0 || version < 0)
                return eventlog_error(f, error);
        if (tables == 0 && version == 0 && f->use != EVENTLOG_INSPECTS) {
                if (sqlite3_exec(f->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) !=
                            SQLITE_OK ||
                    sqlite3_exec(f->db, schema, NULL, NULL, NULL) != SQLITE_OK)
                        return eventlog_error(f, error);
                return true;
        }
        if (application != APPLICATION)
                return error_set(error, ERROR_INTERNAL, "%s is no event log of the mall", f->path);
        if (version > SCHEMA)
                return error_set(error, ERROR_INTERNAL,
                                 "the event log %s was written by a newer version (schema %d, this "
                                 "program knows %d)",
                                 f->path, (int)version, SCHEMA);
        if (version < SCHEMA && f->use != EVENTLOG_INSPECTS &&
            sqlite3_exec(f->db, migration, NULL, NULL, NULL) != SQLITE_OK)
                return eventlog_error(f, error);
        return true;
}

static bool connection_open(struct eventlog *f, struct error *error)
{
        int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                    (f->use == EVENTLOG_INSPECTS ? 0 : SQLITE_OPEN_CREATE);

        if (sqlite3_open_v2(f->path, &f->db, flags, wal_vfs()) != SQLITE_OK)
                return eventlog_error(f, error);
        sqlite3_extended_result_codes(f->db, 1);
        sqlite3_busy_timeout(f->db, BUSY_MS);
        sqlite3_db_config(f->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        if (sqlite3_db_readonly(f->db, "main") == 1)
                return error_set(error, ERROR_INTERNAL, "the event log %s may not be written",
                                 f->path);
        if (sqlite3_exec(f->db,
                         "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL; PRAGMA "
                         "secure_delete = OFF;"
                         "PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY",
                         NULL, NULL, NULL) != SQLITE_OK)
                return eventlog_error(f, error);
        sqlite3_wal_hook(f->db, on_commit, f);
        return schema_check(f, error);
}

/* PATH-lock is never deleted: otherwise two processes may hold locks on two files of this name. */
static bool lock_open(struct eventlog *f, struct error *error)
{
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s-lock", f->path);
        f->lock = open(path, O_RDWR | O_CLOEXEC | O_CREAT, 0666);
        return f->lock >= 0 || error_set(error, ERROR_INTERNAL, "%s: %s", path, strerror(errno));
}

static bool wake_file_open(struct eventlog *f, struct error *error)
{
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s-wake", f->path);
        f->wake = futex_open(path, error);
        return f->wake;
}

static bool note_place(struct eventlog *f, struct error *error)
{
        struct stat is;

        if (stat(f->path, &is) < 0)
                return error_set(error, ERROR_UNAVAILABLE, "%s: %s", f->path, strerror(errno));
        f->device = is.st_dev;
        f->inode = is.st_ino;
        return true;
}

bool eventlog_is_in_place(const struct eventlog *f)
{
        struct stat is;

        return stat(f->path, &is) == 0 && is.st_dev == f->device && is.st_ino == f->inode;
}

struct eventlog *eventlog_open(const char *path, enum eventlog_use use, struct error *error)
{
        struct eventlog *f = memory_alloc(sizeof *f);
        bool open;

        f->path = memory_string(path);
        f->use = use;
        f->lock = -1;
        if (use == EVENTLOG_INSPECTS && access(path, F_OK) < 0) {
                error_set(error, ERROR_NOT_FOUND, "%s: %s", path, strerror(errno));
                eventlog_close(&f);
                return NULL;
        }
        if (!lock_open(f, error)) {
                eventlog_close(&f);
                return NULL;
        }
        lock_take(f);
        open = connection_open(f, error) && wake_file_open(f, error) && note_place(f, error);
        lock_give(f);
        if (!open)
                eventlog_close(&f);
        return f;
}

void eventlog_close(struct eventlog **file)
{
        struct eventlog *f = *file;

        if (!f)
                return;
        *file = NULL;
        for (int i = 0; i < EVENTLOG_STATEMENTS; i++)
                sqlite3_finalize(f->statements[i]);
        sqlite3_close(f->db);
        futex_close(&f->wake);
        if (f->lock >= 0)
                close(f->lock);
        free(f->path);
        free(f);
}

struct futex *eventlog_futex(const struct eventlog *f)
{
        return f->wake;
}
