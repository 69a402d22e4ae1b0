/* How records leave the outbox's table, or are set aside in it (outbox_rows.h). */
#include "data/outbox_rows.h"

#include "base/arena.h"
#include "data/db.h"

#include <string.h>

/* Bytes of rows that one removal writes anew: it bounds how long a commit takes. */
enum { ANEW_MOST = 4 << 20 };

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

/* All records of the row. */
static bool read_row(struct db *db, const struct row_place *place, struct outbox_record *records,
                     struct arena *arena, struct error *error)
{
        size_t count;

        if (!outbox_rows_read(db, false, place->first - 1, records, place->events, &count, arena,
                              error))
                return false;
        if (count == place->events && records[count - 1].id == place->id)
                return true;
        return error_set(error, ERROR_INTERNAL, "a row of the outbox is damaged: id %lld",
                         (long long)place->id);
}

/* Leaves those of the records that are not among `ids`; returns how many, and sums up the bytes of
   all. */
static size_t leave_others(struct outbox_record *records, size_t events, const int64_t *ids,
                           size_t count, size_t *bytes)
{
        size_t left = 0, next = 0;

        for (size_t i = 0; i < events; i++) {
                *bytes += outbox_record_bytes(&records[i]);
                while (next < count && ids[next] < records[i].id)
                        next++;
                if (next == count || ids[next] != records[i].id)
                        records[left++] = records[i];
        }
        return left;
}

/* Writes the row anew, without these of its records. bytes: what it had is added. */
static bool split_row(struct db *db, const struct row_place *place, const int64_t *ids,
                      size_t count, size_t *bytes, struct error *error)
{
        struct arena *arena = arena_open();
        struct outbox_record *records = arena_alloc(arena, place->events * sizeof *records);
        bool done = read_row(db, place, records, arena, error) &&
                    remove_range(db, place->id, place->id, error) &&
                    outbox_rows_write(db, records,
                                      leave_others(records, place->events, ids, count, bytes),
                                      arena, error);

        arena_close(&arena);
        return done;
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
        size_t anew; /* bytes of rows that were written anew */
        bool split;
};

/* What becomes of a row whose records from `ids` on go. */
static bool remove_some(struct removing *r, const struct row_place *row, const int64_t *ids,
                        size_t count, struct error *error)
{
        bool has_gaps = row->id - row->first + 1 != (int64_t)row->events;

        /* ids in a gap are of records that went before: then only the row itself can tell */
        if (count == row->events && !has_gaps)
                return extend(r->db, &r->range, row, error);
        if (!count)
                return true;
        if (r->split && r->anew < ANEW_MOST)
                return split_row(r->db, row, ids, count, &r->anew, error);
        memcpy(r->left->ids + r->left->count, ids, count * sizeof *ids);
        r->left->count += count;
        return true;
}

bool outbox_rows_remove(struct db *db, const int64_t *ids, size_t count, bool split,
                        struct outbox_left *left, struct error *error)
{
        struct removing r = {.db = db, .left = left, .split = split};
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
        size_t count, bytes = 0;

        if (!find(db, id, &row, error))
                return false;
        if (row.events > 1) {
                if (!outbox_rows_read(db, false, id - 1, &record, 1, &count, scratch, error))
                        return false;
                if (!count || record.id != id)
                        return true; /* it is not in the table */
                if (!split_row(db, &row, &id, 1, &bytes, error) ||
                    !outbox_rows_write(db, &record, 1, scratch, error))
                        return false;
        }
        return park_row(db, id, reason, error);
}
