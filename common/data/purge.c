/* Deletes what has a time to live: idempotency keys and inbox identities. They are walked in the
   order of their time, a portion after the other. Each portion is a job in the writer's next
   batch, of as many rows as take a few ms: so other jobs do not wait long, and rows are deleted
   at least as fast as they come, because deleting one costs less than adding it. */
#include "base/clock.h"
#include "data/inbox_blocks.h"
#include "data/store_inside.h"

enum {
        PORTION_FIRST = 256, /* rows */
        PORTION_LEAST = 16,
        PORTION_MOST = 16384,
        PORTION_US = 4000,
        DAY_MS = 24 * 60 * 60 * 1000,
        ONE_PURGES = 1, /* an advisory lock */
};

enum { RULE_GATEWAY, RULE_CLIENT, RULE_INBOX, RULE_BLOCKS, RULE_WRITERS, RULES };

enum where { ANYWHERE, ALONE, SHARED }; /* in a store of one process; in a shared one */

#define NEXT_OF(table) "SELECT at FROM " table " WHERE at >= ? ORDER BY at LIMIT 1 OFFSET ?"
#define REMOVE_OF(table) "DELETE FROM " table " WHERE at >= ? AND at < ?"

/* The gateway's keys lie among the clients' keys, which live longer: a purge passes over those,
   and the next one need not pass over them again. */
static const struct rule {
        const char *next, *remove;
        enum where where;
        bool goes_on; /* begins where it ended the last time */
} rules[RULES] = {
        [RULE_GATEWAY] = {NEXT_OF("idempotency"),
                          REMOVE_OF("idempotency") " AND key >= 'gw-' AND key < 'gw.'",
                          .goes_on = true},
        [RULE_CLIENT] = {NEXT_OF("idempotency"), REMOVE_OF("idempotency")},
        [RULE_INBOX] = {NEXT_OF("inbox"), REMOVE_OF("inbox")},
        [RULE_BLOCKS] = {NEXT_OF("inbox_blocks"), REMOVE_OF("inbox_blocks"), ALONE},
        [RULE_WRITERS] = {NEXT_OF("writers"), REMOVE_OF("writers"), SHARED},
};

_Static_assert(PURGE_RULES == (int)RULES, "store_inside.h");

/* The time of the first row after the portion; `end` when there is none, or it is later. */
static int64_t end_of_portion(struct unit *unit, const struct purge *p,
                              const struct purge_place *place)
{
        struct statement *s =
                db_prepare(unit->store->writer, rules[place->rule].next, &unit->error);
        int64_t end = p->before[place->rule], at = end;

        if (!s)
                return end;
        bind_int(s, 1, place->from);
        bind_int(s, 2, p->portion);
        if (statement_step(s, &unit->error) == DB_ROW)
                at = column_int(s, 0);
        statement_reset(s);
        if (at == place->from) /* this one ms has more rows than a portion */
                at++;
        return at < end ? at : end;
}

static void remove_portion(struct unit *unit, const struct purge *p, struct purge_place *place)
{
        int64_t from = place->from;
        struct statement *s;

        place->from = end_of_portion(unit, p, place);
        if (!unit_may_write(unit) ||
            !(s = db_prepare(unit->store->writer, rules[place->rule].remove, &unit->error)))
                return;
        bind_int(s, 1, from);
        bind_int(s, 2, place->from);
        statement_run(s, &unit->error);
}

static struct purge_place place_of(const struct purge *p, int rule)
{
        return (struct purge_place){rule, rule < RULES && rules[rule].goes_on ? p->went_to : 0};
}

/* Of several processes only one purges at a time: two would wait for each other's rows while
   they hold rows that others wait for. */
static bool may_purge(struct unit *unit)
{
        static const char sql[] = "SELECT CAST(pg_try_advisory_xact_lock(hashtext('purge ' || "
                                  "current_schema()), ?) AS INTEGER)";
        struct statement *s =
                unit->store->shared ? db_prepare(unit->store->writer, sql, &unit->error) : NULL;
        int64_t may = !unit->store->shared;

        if (s) {
                bind_int(s, 1, ONE_PURGES);
                statement_number(s, &may, &unit->error);
        }
        return may;
}

/* May run twice, the first time undone: so its findings count only in done(). */
static void run(struct unit *unit, void *arg)
{
        struct purge *p = arg;
        int64_t began = clock_mono_us();
        bool more = false;

        p->next = p->place;
        p->mine = may_purge(unit);
        while (p->mine && !more && !unit_failed(unit) && p->next.rule < RULES) {
                if (rules[p->next.rule].where != (unit->store->shared ? ALONE : SHARED)) {
                        remove_portion(unit, p, &p->next);
                        more = p->next.from < p->before[p->next.rule];
                }
                if (!more)
                        p->next = place_of(p, p->next.rule + 1);
        }
        if (p->mine && !unit_failed(unit) && !more && !unit->store->shared) {
                sources_purge(unit);
                inbox_blocks_look(unit->store, &unit->error);
        }
        p->took_us = clock_mono_us() - began;
}

static bool is_closing(struct store *store)
{
        bool closing;

        pthread_mutex_lock(&store->lock);
        closing = store->closing;
        pthread_mutex_unlock(&store->lock);
        return closing;
}

static void done(void *arg, const struct error *error)
{
        struct purge *p = arg;
        bool over = error->kind != ERROR_NONE || !p->mine || p->next.rule == RULES ||
                    is_closing(p->store);

        if (error->kind == ERROR_NONE && p->mine && p->next.rule > RULE_GATEWAY)
                p->went_to = p->before[RULE_GATEWAY];
        p->place = p->next;
        if (p->took_us > PORTION_US && p->portion > PORTION_LEAST)
                p->portion /= 2;
        else if (p->took_us < PORTION_US / 2 && p->portion < PORTION_MOST)
                p->portion *= 2;
        if (!over) {
                store_submit(p->store, &p->job);
                return;
        }
        arena_close(&p->job.arena);
        atomic_store(&p->busy, false);
}

void store_purge(struct store *store, int64_t idempotency_ms, int64_t gateway_key_ms,
                 int64_t inbox_ms)
{
        struct purge *p = &store->purge;
        int64_t now = clock_wall_ms();

        if (atomic_exchange(&p->busy, true))
                return;
        p->store = store;
        if (!p->portion)
                p->portion = PORTION_FIRST;
        p->before[RULE_GATEWAY] = now - gateway_key_ms;
        p->before[RULE_CLIENT] = now - idempotency_ms;
        p->before[RULE_INBOX] = p->before[RULE_BLOCKS] = now - inbox_ms;
        p->before[RULE_WRITERS] = now - DAY_MS;
        p->place = place_of(p, RULE_GATEWAY);
        p->job = (struct job){.run = run, .done = done, .arg = p, .arena = arena_open()};
        store_submit(store, &p->job);
}

bool store_is_purging(const struct store *store)
{
        return atomic_load(&store->purge.busy);
}
