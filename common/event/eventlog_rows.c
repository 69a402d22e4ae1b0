#include "event/eventlog.h"

#include "base/clock.h"
#include "data/packed_headers.h"
#include "event/bus_adapter.h"
#include "event/eventlog_inside.h"

#include <stdio.h>
#include <string.h>

enum {
        READ_BYTES = 1 << 20,       /* a read of large records ends here, to bound memory */
        LOOK_BACK_BYTES = 64 << 20, /* headers lie after the values: reading so much takes some
                                       100 ms */
        RETIRE_PORTION = 500,
};

/* NULL stays NULL, an empty value stays empty. */
static void bind_bytes(sqlite3_stmt *s, int at, const char *bytes, size_t len)
{
        sqlite3_bind_blob64(s, at, bytes, bytes ? len : 0, SQLITE_STATIC);
}

/* room: a text for packing the headers, used again for each record */
static bool append_one(struct eventlog *f, sqlite3_stmt *s, const char *topic,
                       const struct record *r, struct text *room, struct error *error)
{
        bool appended;

        room->len = 0;
        for (size_t i = 0; i < r->header_count; i++)
                packed_headers_add(room, PACKED_FOR_EVENTLOG, r->headers[i].name,
                                   r->headers[i].value, r->headers[i].len);

        sqlite3_bind_text(s, 1, r->topic ? r->topic : topic, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, r->timestamp_ms ? r->timestamp_ms : clock_wall_ms());
        bind_bytes(s, 3, r->key, r->key_len);
        bind_bytes(s, 4, r->value, r->value_len);
        bind_bytes(s, 5, room->len ? room->at : NULL, room->len);
        appended = sqlite3_step(s) == SQLITE_DONE;
        if (!appended)
                eventlog_error(f, error);
        sqlite3_reset(s);
        return appended;
}

bool eventlog_append(struct eventlog *f, const char *topic, const struct record *records,
                     size_t count, struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_APPEND, error);
        struct arena *arena;
        struct text room;
        bool good = true;

        if (!s || !eventlog_begin(f, error))
                return false;
        arena = arena_open();
        room = text_open(arena, 500);
        for (size_t i = 0; i < count && good; i++)
                good = bus_record_fault(&records[i]) ||
                       append_one(f, s, topic, &records[i], &room, error);
        arena_close(&arena);
        if (good)
                return eventlog_commit(f, error);
        eventlog_abandon(f);
        return false;
}

static const char *copy_column(sqlite3_stmt *s, int at, size_t *len, struct arena *arena)
{
        const char *bytes;

        if (sqlite3_column_type(s, at) == SQLITE_NULL)
                return NULL;
        bytes = sqlite3_column_blob(s, at);
        *len = (size_t)sqlite3_column_bytes(s, at);
        return arena_copy(arena, bytes ? bytes : "", *len);
}

static bool copy_headers(const char *blob, size_t len, struct arena *arena, struct record *r)
{
        const char *end = blob + len;
        struct record_header *to;
        struct packed_header h;

        if (!packed_headers_count(blob, len, PACKED_FOR_EVENTLOG, &r->header_count))
                return false;
        r->headers = to = arena_alloc(arena, r->header_count * sizeof *to);
        for (; packed_headers_next(&blob, end, PACKED_FOR_EVENTLOG, &h); to++)
                *to = (struct record_header){arena_copy(arena, h.name, h.name_len),
                                             h.value ? arena_copy(arena, h.value, h.len) : NULL,
                                             h.len};
        return true;
}

static bool copy_row(struct eventlog *f, sqlite3_stmt *s, struct arena *arena, struct record *r,
                     struct error *error)
{
        size_t topic_len;

        *r = (struct record){.offset = sqlite3_column_int64(s, 0),
                             .timestamp_ms = sqlite3_column_int64(s, 2)};
        r->topic = copy_column(s, 1, &topic_len, arena);
        r->key = copy_column(s, 3, &r->key_len, arena);
        r->value = copy_column(s, 4, &r->value_len, arena);
        if (copy_headers(sqlite3_column_blob(s, 5), (size_t)sqlite3_column_bytes(s, 5), arena, r))
                return true;
        return error_set(error, ERROR_INTERNAL,
                         "the event log %s is damaged: headers of offset %lld", f->path,
                         (long long)r->offset);
}

static bool is_wanted(sqlite3_stmt *s, const struct bus *reader)
{
        const char *at = sqlite3_column_blob(s, 5), *end = at + sqlite3_column_bytes(s, 5);
        struct bus_sign sign = {0};
        struct packed_header h;

        while (packed_headers_next(&at, end, PACKED_FOR_EVENTLOG, &h))
                bus_sign_take(&sign, h.name, h.name_len, h.value, h.len);
        return bus_wants(reader, &sign);
}

static size_t record_bytes(const struct record *r)
{
        size_t bytes = r->key_len + r->value_len;

        for (size_t i = 0; i < r->header_count; i++)
                bytes += r->headers[i].len;
        return bytes;
}

/* reader: NULL: all are wanted. Moves `after` past the records that it looked at. */
static size_t read_some(struct eventlog *f, sqlite3_stmt *s, const struct bus *reader,
                        int64_t *after, struct record *records, size_t most, struct arena *arena,
                        struct error *error)
{
        size_t count = 0, bytes = 0;
        int step = SQLITE_DONE;

        while (count < most && bytes < READ_BYTES && (step = sqlite3_step(s)) == SQLITE_ROW) {
                if (!reader || is_wanted(s, reader)) {
                        if (!copy_row(f, s, arena, &records[count], error))
                                break;
                        bytes += record_bytes(&records[count++]);
                }
                *after = sqlite3_column_int64(s, 0);
        }
        /* records read before an error count; the error will come again */
        if (count)
                error->kind = ERROR_NONE;
        else if (step != SQLITE_DONE && step != SQLITE_ROW)
                eventlog_error(f, error);
        return count;
}

static bool is_own(const char *topic)
{
        return strcmp(topic, EVENTLOG_TOPIC) == 0;
}

static size_t read_topic(struct eventlog *f, const char *topic, const struct bus *reader,
                         int64_t *after, struct record *records, size_t most, struct arena *arena,
                         struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f,
                                             !topic          ? EVENTLOG_READ_ALL
                                             : is_own(topic) ? EVENTLOG_READ_TOPIC
                                                             : EVENTLOG_READ_OTHER,
                                             error);
        size_t count;

        if (!s)
                return 0;
        sqlite3_bind_int64(s, 1, *after);
        sqlite3_bind_int64(s, 2, (int64_t)most);
        if (topic)
                sqlite3_bind_text(s, 3, topic, -1, SQLITE_STATIC);
        count = read_some(f, s, reader, after, records, most, arena, error);
        sqlite3_reset(s);
        return count;
}

size_t eventlog_read(struct eventlog *f, const char *topic, int64_t after, struct record *records,
                     size_t most, struct arena *arena, struct error *error)
{
        return read_topic(f, topic, NULL, &after, records, most, arena, error);
}

size_t eventlog_read_wanted(struct eventlog *f, const struct bus *reader, int64_t *after,
                            struct record *records, size_t most, struct arena *arena,
                            struct error *error)
{
        return read_topic(f, reader->topic, reader->wanted ? reader : NULL, after, records, most,
                          arena, error);
}

void eventlog_look_back(struct eventlog *f, const struct bus *reader, size_t most)
{
        struct error ignored;
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_READ_LAST, &ignored);
        int64_t bytes = 0;

        if (!s)
                return;
        sqlite3_bind_int64(s, 2, (int64_t)most);
        sqlite3_bind_text(s, 3, reader->topic, -1, SQLITE_STATIC);
        for (; bytes < LOOK_BACK_BYTES && sqlite3_step(s) == SQLITE_ROW;
             bytes += sqlite3_column_int64(s, 4))
                is_wanted(s, reader);
        sqlite3_reset(s);
}

/* topic NULL, last -1: the statement has no such parameter */
static int64_t find_offset(struct eventlog *f, enum eventlog_statement which, const char *topic,
                           int64_t last)
{
        struct error ignored;
        sqlite3_stmt *s = eventlog_statement(f, which, &ignored);
        int64_t offset = 0;

        if (!s)
                return 0;
        if (topic)
                sqlite3_bind_text(s, 1, topic, -1, SQLITE_STATIC);
        if (last >= 0)
                sqlite3_bind_int64(s, 2, last);
        if (sqlite3_step(s) == SQLITE_ROW)
                offset = sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        return offset;
}

int64_t eventlog_first(struct eventlog *f, const char *topic)
{
        return find_offset(f, EVENTLOG_FIRST, topic, -1);
}

int64_t eventlog_end(struct eventlog *f, const char *topic)
{
        return find_offset(f,
                           !topic          ? EVENTLOG_END_OF_ALL
                           : is_own(topic) ? EVENTLOG_END
                                           : EVENTLOG_END_OF_OTHER,
                           topic, -1);
}

const char *eventlog_next_topic(struct eventlog *f, const char *after, struct arena *arena,
                                struct error *error)
{
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_OTHER_TOPIC, error);
        const char *next = NULL;
        int step;

        if (!s)
                return NULL;
        sqlite3_bind_text(s, 1, after, -1, SQLITE_STATIC);
        step = sqlite3_step(s);
        if (step == SQLITE_ROW)
                next = arena_string(arena, (const char *)sqlite3_column_text(s, 0));
        else if (step != SQLITE_DONE)
                eventlog_error(f, error);
        sqlite3_reset(s);
        return next;
}

int64_t eventlog_before_last(struct eventlog *f, const char *topic, int64_t last)
{
        return find_offset(f, EVENTLOG_BEFORE_LAST, topic, last);
}

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
        bool old = false;

        *more = false;
        holder[0] = '\0';
        if (!s)
                return false;
        sqlite3_bind_int64(s, 1, before_ms);
        sqlite3_bind_int64(s, 2, RETIRE_PORTION);
        if (sqlite3_step(s) == SQLITE_ROW) {
                stay = sqlite3_column_int64(s, 0);
                number = sqlite3_column_int64(s, 1);
                old = sqlite3_column_int(s, 2);
        }
        sqlite3_reset(s);
        if (old)
                find_holder(f, stay, holder);
        *more = number == RETIRE_PORTION && !holder[0] && old;
        return number <= 1 || delete_before(f, stay, error);
}
