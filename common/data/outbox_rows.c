/* A row with events = 1 has the record in its columns: one that is alone, that is large, that has a
   topic of its own or that is parked; also what an older program left.

   With events > 1 `value` has the records one after the other: of each a struct packed_record, and
   its bytes. `first` and `id` are the ids of the first and of the last one; some between may be
   missing. */
#include "data/outbox_rows.h"

#include "base/text.h"
#include "data/db.h"

#include <endian.h>
#include <string.h>

/* Bytes of a row's records. A row is written anew if some of them go before the others. */
enum { ROW_MOST = 64 << 10 };

/* Little-endian. The bytes of key, value and headers follow, each with a NUL after it. */
struct packed_record {
        uint64_t id, at;
        uint32_t key, value, headers; /* bytes without the NUL; NONE: null, and no bytes */
} __attribute__((packed));

static const uint32_t NONE = UINT32_MAX;

/* ---- writing ---- */

static size_t packed_most(const struct outbox_record *r)
{
        enum { NULS = 3 };

        return sizeof(struct packed_record) + NULS + outbox_record_bytes(r);
}

static uint32_t length_of(const char *bytes, size_t len)
{
        return htole32(bytes ? (uint32_t)len : NONE);
}

static void pack_bytes(struct text *row, const char *bytes, size_t len)
{
        if (!bytes)
                return;
        text_add(row, bytes, len);
        text_char(row, '\0');
}

static void pack(struct text *row, const struct outbox_record *r)
{
        size_t key_len = r->key ? strlen(r->key) : 0;
        const struct packed_record p = {
                htole64((uint64_t)r->id), htole64((uint64_t)r->at), length_of(r->key, key_len),
                length_of(r->value, r->value_len), length_of(r->headers, r->headers_len)};

        text_add(row, (const char *)&p, sizeof p);
        pack_bytes(row, r->key, key_len);
        pack_bytes(row, r->value, r->value_len);
        pack_bytes(row, r->headers, r->headers_len);
}

static bool insert(struct db *db, const struct outbox_record *r, int64_t first, size_t events,
                   struct error *error)
{
        static const char sql[] =
                "INSERT INTO outbox (id, first, events, topic, key, value, headers, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        struct statement *s = db_prepare(db, sql, error);

        if (!s)
                return false;
        bind_int(s, 1, r->id);
        bind_int(s, 2, first);
        bind_int(s, 3, (int64_t)events);
        bind_text(s, 4, r->topic);
        bind_bytes(s, 5, r->key, r->key ? strlen(r->key) : 0);
        bind_bytes(s, 6, r->value, r->value_len);
        bind_bytes(s, 7, r->headers, r->headers_len);
        bind_int(s, 8, r->at);
        return statement_send(s, error);
}

static bool insert_together(struct db *db, const struct outbox_record *records, size_t count,
                            size_t bytes, struct arena *scratch, struct error *error)
{
        struct text row = text_open(scratch, bytes);

        for (size_t i = 0; i < count; i++)
                pack(&row, &records[i]);
        return insert(db,
                      &(struct outbox_record){.id = records[count - 1].id,
                                              .value = row.at,
                                              .value_len = row.len,
                                              .headers = "",
                                              .at = records[0].at},
                      records[0].id, count, error);
}

bool outbox_rows_write(struct db *db, const struct outbox_record *records, size_t count,
                       struct arena *scratch, struct error *error)
{
        for (size_t i = 0, n; i < count; i += n) {
                const struct outbox_record *first = &records[i];
                size_t bytes = packed_most(first), next;

                for (n = 1; !first->topic && i + n < count && !first[n].topic; n++) {
                        if (bytes + (next = packed_most(&first[n])) > ROW_MOST)
                                break;
                        bytes += next;
                }
                if (!(n > 1 ? insert_together(db, first, n, bytes, scratch, error)
                            : insert(db, first, first->id, 1, error)))
                        return false;
        }
        return true;
}

/* ---- reading ---- */

static const char *copy_bytes(struct statement *s, int column, size_t *len, struct arena *arena)
{
        const void *bytes = column_bytes(s, column, len);

        return bytes ? arena_copy(arena, bytes, *len) : NULL;
}

void outbox_record_read(struct statement *s, struct outbox_record *r, struct arena *arena)
{
        size_t len;

        *r = (struct outbox_record){.id = column_int(s, 0), .at = column_int(s, 5)};
        r->topic = arena_string(arena, column_text(s, 1));
        r->key = copy_bytes(s, 2, &len, arena);
        r->value = copy_bytes(s, 3, &r->value_len, arena);
        r->headers = copy_bytes(s, 4, &r->headers_len, arena);
}

/* The bytes that one length counts; false where the row ends before them. */
static bool unpack_bytes(const char **at, const char *end, uint32_t length, const char **bytes,
                         size_t *len)
{
        *bytes = NULL;
        *len = 0;
        length = le32toh(length);
        if (length == NONE)
                return true;
        if ((size_t)(end - *at) <= length || (*at)[length])
                return false;
        *bytes = *at;
        *len = length;
        *at += length + 1;
        return true;
}

/* The record's bytes stay where they are. */
static bool unpack(const char **at, const char *end, struct outbox_record *r)
{
        struct packed_record p;
        size_t key_len;

        if ((size_t)(end - *at) < sizeof p)
                return false;
        memcpy(&p, *at, sizeof p);
        *at += sizeof p;
        *r = (struct outbox_record){.id = (int64_t)le64toh(p.id), .at = (int64_t)le64toh(p.at)};
        return unpack_bytes(at, end, p.key, &r->key, &key_len) &&
               unpack_bytes(at, end, p.value, &r->value, &r->value_len) &&
               unpack_bytes(at, end, p.headers, &r->headers, &r->headers_len);
}

/* A row that is read, record by record. */
struct outbox_row {
        struct outbox_record next; /* what row_next found; before the first call the row itself */
        int64_t id;
        bool alone; /* the row itself is a record, not yet told */
        bool damaged;
        const char *at, *end; /* of the records that are left in its value */
};

static void row_open(struct outbox_row *row, struct statement *s, struct arena *arena)
{
        *row = (struct outbox_row){.id = column_int(s, 0), .alone = column_int(s, 6) == 1};
        outbox_record_read(s, &row->next, arena);
        if (row->alone)
                return;
        row->at = row->next.value;
        row->end = row->at + row->next.value_len;
}

/* False: there are no more, or the row is damaged. */
static bool row_next(struct outbox_row *row)
{
        bool alone = row->alone;

        row->alone = false;
        if (alone || row->at == row->end)
                return alone;
        row->damaged = !unpack(&row->at, row->end, &row->next);
        return !row->damaged;
}

static bool row_is_whole(const struct outbox_row *row, struct error *error)
{
        return !row->damaged ||
               error_set(error, ERROR_INTERNAL, "a row of the outbox is damaged: id %lld",
                         (long long)row->id);
}

struct outbox_page {
        int64_t after;
        struct outbox_record *records;
        size_t most, count, bytes;
};

static bool is_full(const struct outbox_page *p)
{
        return p->count == p->most || p->bytes >= OUTBOX_PAGE;
}

static void add(struct outbox_page *p, const struct outbox_record *r)
{
        if (r->id <= p->after)
                return;
        p->records[p->count++] = *r;
        p->bytes += outbox_record_bytes(r);
}

static bool add_row(struct outbox_page *p, struct statement *s, struct arena *arena,
                    struct error *error)
{
        struct outbox_row row;

        row_open(&row, s, arena);
        while (!is_full(p) && row_next(&row))
                add(p, &row.next);
        return row_is_whole(&row, error);
}

bool outbox_rows_read(struct db *db, bool single, int64_t after, struct outbox_record *records,
                      size_t most, size_t *count, struct arena *arena, struct error *error)
{
        static const char rows_of_one[] =
                "SELECT id, topic, key, value, headers, at, 1 FROM outbox WHERE id > ? AND parked "
                "IS NULL ORDER BY id LIMIT ?",
                          rows[] = "SELECT id, topic, key, value, headers, at, events FROM outbox "
                                   "WHERE id > ? AND parked IS NULL ORDER BY id LIMIT ?";
        struct statement *s = db_prepare(db, single ? rows_of_one : rows, error);
        struct outbox_page p = {.after = after, .records = records, .most = most};
        enum db_step step = DB_DONE;

        *count = 0;
        if (!s)
                return false;
        bind_int(s, 1, after);
        bind_int(s, 2, (int64_t)most);
        while (!is_full(&p) && (step = statement_step(s, error)) == DB_ROW)
                if (!add_row(&p, s, arena, error)) {
                        statement_reset(s);
                        return false;
                }
        if (step != DB_FAILED)
                statement_reset(s);
        *count = p.count;
        return step != DB_FAILED;
}

static bool each_of_row(struct statement *s, bool (*each)(void *arg, const struct outbox_record *),
                        void *arg, struct arena *scratch, struct error *error)
{
        struct outbox_row row;

        row_open(&row, s, scratch);
        while (row_next(&row))
                if (!each(arg, &row.next))
                        return false;
        return row_is_whole(&row, error);
}

/* The column came with the rows of several records. */
static bool has_rows_of_one(struct db *db, bool *yes, struct error *error)
{
        struct statement *s;
        int64_t columns = 0;

        *yes = true;
        if (db_is_shared(db))
                return true;
        s = db_prepare(db, "SELECT count(*) FROM pragma_table_info('outbox') WHERE name = 'events'",
                       error);
        if (!s || !statement_number(s, &columns, error))
                return false;
        *yes = !columns;
        return true;
}

bool outbox_rows_each(struct db *db, bool (*each)(void *arg, const struct outbox_record *record),
                      void *arg, struct arena *scratch, struct error *error)
{
        static const char of_one[] = "SELECT id, topic, key, value, headers, at, 1 FROM outbox",
                          of_some[] =
                                  "SELECT id, topic, key, value, headers, at, events FROM outbox";
        enum db_step step = DB_FAILED;
        struct statement *s;
        bool one, good = true;

        if (!has_rows_of_one(db, &one, error) ||
            !(s = db_prepare(db, one ? of_one : of_some, error)))
                return false;
        while (good && (step = statement_step(s, error)) == DB_ROW) {
                good = each_of_row(s, each, arg, scratch, error);
                arena_reset(scratch);
        }
        if (step != DB_FAILED)
                statement_reset(s);
        return good && step == DB_DONE;
}
