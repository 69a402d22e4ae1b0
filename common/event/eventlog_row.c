#include "event/eventlog_inside.h"

#include <string.h>

static const char *column(sqlite3_stmt *s, int at, size_t *len)
{
        const char *bytes;

        *len = 0;
        if (sqlite3_column_type(s, at) == SQLITE_NULL)
                return NULL;
        bytes = sqlite3_column_blob(s, at);
        *len = (size_t)sqlite3_column_bytes(s, at);
        return bytes ? bytes : "";
}

/* A number alone would not be enough: who appends by hand may use one as a key. */
static bool is_of_many(sqlite3_stmt *s, const struct packed_record *p)
{
        return sqlite3_column_type(s, 3) == SQLITE_INTEGER &&
               p->headers_len == sizeof EVENTLOG_MANY - 1 &&
               memcmp(p->headers, EVENTLOG_MANY, p->headers_len) == 0;
}

static void open_many(struct eventlog_row *row, int64_t count)
{
        row->many = true;
        row->damaged = count < 1 || count > row->last;
        if (!row->damaged)
                row->number = row->last - count;
        row->at = row->next.value;
        row->end = row->at + row->next.value_len;
}

void eventlog_row_open(struct eventlog_row *row, sqlite3_stmt *s)
{
        struct packed_record *p = &row->next;

        *row = (struct eventlog_row){.last = sqlite3_column_int64(s, 0),
                                     .topic = (const char *)sqlite3_column_text(s, 1)};
        *p = (struct packed_record){.number = row->last, .at = sqlite3_column_int64(s, 2)};
        p->headers = column(s, 5, &p->headers_len);
        p->value = column(s, 4, &p->value_len);
        row->number = row->last - 1;
        if (is_of_many(s, p))
                open_many(row, sqlite3_column_int64(s, 3));
        else
                p->key = column(s, 3, &p->key_len);
        row->damaged |= !row->topic;
}

/* The last record ends where the row does. */
static bool next_of_many(struct eventlog_row *row)
{
        row->damaged = !packed_record_next(&row->at, row->end, &row->next) ||
                       row->next.number != row->number + 1 ||
                       (row->next.number == row->last && row->at != row->end);
        return !row->damaged;
}

bool eventlog_row_next(struct eventlog_row *row)
{
        if (row->damaged || row->number == row->last || (row->many && !next_of_many(row)))
                return false;
        row->number++;
        return true;
}
