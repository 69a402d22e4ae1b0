/* A row with events = 1 has the record in its columns: one that is alone, that is large, that has a
   topic of its own or that is parked; also what an older program left.

   With events > 1 `value` has the records one after the other (packed_record). `first` and `id` are
   the ids of the first and of the last one; some between may be missing. */
#include "data/outbox_rows.h"

#include "base/text.h"
#include "data/db.h"
#include "data/packed_record.h"

#include <string.h>

/* Bytes of a row's records. A row is written anew if some of them go before the others. */
enum { ROW_MOST = 64 << 10 };

/* ---- writing ---- */

static struct packed_record packed_of(const struct outbox_record *r)
{
        return (struct packed_record){.number = r->id,
                                      .at = r->at,
                                      .key = r->key,
                                      .key_len = r->key ? strlen(r->key) : 0,
                                      .value = r->value,
                                      .value_len = r->value_len,
                                      .headers = r->headers,
                                      .headers_len = r->headers_len};
}

static size_t packed_most(const struct outbox_record *r)
{
        const struct packed_record packed = packed_of(r);

        return packed_record_most(&packed);
}

static void pack(struct text *row, const struct outbox_record *r)
{
        const struct packed_record packed = packed_of(r);

        packed_record_add(row, &packed);
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

/* The record's bytes stay where they are. */
static bool unpack(const char **at, const char *end, struct outbox_record *r)
{
        struct packed_record p;

        if (!packed_record_next(at, end, &p))
                return false;
        *r = (struct outbox_record){.id = p.number,
                                    .at = p.at,
                                    .key = p.key,
                                    .value = p.value,
                                    .value_len = p.value_len,
                                    .headers = p.headers,
                                    .headers_len = p.headers_len};
        return true;
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
