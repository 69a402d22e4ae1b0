#include "event/eventlog.h"

#include "base/clock.h"
#include "event/eventlog_inside.h"

#include <string.h>

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
        sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

bool eventlog_join(struct eventlog *f, const char *group, const char *topic, int64_t *position,
                   struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_JOIN, error);
        bool joined;

        if (!s || !eventlog_begin(f, error))
                return false;
        bind_text(s, 1, group);
        bind_text(s, 2, topic);
        sqlite3_bind_int64(s, 3, clock_wall_ms());
        joined = sqlite3_step(s) == SQLITE_ROW;
        if (joined)
                *position = sqlite3_column_int64(s, 0);
        else
                eventlog_error(f, error);
        sqlite3_reset(s);
        if (joined)
                return eventlog_commit(f, error);
        eventlog_abandon(f);
        return false;
}

/* Runs a bound statement without rows, as a write of its own. */
static bool write_one(struct eventlog *f, sqlite3_stmt *s, struct error *error)
{
        bool written;

        if (!eventlog_begin(f, error))
                return false;
        written = sqlite3_step(s) == SQLITE_DONE;
        if (!written)
                eventlog_error(f, error);
        sqlite3_reset(s);
        if (written)
                return eventlog_commit(f, error);
        eventlog_abandon(f);
        return false;
}

bool eventlog_move(struct eventlog *f, const char *group, const char *topic, int64_t position,
                   struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_MOVE, error);

        if (!s)
                return false;
        bind_text(s, 1, group);
        bind_text(s, 2, topic);
        sqlite3_bind_int64(s, 3, clock_wall_ms());
        sqlite3_bind_int64(s, 4, position);
        return write_one(f, s, error);
}

bool eventlog_forget(struct eventlog *f, const char *group, struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_FORGET, error);

        if (!s)
                return false;
        bind_text(s, 1, group);
        if (!write_one(f, s, error))
                return false;
        if (sqlite3_changes(f->db) == 0)
                return error_set(error, ERROR_NOT_FOUND, "%s knows no group %s", f->path, group);
        return true;
}

size_t eventlog_groups(struct eventlog *f, struct arena *arena, struct eventlog_group **groups,
                       struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_GROUPS, error);
        size_t count = 0, room = 0;
        int step;

        *groups = NULL;
        if (!s)
                return 0;
        while ((step = sqlite3_step(s)) == SQLITE_ROW) {
                struct eventlog_group *g;
                int64_t end = sqlite3_column_int64(s, 4);

                *groups = arena_reserve(arena, *groups, &room, count + 1, sizeof *g);
                g = &(*groups)[count++];
                g->name = arena_string(arena, (const char *)sqlite3_column_text(s, 0));
                g->topic = arena_string(arena, (const char *)sqlite3_column_text(s, 1));
                g->position = sqlite3_column_int64(s, 2);
                g->seen_ms = sqlite3_column_int64(s, 3);
                g->lag = end > g->position ? end - g->position : 0;
        }
        if (step != SQLITE_DONE)
                eventlog_error(f, error);
        sqlite3_reset(s);
        return step == SQLITE_DONE ? count : 0;
}
