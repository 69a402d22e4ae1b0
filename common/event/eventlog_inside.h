/* eventlog_inside - what eventlog.c (connection), eventlog_rows.c and eventlog_groups.c share. */
#ifndef EVENT_EVENTLOG_INSIDE_H
#define EVENT_EVENTLOG_INSIDE_H

#include "event/eventlog.h"

#include <sqlite3.h>

enum eventlog_statement {
        LOG_BEGIN,
        LOG_COMMIT,
        LOG_ROLLBACK,
        LOG_APPEND,
        LOG_READ_TOPIC,
        LOG_READ_ALL,
        LOG_READ_LAST,
        LOG_END,
        LOG_JOIN,
        LOG_MOVE,
        LOG_FORGET,
        LOG_GROUPS,
        LOG_RETIRE_UP_TO,
        LOG_RETIRE,
        LOG_HOLDER,
        LOG_STATEMENTS
};

struct eventlog {
        sqlite3 *db;
        sqlite3_stmt *statements[LOG_STATEMENTS]; /* prepared on first use */
        char *path;
        int lock; /* descriptor of PATH-lock */
        enum eventlog_use use;
        struct futex *wake;
        int wal_pages;       /* after the last commit */
        int checkpointed_at; /* wal_pages at the last checkpoint */
};

/* Ready to bind; NULL fills the error. Reset it when done. */
sqlite3_stmt *eventlog_statement(struct eventlog *file, enum eventlog_statement which,
                                 struct error *error);

/* What SQLite said last; false. */
bool eventlog_error(struct eventlog *file, struct error *error);

/* A write: begin takes the flock, commit and abandon give it back. A failed commit has
   abandoned. */
bool eventlog_begin(struct eventlog *file, struct error *error);
bool eventlog_commit(struct eventlog *file, struct error *error);
void eventlog_abandon(struct eventlog *file);

#endif
