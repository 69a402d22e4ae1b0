#include "base/clock.h"
#include "data/packed_headers.h"
#include "event/bus_adapter.h"
#include "event/eventlog_inside.h"

/* Bytes of a row of many: an insert costs as much as some kilobytes, and a reader that stops inside
   a row reads all of it once more. */
enum { MANY_MOST = 32 << 10 };

/* The records of the row that comes next. */
struct appending {
        struct eventlog *file;
        sqlite3_stmt *insert;
        bool alone;  /* the append has one record: SQLite finds its offset for less */
        int64_t end; /* the last offset in the file, unless alone */
        const char *topic;
        size_t count;
        int64_t latest; /* of their timestamps */
        struct text records, headers;
};

/* NULL stays NULL, an empty value stays empty. */
static void bind_bytes(sqlite3_stmt *s, int at, const char *bytes, size_t len)
{
        sqlite3_bind_blob64(s, at, bytes, bytes ? len : 0, SQLITE_STATIC);
}

static void bind_one(struct appending *a)
{
        const char *at = a->records.at;
        struct packed_record p;

        packed_record_next(&at, at + a->records.len, &p);
        bind_bytes(a->insert, 4, p.key, p.key_len);
        bind_bytes(a->insert, 5, p.value, p.value_len);
        bind_bytes(a->insert, 6, p.headers, p.headers_len);
}

static void bind_many(struct appending *a)
{
        sqlite3_bind_int64(a->insert, 4, (int64_t)a->count);
        bind_bytes(a->insert, 5, a->records.at, a->records.len);
        bind_bytes(a->insert, 6, EVENTLOG_MANY, sizeof EVENTLOG_MANY - 1);
}

static bool write_row(struct appending *a, struct error *error)
{
        bool written;

        if (!a->count)
                return true;
        a->end += (int64_t)a->count;
        if (a->alone)
                sqlite3_bind_null(a->insert, 1);
        else
                sqlite3_bind_int64(a->insert, 1, a->end);
        sqlite3_bind_text(a->insert, 2, a->topic, -1, SQLITE_STATIC);
        sqlite3_bind_int64(a->insert, 3, a->latest);
        if (a->count > 1)
                bind_many(a);
        else
                bind_one(a);
        written = sqlite3_step(a->insert) == SQLITE_DONE;
        if (!written)
                eventlog_error(a->file, error);
        sqlite3_reset(a->insert);
        a->records.len = a->count = 0;
        return written;
}

/* Only the bus's own records share rows. Of dead letters there are few. */
static bool shares_row(const struct appending *a, const char *topic, const struct packed_record *p)
{
        return strcmp(topic, EVENTLOG_TOPIC) == 0 && strcmp(a->topic, EVENTLOG_TOPIC) == 0 &&
               a->records.len + packed_record_most(p) <= MANY_MOST;
}

static bool add_record(struct appending *a, const char *topic, const struct record *r,
                       struct error *error)
{
        struct packed_record p = {.at = r->timestamp_ms ? r->timestamp_ms : clock_wall_ms(),
                                  .key = r->key,
                                  .key_len = r->key_len,
                                  .value = r->value,
                                  .value_len = r->value_len};

        a->headers.len = 0;
        for (size_t i = 0; i < r->header_count; i++)
                packed_headers_add(&a->headers, PACKED_FOR_EVENTLOG, r->headers[i].name,
                                   r->headers[i].value, r->headers[i].len);
        p.headers = a->headers.len ? a->headers.at : NULL;
        p.headers_len = a->headers.len;
        if (a->count && !shares_row(a, topic, &p) && !write_row(a, error))
                return false;
        p.number = a->end + (int64_t)++a->count;
        a->topic = topic;
        if (a->count == 1 || p.at > a->latest)
                a->latest = p.at;
        packed_record_add(&a->records, &p);
        return true;
}

/* Others may have appended since: to be called inside the transaction. */
static bool find_end(struct appending *a, struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(a->file, EVENTLOG_END_OF_ALL, error);
        int step;

        if (!s)
                return false;
        step = sqlite3_step(s);
        if (step == SQLITE_ROW)
                a->end = sqlite3_column_int64(s, 0);
        else if (step != SQLITE_DONE)
                eventlog_error(a->file, error);
        sqlite3_reset(s);
        return step == SQLITE_ROW || step == SQLITE_DONE;
}

static bool add_all(struct appending *a, const char *topic, const struct record *records,
                    size_t count, struct error *error)
{
        if (!a->alone && !find_end(a, error))
                return false;
        for (size_t i = 0; i < count; i++)
                if (!bus_record_fault(&records[i]) &&
                    !add_record(a, records[i].topic ? records[i].topic : topic, &records[i], error))
                        return false;
        return write_row(a, error);
}

bool eventlog_append(struct eventlog *f, const char *topic, const struct record *records,
                     size_t count, struct error *error)
{
        struct appending a = {.file = f,
                              .insert = eventlog_statement(f, EVENTLOG_APPEND, error),
                              .alone = count == 1};
        struct arena *arena;
        bool good;

        if (!a.insert || !eventlog_begin(f, error))
                return false;
        arena = arena_open();
        a.records = text_open(arena, count > 1 ? MANY_MOST : 1000);
        a.headers = text_open(arena, 500);
        good = add_all(&a, topic, records, count, error);
        arena_close(&arena);
        if (good)
                return eventlog_commit(f, error);
        eventlog_abandon(f);
        return false;
}
