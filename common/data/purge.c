/* What has a time to live: idempotency keys and inbox identities, removed a portion at a time. */
#include "base/clock.h"
#include "data/store_inside.h"

#include <stdbool.h>

enum { PORTION = 2000, PORTIONS_MOST = 50, DAY_MS = 24 * 60 * 60 * 1000 }; /* the next minute goes on */

struct purging {
        const char *sql;
        int64_t before; /* Unix time, ms */
        int removed;
};

static void purge(struct unit *unit, void *arg)
{
        struct purging *p = arg;
        struct statement *s = db_prepare(unit->store->writer, p->sql, &unit->error);

        if (!s)
                return;
        bind_int(s, 1, p->before);
        bind_int(s, 2, PORTION);
        statement_run(s, &unit->error);
        p->removed = db_changes(unit->store->writer);
}

static void purge_all(struct store *store, const char *sql, int64_t age_ms)
{
        struct purging p = {.sql = sql, .before = clock_wall_ms() - age_ms};
        struct error error;
        bool done;
        int portions = 0;

        do {
                struct arena *arena = arena_open();

                done = store_run(store, purge, &p, arena, &error);
                arena_close(&arena);
        } while (done && p.removed == PORTION && ++portions < PORTIONS_MOST);
}

void store_purge(struct store *store, int64_t idempotency_ms, int64_t gateway_key_ms, int64_t inbox_ms)
{
        purge_all(store,
                  "DELETE FROM idempotency WHERE (path, key) IN"
                  " (SELECT path, key FROM idempotency WHERE at < ? ORDER BY at LIMIT ?)",
                  idempotency_ms);
        purge_all(store,
                  "DELETE FROM idempotency WHERE (path, key) IN"
                  " (SELECT path, key FROM idempotency WHERE at < ? AND key LIKE 'gw-%' ORDER BY at LIMIT ?)",
                  gateway_key_ms);
        purge_all(store, "DELETE FROM inbox WHERE (source, id) IN (SELECT source, id FROM inbox WHERE at < ? ORDER BY at LIMIT ?)",
                  inbox_ms);
        sources_purge(store);
        if (store->shared)
                purge_all(store, "DELETE FROM writers WHERE id IN (SELECT id FROM writers WHERE at < ? ORDER BY at LIMIT ?)", DAY_MS);
}
