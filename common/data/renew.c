#include "data/renew.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

/* How far ids jump at least, where the clock is behind the given ids. */
enum { LEAST = 1000 * 1000 };
static int64_t number(struct db *db, const char *sql, struct error *error)
{
        struct statement *s = db_prepare(db, sql, error);
        int64_t n = -1;

        if (!s || !statement_number(s, &n, error))
                return -1;
        return n;
}

int64_t renewed_from(struct db *db, struct error *error)
{
        int64_t from = number(db,
                              "SELECT CAST(coalesce(max(value), '0') AS BIGINT) FROM meta WHERE "
                              "name = 'ids_from'",
                              error);

        return from > 0 ? from : 0;
}

int64_t renew_highest(struct db *db, struct error *error)
{
        if (db_is_shared(db))
                return number(db,
                              "SELECT coalesce(max(last_value), 0) FROM pg_sequences WHERE "
                              "schemaname = current_schema()",
                              error);
        return number(
                db,
                "SELECT max(coalesce((SELECT max(last) FROM sequences), 0),"
                " coalesce((SELECT CAST(value AS BIGINT) FROM meta WHERE name = 'ids_from'), 0))",
                error);
}

int64_t renew_highest_event(struct db *db, struct error *error)
{
        if (db_is_shared(db))
                return number(
                        db, "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_ids",
                        error);
        return number(
                db,
                "SELECT max(coalesce((SELECT last FROM sequences WHERE name = 'outbox' AND slot = "
                "0), 0),"
                " coalesce((SELECT CAST(value AS BIGINT) FROM meta WHERE name = 'ids_from'), 0))",
                error);
}

static bool set_sequences(struct db *db, int64_t from, struct error *error)
{
        static const char shared[] = "SELECT count(setval(format('%I', sequencename)::regclass, "
                                     "greatest(?1::bigint, 1), ?1::bigint > 0)) FROM pg_sequences"
                                     " WHERE schemaname = current_schema()";
        static const char alone[] = "UPDATE sequences SET last = ? WHERE slot = 0";
        struct statement *s = db_prepare(db, db_is_shared(db) ? shared : alone, error);
        int64_t ignored;

        if (!s)
                return false;
        bind_int(s, 1, from);
        return db_is_shared(db) ? statement_number(s, &ignored, error) : statement_run(s, error);
}

static bool note(struct db *db, const char *name, int64_t number, struct error *error)
{
        struct statement *s = db_prepare(db,
                                         "INSERT INTO meta (name, value) VALUES (?, ?)"
                                         " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                                         error);
        char text[24];

        if (!s)
                return false;
        snprintf(text, sizeof text, "%lld", (long long)number);
        bind_text(s, 1, name);
        bind_text(s, 2, text);
        return statement_run(s, error);
}

static bool jump(struct db *db, int64_t from, struct error *error)
{
        return note(db, "ids_from", from, error) && set_sequences(db, from, error);
}

bool renew_ids(struct db *db, int64_t given, int64_t seen, struct renewal *renewal,
               struct error *error)
{
        int64_t now = clock_wall_ms() * 1000, top = given > seen ? given : seen;
        int64_t from = now > top ? now : top + LEAST;

        if (!jump(db, from, error))
                return false;
        renewal->from = from;
        return true;
}

/* No id since it began. On a shared store, sequences stay set even if the rest was rolled back. */
static bool gave_no_id(const struct db *db, int64_t given, int64_t began, int64_t first)
{
        return given == began - 1 || (db_is_shared(db) && given == first - 1);
}

bool renew_begin(struct db *db, int64_t first, struct error *error)
{
        int64_t now = clock_wall_ms() * 1000, given = renew_highest(db, error);
        int64_t began = number(db,
                               "SELECT CAST(coalesce(max(value), '1') AS BIGINT) FROM meta WHERE "
                               "name = 'first_id'",
                               error);

        if (given < 0 || began < 0)
                return false;
        if (began == first)
                return true;
        if (!gave_no_id(db, given, began, first))
                return error_set(error, ERROR_BAD_INPUT,
                                 "MALL_FIRST_ID=%lld: this store began with %lld and is at %lld; "
                                 "only an empty one can begin with another id",
                                 (long long)first, (long long)began, (long long)given);
        if (first > now)
                return error_set(error, ERROR_BAD_INPUT,
                                 "MALL_FIRST_ID=%lld: at most the microseconds since 1970, now "
                                 "%lld, because after a restore ids go on from there",
                                 (long long)first, (long long)now);
        return note(db, "first_id", first, error) && jump(db, first - 1, error);
}
