/* eventlog_story - for tests only: an event log in the story's directory, and a look at its rows.
 */
#ifndef TESTING_EVENTLOG_STORY_H
#define TESTING_EVENTLOG_STORY_H

#include "event/eventlog.h"
#include "testing/check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APPEND_MOST = 3000 };

static inline const char *log_path(void)
{
        static char path[200];

        snprintf(path, sizeof path, "%s/mall.log", check_directory());
        return path;
}

static inline struct eventlog *open_log(enum eventlog_use use)
{
        struct error e = {0};
        struct eventlog *f = eventlog_open(log_path(), use, &e);

        check_text(e.text, "");
        return f;
}

static inline int64_t query(const char *sql)
{
        sqlite3_stmt *s;
        sqlite3 *db;
        int64_t number;

        check_int(sqlite3_open(log_path(), &db), SQLITE_OK);
        check_int(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
        number = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
        sqlite3_finalize(s);
        sqlite3_close(db);
        return number;
}

static inline void alter(const char *sql)
{
        sqlite3 *db;

        check_int(sqlite3_open(log_path(), &db), SQLITE_OK);
        check_int(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
}

/* One append of so many records, whose values are numbers from `from` on. */
static inline void append(struct eventlog *f, int from, int count, int64_t timestamp_ms)
{
        static char values[APPEND_MOST][8];
        static struct record r[APPEND_MOST];
        struct error e = {0};

        for (int i = 0; i < count; i++) {
                snprintf(values[i], sizeof values[i], "%d", from + i);
                r[i] = (struct record){.value = values[i],
                                       .value_len = strlen(values[i]),
                                       .timestamp_ms = timestamp_ms};
        }
        check(eventlog_append(f, "mall", r, (size_t)count, &e));
}

/* The records after that offset, `most` at a time, have the values that follow it, to `last`. */
static inline void expect_after(struct eventlog *f, int64_t after, size_t most, int last)
{
        struct arena *arena = arena_open();
        struct record r[100];
        struct error e = {0};
        size_t count;

        while ((count = eventlog_read(f, "mall", after, r, most, arena, &e))) {
                check(count <= most);
                for (size_t i = 0; i < count; i++) {
                        check_int(r[i].offset, ++after);
                        check_int(atoi(r[i].value), after);
                }
        }
        check_text(e.text, "");
        check_int(after, last);
        arena_close(&arena);
}

#endif
