#include "data/outbox_parts.h"

#include "base/arena.h"
#include "base/text.h"
#include "data/store_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The second number of each advisory lock; the first is the service's. Every relay holds PRESENT
   shared, so that the relays can be counted. */
enum { PRESENT = 100, PART = 200 };

#define CLASS "hashtext('outbox ' || current_schema())"

struct outbox_parts {
        char *url;
        const char *service;
        struct db *db;
        unsigned connection; /* the one that holds the locks */
        unsigned first;      /* the part to try first: each process begins elsewhere */
        bool held[OUTBOX_PARTS];
        bool leaving[OUTBOX_PARTS]; /* held, but no longer read */
        int count;
        bool one_moment;             /* since outbox_parts_begin */
        int64_t after[OUTBOX_PARTS]; /* read up to this id since then */
};

struct outbox_parts *outbox_parts_open(struct store *store)
{
        struct outbox_parts *parts = memory_alloc(sizeof *parts);

        parts->url = memory_string(store->url);
        parts->service = store->service;
        parts->first = (unsigned)store->slot;
        return parts;
}

void outbox_parts_close(struct outbox_parts **at)
{
        struct outbox_parts *parts = *at;

        *at = NULL;
        if (!parts)
                return;
        db_close(&parts->db);
        free(parts->url);
        free(parts);
}

int outbox_parts_held(const struct outbox_parts *parts)
{
        return parts->count;
}

static void lost_all(struct outbox_parts *parts)
{
        memset(parts->held, 0, sizeof parts->held);
        memset(parts->leaving, 0, sizeof parts->leaving);
        parts->count = 0;
        parts->connection = 0;
        db_close(&parts->db); /* a session that libpq made meanwhile may hold some too */
}

/* Locks are gone with their connection. */
static bool is_still_ours(struct outbox_parts *parts, struct error *error)
{
        if (parts->db && db_connection(parts->db) == parts->connection && parts->connection)
                return true;
        lost_all(parts);
        return error_set(error, ERROR_UNAVAILABLE,
                         "the connection that held the outbox's parts is gone");
}

static bool ask_lock(struct outbox_parts *parts, const char *sql, int number, bool *yes,
                     struct error *error)
{
        struct statement *s = db_prepare(parts->db, sql, error);
        int64_t answer = 0;

        if (!s)
                return false;
        bind_int(s, 1, number);
        if (!statement_number(s, &answer, error))
                return false;
        *yes = answer;
        return true;
}

/* A new connection takes PRESENT. */
static bool appear(struct outbox_parts *parts, struct error *error)
{
        struct error ignored;
        bool done;

        if (is_still_ours(parts, &ignored))
                return true;
        if (!parts->db && !(parts->db = db_open(parts->url, parts->service, DB_RELAY, error)))
                return false;
        if (!ask_lock(parts, "SELECT pg_try_advisory_lock_shared(" CLASS ", ?)", PRESENT, &done,
                      error))
                return false;
        parts->connection = db_connection(parts->db);
        return true;
}

static bool count_relays(struct outbox_parts *parts, int64_t *relays, struct error *error)
{
        static const char sql[] =
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND "
                "objsubid = 2 AND objid = ?"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                " AND classid::bigint = (" CLASS "::bigint & 4294967295)";
        struct statement *s = db_prepare(parts->db, sql, error);

        if (!s)
                return false;
        bind_int(s, 1, PRESENT);
        return statement_number(s, relays, error);
}

static void note(struct outbox_parts *parts, int part, bool held)
{
        parts->held[part] = held;
        parts->leaving[part] = false;
        parts->count += held ? 1 : -1;
}

bool outbox_parts_share(struct outbox_parts *parts, const bool busy[OUTBOX_PARTS],
                        struct error *error)
{
        static const char lock[] = "SELECT pg_try_advisory_lock(" CLASS ", ?)",
                          unlock[] = "SELECT pg_advisory_unlock(" CLASS ", ?)";
        int64_t relays = 1;
        int fair, surplus;

        if (!appear(parts, error) || !count_relays(parts, &relays, error) ||
            !is_still_ours(parts, error))
                return false;
        fair = (int)((OUTBOX_PARTS + relays - 1) / (relays ? relays : 1));
        surplus = parts->count - fair;
        for (unsigned i = 0; i < OUTBOX_PARTS; i++) {
                int part = (int)((parts->first + i) % OUTBOX_PARTS);
                bool held = parts->held[part], yes = false;

                parts->leaving[part] = held && surplus-- > 0;
                if (held ? !parts->leaving[part] || (busy && busy[part]) : parts->count >= fair)
                        continue;
                if (!ask_lock(parts, held ? unlock : lock, PART + part, &yes, error) ||
                    !is_still_ours(parts, error))
                        return false;
                if (held || yes)
                        note(parts, part, !held);
        }
        return is_still_ours(parts, error);
}

bool outbox_parts_begin(struct outbox_parts *parts, struct error *error)
{
        memset(parts->after, 0, sizeof parts->after);
        parts->one_moment = is_still_ours(parts, error) && db_begin_reading(parts->db, error);
        return parts->one_moment;
}

void outbox_parts_end(struct outbox_parts *parts)
{
        if (parts->db)
                db_rollback(parts->db);
        parts->one_moment = false;
}

/* "{1,2}" */
static const char *list_of(const int64_t *numbers, size_t count, struct arena *arena)
{
        struct text list = text_open(arena, 20 * count + 10);

        text_char(&list, '{');
        for (size_t i = 0; i < count; i++) {
                if (i)
                        text_char(&list, ',');
                text_int(&list, numbers[i]);
        }
        text_char(&list, '}');
        return list.at;
}

/* The sizes are summed up without fetching the values; a page ends with the record that fills
   it. */
static struct statement *page_of(struct outbox_parts *parts, const int64_t *but, size_t but_count,
                                 size_t most, struct arena *arena, struct error *error)
{
        static const char sql[] =
                "SELECT id, topic, key, value, headers, at, part FROM (SELECT o.*, sum(size) OVER "
                "(ORDER BY part, id) - size AS before"
                " FROM unnest(?::bigint[], ?::bigint[]) AS p (number, after) CROSS JOIN LATERAL"
                " (SELECT id, topic, key, value, headers, at, part,"
                "  coalesce(octet_length(value), 0) + coalesce(octet_length(key), 0) + "
                "octet_length(headers) AS size FROM outbox"
                "  WHERE part = p.number AND parked IS NULL AND id > p.after AND id NOT IN (SELECT "
                "unnest(?::bigint[]))"
                "  ORDER BY id LIMIT ?) o) page WHERE before < ? ORDER BY part, id";
        struct statement *s = db_prepare(parts->db, sql, error);
        int64_t numbers[OUTBOX_PARTS], after[OUTBOX_PARTS];
        size_t count = 0;

        for (int i = 0; i < OUTBOX_PARTS; i++)
                if (parts->held[i] && !parts->leaving[i]) {
                        numbers[count] = i;
                        after[count++] = parts->one_moment ? parts->after[i] : 0;
                }
        if (!s || !count)
                return NULL;
        bind_text(s, 1, list_of(numbers, count, arena));
        bind_text(s, 2, list_of(after, count, arena));
        bind_text(s, 3, list_of(but, but_count, arena));
        bind_int(s, 4, (int64_t)(most / count));
        bind_int(s, 5, OUTBOX_PAGE);
        return s;
}

bool outbox_parts_read(struct outbox_parts *parts, const int64_t *but, size_t but_count,
                       struct outbox_record *records, size_t most, size_t *count,
                       struct arena *arena, struct error *error)
{
        struct statement *s;
        enum db_step step;

        *count = 0;
        if (!parts->count)
                return true;
        if (!is_still_ours(parts, error))
                return false;
        if (!(s = page_of(parts, but, but_count, most, arena, error)))
                return error->kind == ERROR_NONE;
        while ((step = statement_step(s, error)) == DB_ROW) {
                struct outbox_record *r = &records[(*count)++];

                outbox_record_read(s, r, arena);
                r->part = (int)column_int(s, 6);
                parts->after[r->part] = r->id;
        }
        if (step == DB_DONE)
                statement_reset(s);
        return step == DB_DONE && is_still_ours(parts, error);
}

static int by_part(const void *a, const void *b)
{
        return ((const struct outbox_place *)a)->part - ((const struct outbox_place *)b)->part;
}

bool outbox_parts_remove(struct outbox_parts *parts, struct outbox_place *places, size_t count,
                         struct error *error)
{
        struct arena *arena;
        bool sent = true;

        if (!is_still_ours(parts, error))
                return false;
        arena = arena_open();
        qsort(places, count, sizeof *places, by_part);
        for (size_t i = 0; i < count && sent;) {
                int64_t *ids = arena_alloc(arena, (count - i) * sizeof *ids);
                int part = places[i].part;
                size_t n = 0;
                struct statement *s = db_prepare(
                        parts->db,
                        "DELETE FROM outbox WHERE part = ? AND id = ANY(?) AND parked IS NULL",
                        error);

                while (i < count && places[i].part == part)
                        ids[n++] = places[i++].id;
                sent = s != NULL;
                if (!sent)
                        break;
                bind_int(s, 1, part);
                bind_text(s, 2, list_of(ids, n, arena));
                sent = statement_send(s, error);
        }
        arena_close(&arena);
        return sent && db_settle(parts->db, error) && is_still_ours(parts, error);
}
