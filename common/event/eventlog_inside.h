/* eventlog_inside - for eventlog.c (connection) and eventlog_*.c only.

   A row is one record, or many of the bus's own topic, which one append brought. The row of many:

     offset     that of its last record; those of the others come right before it
     timestamp  the latest of theirs
     key        how many they are, an integer
     value      the records (packed_record), their headers PACKED_FOR_EVENTLOG
     headers    EVENTLOG_MANY: no headers, so that an older program, which may have had the file
                open before it was migrated, says that they are damaged, and stops there

   A row is deleted as a whole, so offsets have no gaps, but for rows that were deleted. */
#ifndef EVENT_EVENTLOG_INSIDE_H
#define EVENT_EVENTLOG_INSIDE_H

#include "data/packed_record.h"
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

#define EVENTLOG_MANY "\xff"

/* A row that is read, record by record. Its bytes are the statement's. */
struct eventlog_row {
        struct packed_record next; /* what eventlog_row_next found */
        const char *topic;
        int64_t number, last; /* the offset that was found last; the row's */
        const char *at, *end; /* of the records that are left */
        bool many, damaged;   /* damaged: after `number` */
};

/* The statement's columns: offset, topic, timestamp, key, value, headers. */
void eventlog_row_open(struct eventlog_row *row, sqlite3_stmt *statement);
/* False: there are no more, or the row is damaged. */
bool eventlog_row_next(struct eventlog_row *row);

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
