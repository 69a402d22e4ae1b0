/* eventlog_inside - for eventlog.c (connection), eventlog_rows.c and eventlog_groups.c only. */
#ifndef EVENT_EVENTLOG_INSIDE_H
#define EVENT_EVENTLOG_INSIDE_H

#include "event/eventlog.h"

#include <sqlite3.h>
#include <sys/types.h>

enum eventlog_statement {
        EVENTLOG_BEGIN,
        EVENTLOG_COMMIT,
        EVENTLOG_ROLLBACK,
        EVENTLOG_APPEND,
        EVENTLOG_READ_TOPIC,
        EVENTLOG_READ_OTHER,
        EVENTLOG_READ_ALL,
        EVENTLOG_READ_LAST,
        EVENTLOG_FIRST,
        EVENTLOG_END,
        EVENTLOG_END_OF_OTHER,
        EVENTLOG_OTHER_TOPIC,
        EVENTLOG_END_OF_ALL,
        EVENTLOG_BEFORE_LAST,
        EVENTLOG_JOIN,
        EVENTLOG_MOVE,
        EVENTLOG_FORGET,
        EVENTLOG_GROUPS,
        EVENTLOG_RETIRE_UP_TO,
        EVENTLOG_RETIRE,
        EVENTLOG_HOLDER,
        EVENTLOG_STATEMENTS
};

struct eventlog {
        sqlite3 *db;
        sqlite3_stmt *statements[EVENTLOG_STATEMENTS]; /* prepared on first use */
        char *path;
        dev_t device; /* of the file of this name when it was opened */
        ino_t inode;
        int lock; /* descriptor of PATH-lock */
        enum eventlog_use use;
        struct futex *wake;
        int wal_pages;       /* after the last commit */
        int checkpointed_at; /* wal_pages at the last checkpoint */
};

/* Returns it ready to bind; NULL fills the error. Reset it after use. */
sqlite3_stmt *eventlog_statement(struct eventlog *file, enum eventlog_statement which,
                                 struct error *error);

/* Fills in SQLite's last error; returns false. */
bool eventlog_error(struct eventlog *file, struct error *error);

/* For a write: begin takes the flock, commit and abandon release it. A failed commit has
   abandoned. */
bool eventlog_begin(struct eventlog *file, struct error *error);
bool eventlog_commit(struct eventlog *file, struct error *error);
void eventlog_abandon(struct eventlog *file);

#endif
