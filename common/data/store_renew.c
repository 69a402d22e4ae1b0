/* Renews a store that came back from the past (renew.h). */
#include "data/store_inside.h"

int64_t store_events_given(struct store *store)
{
        struct error ignored;
        struct db *db;
        int64_t given;

        if (!store->shared)
                return atomic_load(&store->events_given);
        db = store_read_begin(store);
        given = renew_highest_event(db, &ignored);
        store_read_end(store, db);
        return given;
}

struct renewing {
        int64_t seen;
        struct renewal *renewal;
};

static int64_t highest_of(struct store *store, struct error *error)
{
        int64_t highest = 0;

        if (store->shared)
                return renew_highest(store->writer, error);
        for (int i = 0; i <= STORE_OUTBOX; i++)
                if (store->sequences[i].last > highest)
                        highest = store->sequences[i].last;
        return highest;
}

/* Ids that were fetched but not given are from before the renewal. */
static void forget_ids(struct store *store, int64_t from)
{
        for (int i = 0; i < store->table_count; i++)
                store->stocks[i].count = store->sequences[i].given;
        if (store->shared)
                return;
        atomic_store(&store->ids_from, from);
        for (int i = 0; i < store->table_count; i++)
                store->sequences[i].last = from;
        store->sequences[STORE_OUTBOX].last = from;
}

/* Of the processes that share a store one renews it; the others wait for the row `source`, and
   then see that it is done. */
static void renew(struct unit *unit, void *arg)
{
        struct renewing *r = arg;
        struct store *store = unit->store;
        int64_t highest;

        r->renewal->from = 0;
        if (!unit_may_write(unit) ||
            !db_run(store->writer, "UPDATE meta SET value = value WHERE name = 'source'",
                    &unit->error))
                return;
        r->renewal->given = store->shared ? renew_highest_event(store->writer, &unit->error)
                                          : store->sequences[STORE_OUTBOX].last;
        if (unit_failed(unit) || r->renewal->given >= r->seen)
                return;
        highest = highest_of(store, &unit->error);
        if (!unit_failed(unit) &&
            renew_ids(store->writer, highest, r->seen, r->renewal, &unit->error))
                forget_ids(store, r->renewal->from);
}

bool store_renew(struct store *store, int64_t seen, struct renewal *renewal, struct error *error)
{
        struct renewing r = {.seen = seen, .renewal = renewal};
        struct arena *arena = arena_open();
        bool done = store_run(store, renew, &r, arena, error);

        arena_close(&arena);
        return done;
}
