/* log_file_inside - what log_file.c (connection), log_rows.c and log_groups.c share. */
#ifndef EVENT_LOG_FILE_INSIDE_H
#define EVENT_LOG_FILE_INSIDE_H

#include "event/log_file.h"

#include <sqlite3.h>

enum log_statement {
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

struct log_file {
        sqlite3 *db;
        sqlite3_stmt *statements[LOG_STATEMENTS]; /* prepared on first use */
        char *path;
        int lock; /* descriptor of PATH-lock */
        enum log_use use;
        struct wake *wake;
        int wal_pages;       /* after the last commit */
        int checkpointed_at; /* wal_pages at the last checkpoint */
};

/* Ready to bind; NULL fills the error. Reset it when done. */
sqlite3_stmt *log_statement(struct log_file *file, enum log_statement which, struct error *error);

/* What SQLite said last; false. */
bool log_file_error(struct log_file *file, struct error *error);

/* A write: begin takes the flock, commit and abandon give it back. A failed commit has abandoned. */
bool log_file_begin(struct log_file *file, struct error *error);
bool log_file_commit(struct log_file *file, struct error *error);
void log_file_abandon(struct log_file *file);

#endif
