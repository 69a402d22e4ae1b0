/*     events = 1   the record in its columns: one that is alone, that is large, that has a topic of
                  its own or that is parked; also what an older program left
     events > 1   `value` has the records one after the other: of each a struct packed_record, and
   its bytes. `first` and `id` are the ids of the first and of the last one; some between may be
   missing */
#include "data/outbox_rows.h"

#include "base/text.h"
#include "data/db.h"

#include <endian.h>
#include <string.h>

/* Bytes of a row's records. A row is written anew if some of them go before the others. */
enum { ROW_MOST = 64 << 10 };

/* Bytes of rows that one removal writes anew: it bounds how long a commit takes. */
enum { ANEW_MOST = 4 << 20 };

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
                   const char *parked, struct error *error)
{
        static const char sql[] =
                "INSERT INTO outbox (id, first, events, topic, key, value, headers, at, parked)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
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
        bind_text(s, 9, parked);
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
                      records[0].id, count, NULL, error);
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
                            : insert(db, first, first->id, 1, NULL, error)))
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

/* A row that is read: one record, or some. */
struct outbox_row {
        int64_t id, events;
        struct outbox_record next; /* events = 1, or what `unpack` found last */
        const char *at, *end;
};

static const char damaged[] = "a row of the outbox is damaged: id %lld";

static bool row_next(struct outbox_row *row, struct error *error)
{
        if (row->at == row->end)
                return false;
        if (unpack(&row->at, row->end, &row->next))
                return true;
        return error_set(error, ERROR_INTERNAL, damaged, (long long)row->id);
}

static void row_open(struct outbox_row *row, struct statement *s, struct arena *arena)
{
        *row = (struct outbox_row){.id = column_int(s, 0), .events = column_int(s, 6)};
        outbox_record_read(s, &row->next, arena);
        if (row->events == 1)
                return;
        row->at = row->next.value;
        row->end = row->at + row->next.value_len;
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
        struct error damage = {0};
        struct outbox_row row;

        row_open(&row, s, arena);
        if (row.events == 1) {
                add(p, &row.next);
                return true;
        }
        while (!is_full(p) && row_next(&row, &damage))
                add(p, &row.next);
        if (damage.kind != ERROR_NONE)
                *error = damage;
        return damage.kind == ERROR_NONE;
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
        struct error damage = {0};
        struct outbox_row row;

        row_open(&row, s, scratch);
        if (row.events == 1)
                return each(arg, &row.next);
        while (row_next(&row, &damage))
                if (!each(arg, &row.next))
                        return false;
        if (damage.kind != ERROR_NONE)
                *error = damage;
        return damage.kind == ERROR_NONE;
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

/* ---- removing ---- */

/* Where a row's records lie; id 0: there is no row. */
struct row_place {
        int64_t id, first;
        size_t events;
};

/* The first row that ends at `id` or behind it. */
static bool find(struct db *db, int64_t id, struct row_place *place, struct error *error)
{
        static const char sql[] = "SELECT id, first, events FROM outbox WHERE id >= ? AND parked "
                                  "IS NULL ORDER BY id LIMIT 1";
        struct statement *s = db_prepare(db, sql, error);
        enum db_step step;

        *place = (struct row_place){0};
        if (!s)
                return false;
        bind_int(s, 1, id);
        step = statement_step(s, error);
        if (step == DB_ROW)
                *place = (struct row_place){column_int(s, 0), column_int(s, 1),
                                            (size_t)column_int(s, 2)};
        if (step != DB_FAILED)
                statement_reset(s);
        return step != DB_FAILED;
}

static bool remove_range(struct db *db, int64_t from, int64_t to, struct error *error)
{
        struct statement *s = db_prepare(
                db, "DELETE FROM outbox WHERE id BETWEEN ? AND ? AND parked IS NULL", error);

        if (!s)
                return false;
        bind_int(s, 1, from);
        bind_int(s, 2, to);
        return statement_run(s, error);
}

/* The records of the row but those of `ids`. */
static bool read_rest(struct db *db, const struct row_place *place, const int64_t *ids,
                      size_t count, struct outbox_record *rest, size_t *left, size_t *bytes,
                      struct arena *arena, struct error *error)
{
        static const char sql[] =
                "SELECT id, topic, key, value, headers, at, events FROM outbox WHERE id = ?";
        struct statement *s = db_prepare(db, sql, error);
        struct error damage = {0};
        enum db_step step;
        struct outbox_row row = {0};
        size_t events = 0;

        *left = 0;
        if (!s)
                return false;
        bind_int(s, 1, place->id);
        step = statement_step(s, error);
        if (step == DB_FAILED)
                return false;
        if (step == DB_ROW)
                row_open(&row, s, arena);
        statement_reset(s);
        if (step == DB_DONE)
                return error_set(error, ERROR_INTERNAL, "a row of the outbox is gone");
        *bytes = row.next.value_len;
        while (row_next(&row, &damage)) {
                if (++events > place->events)
                        return error_set(error, ERROR_INTERNAL, damaged, (long long)place->id);
                while (count && *ids < row.next.id) {
                        ids++;
                        count--;
                }
                if (!count || *ids != row.next.id)
                        rest[(*left)++] = row.next;
        }
        if (damage.kind != ERROR_NONE)
                *error = damage;
        return damage.kind == ERROR_NONE;
}

/* Writes the row anew, without these of its records. Returns its bytes as they were; 0: it failed.
 */
static size_t split_row(struct db *db, const struct row_place *place, const int64_t *ids,
                        size_t count, struct error *error)
{
        struct arena *arena = arena_open();
        struct outbox_record *rest = arena_alloc(arena, place->events * sizeof *rest);
        size_t left, bytes = 0;

        if (read_rest(db, place, ids, count, rest, &left, &bytes, arena, error) &&
            (!remove_range(db, place->id, place->id, error) ||
             !outbox_rows_write(db, rest, left, arena, error)))
                bytes = 0;
        arena_close(&arena);
        return bytes;
}

/* Rows to be removed, of which none lies between. */
struct row_range {
        int64_t from, to; /* the ids of the first and of the last one; 0: there is none */
};

static bool flush(struct db *db, struct row_range *range, struct error *error)
{
        bool done = !range->to || remove_range(db, range->from, range->to, error);

        *range = (struct row_range){0};
        return done;
}

static bool extend(struct db *db, struct row_range *range, const struct row_place *row,
                   struct error *error)
{
        if (range->to && row->first != range->to + 1 && !flush(db, range, error))
                return false;
        if (!range->to)
                range->from = row->id;
        range->to = row->id;
        return true;
}

struct removing {
        struct db *db;
        struct row_range range;
        struct outbox_left *left;
        size_t anew; /* bytes of rows that may still be written anew */
};

/* What becomes of a row whose records from `ids` on go. */
static bool remove_some(struct removing *r, const struct row_place *row, const int64_t *ids,
                        size_t count, struct error *error)
{
        bool has_gaps = row->id - row->first + 1 != (int64_t)row->events;
        size_t bytes;

        /* ids in a gap are of records that went before: then only the row itself can tell */
        if (count == row->events && !has_gaps)
                return extend(r->db, &r->range, row, error);
        if (!count)
                return true;
        if (r->anew) {
                if (!(bytes = split_row(r->db, row, ids, count, error)))
                        return false;
                r->anew -= bytes < r->anew ? bytes : r->anew;
                return true;
        }
        memcpy(r->left->ids + r->left->count, ids, count * sizeof *ids);
        r->left->count += count;
        return true;
}

bool outbox_rows_remove(struct db *db, const int64_t *ids, size_t count, bool split,
                        struct outbox_left *left, struct error *error)
{
        struct removing r = {.db = db, .left = left, .anew = split ? ANEW_MOST : 0};
        struct row_place row;

        left->count = 0;
        for (size_t i = 0, from; i < count;) {
                if (!find(db, ids[i], &row, error))
                        return false;
                if (!row.id)
                        break;
                while (i < count && ids[i] < row.first)
                        i++; /* it is not in the table */
                for (from = i; i < count && ids[i] <= row.id; i++)
                        ;
                if (!remove_some(&r, &row, ids + from, i - from, error))
                        return false;
        }
        return flush(db, &r.range, error);
}

/* ---- parking ---- */

static bool park_row(struct db *db, int64_t id, const char *reason, struct error *error)
{
        struct statement *s = db_prepare(db, "UPDATE outbox SET parked = ? WHERE id = ?", error);

        if (!s)
                return false;
        bind_text(s, 1, reason);
        bind_int(s, 2, id);
        return statement_run(s, error);
}

bool outbox_rows_park(struct db *db, int64_t id, const char *reason, struct arena *scratch,
                      struct error *error)
{
        struct outbox_record record;
        struct row_place row;
        size_t count;

        if (!find(db, id, &row, error))
                return false;
        if (row.events <= 1)
                return park_row(db, id, reason, error);
        return outbox_rows_read(db, false, id - 1, &record, 1, &count, scratch, error) &&
               (count == 0 || record.id != id ||
                (split_row(db, &row, &id, 1, error) && insert(db, &record, id, 1, reason, error)));
}
