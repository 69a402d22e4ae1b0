#include "data/outbox_parts.h"

#include "base/arena.h"
#include "base/text.h"
#include "data/store_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The second number of each lock; the first is the service's. A relay holds PRESENT shared, so that they can be counted. */
enum { PRESENT = 100, PART = 200 };

#define CLASS "hashtext('outbox ' || current_schema())"

struct outbox_parts {
        char *url;
        const char *service;
        struct db *db;
        unsigned connection; /* that the locks belong to */
        unsigned first;      /* part that is tried first, so that processes do not all want the same */
        bool held[OUTBOX_PARTS];
        int count;
        char list[4 * OUTBOX_PARTS]; /* "{1,2}" */
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
        parts->count = 0;
        parts->connection = 0;
        db_close(&parts->db); /* a session that was made silently meanwhile may hold some as well */
}

/* The locks went with the connection that had them. */
static bool is_still_ours(struct outbox_parts *parts, struct error *error)
{
        if (parts->db && db_connection(parts->db) == parts->connection && parts->connection)
                return true;
        lost_all(parts);
        return error_set(error, ERROR_UNAVAILABLE, "the connection that held the outbox's parts is gone");
}

static bool ask_lock(struct outbox_parts *parts, const char *sql, int number, bool *yes, struct error *error)
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

/* A new connection says that it is here. */
static bool appear(struct outbox_parts *parts, struct error *error)
{
        struct error ignored;
        bool done;

        if (is_still_ours(parts, &ignored))
                return true;
        if (!parts->db && !(parts->db = db_open(parts->url, parts->service, DB_RELAY, error)))
                return false;
        if (!ask_lock(parts, "SELECT pg_try_advisory_lock_shared(" CLASS ", ?)", PRESENT, &done, error))
                return false;
        parts->connection = db_connection(parts->db);
        return true;
}

static bool count_relays(struct outbox_parts *parts, int64_t *relays, struct error *error)
{
        static const char sql[] =
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND objid = ?"
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
        size_t len = 0;

        parts->held[part] = held;
        parts->count += held ? 1 : -1;
        for (int i = 0; i < OUTBOX_PARTS; i++)
                if (parts->held[i])
                        len += (size_t)snprintf(parts->list + len, sizeof parts->list - len, "%c%d", len ? ',' : '{', i);
        snprintf(parts->list + len, sizeof parts->list - len, "%s", len ? "}" : "{}");
}

bool outbox_parts_share(struct outbox_parts *parts, struct error *error)
{
        static const char lock[] = "SELECT pg_try_advisory_lock(" CLASS ", ?)", unlock[] = "SELECT pg_advisory_unlock(" CLASS ", ?)";
        int64_t relays = 1;
        int fair;

        if (!appear(parts, error) || !count_relays(parts, &relays, error) || !is_still_ours(parts, error))
                return false;
        fair = (int)((OUTBOX_PARTS + relays - 1) / (relays ? relays : 1));
        for (unsigned i = 0; i < OUTBOX_PARTS; i++) {
                int part = (int)((parts->first + i) % OUTBOX_PARTS);
                bool held = parts->held[part], yes = false;

                if (held ? parts->count <= fair : parts->count >= fair)
                        continue;
                if (!ask_lock(parts, held ? unlock : lock, PART + part, &yes, error) || !is_still_ours(parts, error))
                        return false;
                if (held || yes)
                        note(parts, part, !held);
        }
        return is_still_ours(parts, error);
}

bool outbox_parts_read(struct outbox_parts *parts, struct outbox_record *records, size_t most, size_t *count,
                       struct arena *arena, struct error *error)
{
        static const char sql[] =
                "SELECT o.* FROM unnest(?::int[]) AS p (part) CROSS JOIN LATERAL"
                " (SELECT id, topic, key, value, headers, at, part FROM outbox"
                "  WHERE outbox.part = p.part AND parked IS NULL ORDER BY id LIMIT ?) o";
        struct statement *s;
        enum db_step step;

        *count = 0;
        if (!parts->count)
                return true;
        if (!is_still_ours(parts, error) || !(s = db_prepare(parts->db, sql, error)))
                return false;
        bind_text(s, 1, parts->list);
        bind_int(s, 2, (int64_t)most / parts->count);
        while ((step = statement_step(s, error)) == DB_ROW) {
                outbox_record_read(s, &records[*count], arena);
                records[(*count)++].part = (int)column_int(s, 6);
        }
        if (step == DB_DONE)
                statement_reset(s);
        return step == DB_DONE && is_still_ours(parts, error);
}

/* A part's records stand side by side. */
bool outbox_parts_remove(struct outbox_parts *parts, const struct outbox_record *records, size_t count, struct error *error)
{
        struct statement *s = db_prepare(parts->db, "DELETE FROM outbox WHERE part = ? AND id = ANY(?) AND parked IS NULL", error);
        struct arena *arena = arena_open();
        bool sent = s != NULL;

        for (size_t i = 0; i < count && sent;) {
                struct text ids = text_open(arena, 8000);
                int part = records[i].part;

                for (char separator = '{'; i < count && records[i].part == part; i++, separator = ',') {
                        text_char(&ids, separator);
                        text_int(&ids, records[i].id);
                }
                text_char(&ids, '}');
                bind_int(s, 1, part);
                bind_text(s, 2, ids.at);
                sent = statement_send(s, error);
        }
        arena_close(&arena);
        return sent && db_settle(parts->db, error) && is_still_ours(parts, error);
}
