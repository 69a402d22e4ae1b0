#include "event/eventlog_inside.h"

#include <stdio.h>

/* What is deleted at once: rows, or bytes of values, whichever is reached first. */
enum { RETIRE_ROWS = 500, RETIRE_BYTES = 2 << 20 };

static void find_holder(struct eventlog *f, int64_t offset, char holder[128])
{
        struct error ignored;
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_HOLDER, &ignored);

        if (!s)
                return;
        sqlite3_bind_int64(s, 1, offset);
        if (sqlite3_step(s) == SQLITE_ROW)
                snprintf(holder, 128, "%s", (const char *)sqlite3_column_text(s, 0));
        sqlite3_reset(s);
}

static bool delete_before(struct eventlog *f, int64_t offset, struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_RETIRE, error);
        bool deleted;

        if (!s || !eventlog_begin(f, error))
                return false;
        sqlite3_bind_int64(s, 1, offset);
        deleted = sqlite3_step(s) == SQLITE_DONE;
        if (!deleted)
                eventlog_error(f, error);
        sqlite3_reset(s);
        if (deleted)
                return eventlog_commit(f, error);
        eventlog_abandon(f);
        return false;
}

bool eventlog_retire(struct eventlog *f, int64_t before_ms, bool *more, char holder[128],
                     struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_RETIRE_UP_TO, error);
        int64_t stay = 0, number = 0;
        bool old = false, full = false;

        *more = false;
        holder[0] = '\0';
        if (!s)
                return false;
        sqlite3_bind_int64(s, 1, before_ms);
        sqlite3_bind_int64(s, 2, RETIRE_ROWS);
        sqlite3_bind_int64(s, 3, RETIRE_BYTES);
        if (sqlite3_step(s) == SQLITE_ROW) {
                stay = sqlite3_column_int64(s, 0);
                number = sqlite3_column_int64(s, 1);
                old = sqlite3_column_int(s, 2);
                full = sqlite3_column_int(s, 3);
        }
        sqlite3_reset(s);
        if (old)
                find_holder(f, stay, holder);
        *more = full && !holder[0] && old;
        return number <= 1 || delete_before(f, stay, error);
}
