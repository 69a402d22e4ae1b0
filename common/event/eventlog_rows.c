#include "event/eventlog.h"

#include "data/packed_headers.h"
#include "event/bus_adapter.h"
#include "event/eventlog_inside.h"

#include <string.h>

enum {
        READ_BYTES = 1 << 20,       /* a read of large records ends here, to bound memory */
        LOOK_BACK_BYTES = 64 << 20, /* headers lie after the values: reading so much takes some
                                       100 ms */
};

static bool is_own(const char *topic)
{
        return strcmp(topic, EVENTLOG_TOPIC) == 0;
}

static const char *copy_bytes(struct arena *arena, const char *bytes, size_t len)
{
        return bytes ? arena_copy(arena, bytes, len) : NULL;
}

/* Copies to *room, which is zeroed, with a NUL after it. */
static const char *place_bytes(char **room, const char *bytes, size_t len)
{
        char *to = *room;

        if (!bytes)
                return NULL;
        memcpy(to, bytes, len);
        *room += len + 1;
        return to;
}

static bool copy_headers(const char *blob, size_t len, struct arena *arena, struct record *r)
{
        const char *end = blob + len;
        struct record_header *to;
        struct packed_header h;
        char *room;

        if (!packed_headers_count(blob, len, PACKED_FOR_EVENTLOG, &r->header_count))
                return false;
        r->headers = to = arena_alloc(arena, r->header_count * sizeof *to);
        room = arena_alloc(arena, len); /* a header's NULs are fewer than its lengths' bytes */
        for (; packed_headers_next(&blob, end, PACKED_FOR_EVENTLOG, &h); to++) {
                to->name = place_bytes(&room, h.name, h.name_len);
                to->value = place_bytes(&room, h.value, h.len);
                to->len = h.len;
        }
        return true;
}

static bool copy_record(struct eventlog *f, const struct eventlog_row *row, struct arena *arena,
                        struct record *r, struct error *error)
{
        const struct packed_record *p = &row->next;

        *r = (struct record){
                .topic = is_own(row->topic) ? EVENTLOG_TOPIC : arena_string(arena, row->topic),
                .offset = p->number,
                .timestamp_ms = p->at,
                .key = copy_bytes(arena, p->key, p->key_len),
                .key_len = p->key_len,
                .value = copy_bytes(arena, p->value, p->value_len),
                .value_len = p->value_len,
        };
        if (copy_headers(p->headers, p->headers_len, arena, r))
                return true;
        return error_set(error, ERROR_INTERNAL,
                         "the event log %s is damaged: headers of offset %lld", f->path,
                         (long long)r->offset);
}

/* So is one whose headers are damaged: whoever copies it finds that. */
static bool is_wanted(const struct packed_record *p, const struct bus *reader)
{
        const char *at = p->headers, *end = at + p->headers_len;
        struct bus_sign sign = {0};
        struct packed_header h;

        while (packed_headers_next(&at, end, PACKED_FOR_EVENTLOG, &h))
                bus_sign_take(&sign, h.name, h.name_len, h.value, h.len);
        return at != end || bus_wants(reader, &sign);
}

static size_t record_bytes(const struct record *r)
{
        size_t bytes = r->key_len + r->value_len;

        for (size_t i = 0; i < r->header_count; i++)
                bytes += r->headers[i].len;
        return bytes;
}

struct log_reading {
        struct eventlog *file;
        const struct bus *reader; /* NULL: all are wanted */
        int64_t after;            /* the last record that it has passed */
        struct record *records;
        size_t most, looked, count, bytes;
        struct arena *arena;
};

static bool is_enough(const struct log_reading *g)
{
        return g->looked == g->most || g->bytes >= READ_BYTES;
}

/* A row that was read in part begins again with those that it has passed. */
static bool take_record(struct log_reading *g, const struct eventlog_row *row, struct error *error)
{
        struct record *r = &g->records[g->count];

        if (row->many && row->number <= g->after)
                return true;
        g->looked++;
        if (!g->reader || is_wanted(&row->next, g->reader)) {
                if (!copy_record(g->file, row, g->arena, r, error))
                        return false;
                g->count++;
                g->bytes += record_bytes(r);
        }
        g->after = row->number;
        return true;
}

static bool take_row(struct log_reading *g, sqlite3_stmt *s, struct error *error)
{
        struct eventlog_row row;

        eventlog_row_open(&row, s);
        while (!is_enough(g) && eventlog_row_next(&row))
                if (!take_record(g, &row, error))
                        return false;
        return !row.damaged ||
               error_set(error, ERROR_INTERNAL, "the event log %s is damaged: offset %lld",
                         g->file->path, (long long)row.number + 1);
}

static void read_rows(struct log_reading *g, sqlite3_stmt *s, struct error *error)
{
        int step = SQLITE_DONE;

        while (!is_enough(g) && (step = sqlite3_step(s)) == SQLITE_ROW)
                if (!take_row(g, s, error))
                        break;
        /* records read before an error count; the error will come again */
        if (g->count)
                error->kind = ERROR_NONE;
        else if (step != SQLITE_DONE && step != SQLITE_ROW)
                eventlog_error(g->file, error);
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
        struct log_reading g = {.file = f,
                                .reader = reader,
                                .after = *after,
                                .records = records,
                                .most = most,
                                .arena = arena};

        if (!s)
                return 0;
        sqlite3_bind_int64(s, 1, *after);
        sqlite3_bind_int64(s, 2, (int64_t)most);
        if (topic)
                sqlite3_bind_text(s, 3, topic, -1, SQLITE_STATIC);
        read_rows(&g, s, error);
        sqlite3_reset(s);
        *after = g.after;
        return g.count;
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

/* The last ones of a row, at most *left, the last first. */
static void look_back_in_row(sqlite3_stmt *s, const struct bus *reader, size_t *left,
                             struct arena *scratch)
{
        struct packed_record *found = NULL;
        size_t count = 0, room = 0;
        struct eventlog_row row;

        eventlog_row_open(&row, s);
        while (eventlog_row_next(&row)) {
                found = arena_reserve(scratch, found, &room, count + 1, sizeof *found);
                found[count++] = row.next;
        }
        while (count && *left) {
                is_wanted(&found[--count], reader);
                --*left;
        }
}

void eventlog_look_back(struct eventlog *f, const struct bus *reader, size_t most)
{
        struct error ignored;
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_READ_LAST, &ignored);
        struct arena *scratch;

        if (!s)
                return;
        scratch = arena_open();
        sqlite3_bind_int64(s, 2, (int64_t)most);
        sqlite3_bind_text(s, 3, reader->topic, -1, SQLITE_STATIC);
        for (int64_t bytes = 0; most && bytes < LOOK_BACK_BYTES && sqlite3_step(s) == SQLITE_ROW;
             bytes += sqlite3_column_int64(s, 6)) {
                look_back_in_row(s, reader, &most, scratch);
                arena_reset(scratch);
        }
        sqlite3_reset(s);
        arena_close(&scratch);
}

/* topic NULL: the statement has no such parameter */
static int64_t find_offset(struct eventlog *f, enum eventlog_statement which, const char *topic)
{
        struct error ignored;
        sqlite3_stmt *s = eventlog_statement(f, which, &ignored);
        int64_t offset = 0;

        if (!s)
                return 0;
        if (topic)
                sqlite3_bind_text(s, 1, topic, -1, SQLITE_STATIC);
        if (sqlite3_step(s) == SQLITE_ROW)
                offset = sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        return offset;
}

int64_t eventlog_first(struct eventlog *f, const char *topic)
{
        return find_offset(f, EVENTLOG_FIRST, topic);
}

int64_t eventlog_end(struct eventlog *f, const char *topic)
{
        return find_offset(f,
                           !topic          ? EVENTLOG_END_OF_ALL
                           : is_own(topic) ? EVENTLOG_END
                                           : EVENTLOG_END_OF_OTHER,
                           topic);
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
        struct error ignored;
        sqlite3_stmt *s = eventlog_statement(f, EVENTLOG_BEFORE_LAST, &ignored);
        int64_t before = 0;

        if (!s)
                return 0;
        sqlite3_bind_text(s, 1, topic, -1, SQLITE_STATIC);
        while (!before && sqlite3_step(s) == SQLITE_ROW) {
                int64_t offset = sqlite3_column_int64(s, 0), records = sqlite3_column_int64(s, 1);

                if (records > last)
                        before = offset - last;
                last -= records > 0 ? records : 1;
        }
        sqlite3_reset(s);
        return before;
}
