/* Keys and identities have a time to live, and are deleted after it. */
#include "base/clock.h"
#include "data/store_inside.h"
#include "testing/fault_vfs.h"
#include "testing/thing.h"

#include <unistd.h>

static void run_remember(struct unit *unit, void *key)
{
        unit_remember(unit, "/things", key,
                      &(struct stored_answer){.hash = -7, .status = 201, .row = "{\"id\":1}"});
}

static void remember(struct store *store, const char *key)
{
        char text[20];

        snprintf(text, sizeof text, "%s", key);
        check_int(things_do(store, run_remember, text), ERROR_NONE);
}

struct still_known {
        const char *key;
        bool found;
};

static void run_recall(struct unit *unit, void *arg)
{
        struct still_known *r = arg;
        struct stored_answer answer;

        r->found = unit_recall(unit, "/things", r->key, &answer);
}

static bool is_remembered(struct store *store, const char *key)
{
        struct still_known r = {.key = key};

        check_int(things_do(store, run_recall, &r), ERROR_NONE);
        return r.found;
}

static void run_hear(struct unit *unit, void *arg)
{
        struct identity *i = arg;

        i->first = unit_first_time(unit, i->source, i->id);
}

static bool heard_first(struct store *store, const char *source, const char *id)
{
        struct identity i = {source, id, false};

        check_int(things_do(store, run_hear, &i), ERROR_NONE);
        return i.first;
}

static void hear_many(struct unit *unit, void *arg)
{
        (void)arg;
        for (int i = 0; i < 4500; i++)
                unit_first_time(unit, "/many", arena_printf(unit_arena(unit), "%d", i));
}

enum { MINUTE = 60000, HOUR = 60 * MINUTE };

static void purge(struct store *store, int64_t idempotency_ms, int64_t gateway_key_ms,
                  int64_t inbox_ms)
{
        store_purge(store, idempotency_ms, gateway_key_ms, inbox_ms);
        things_purge_ends(store);
}

static void what_is_over_is_purged(void)
{
        int64_t now = clock_wall_ms();
        struct store *store = things_open();

        clock_set_wall_ms(now - 11 * MINUTE);
        remember(store, "plain");
        remember(store, "gw-1");
        check_int(things_do(store, hear_many, NULL), ERROR_NONE);
        clock_set_wall_ms(now);
        purge(store, 24 * HOUR, 10 * MINUTE, HOUR);
        check(is_remembered(store, "plain") && !is_remembered(store, "gw-1"));
        check(!heard_first(store, "/many", "7"));
        purge(store, 11 * MINUTE, 10 * MINUTE, 10 * MINUTE); /* not yet older than 11 minutes */
        check(is_remembered(store, "plain"));
        check(heard_first(store, "/many", "7") && heard_first(store, "/many", "4499"));
        clock_set_wall_ms(now + 1);
        purge(store, 11 * MINUTE, 10 * MINUTE, 10 * MINUTE);
        check(!is_remembered(store, "plain"));
        check(!heard_first(store, "/many", "7"));
        clock_set_wall_ms(0);
        store_close(&store);
}

static void hear_strangers(struct unit *unit, void *arg)
{
        (void)arg;
        for (int i = 0; i < 1200; i++)
                unit_first_time(unit, arena_printf(unit_arena(unit), "/stranger/%d", i), "1");
}

static int64_t sources_known(struct store *store)
{
        return things_number(store, "SELECT count(*) FROM sources");
}

/* Anyone may send events of invented sources: a source is deleted with its identities. */
static void sources_go_with_their_identities(void)
{
        struct store *store = things_open();
        int64_t now = clock_wall_ms();

        if (!store_is_shared(store)) { /* there are no numbers there */
                clock_set_wall_ms(now - 2 * HOUR);
                check_int(things_do(store, hear_strangers, NULL), ERROR_NONE);
                clock_set_wall_ms(now);
                check(heard_first(store, "/friend", "1") && heard_first(store, "/stranger/7", "2"));
                check_int(sources_known(store), 1201);
                for (int minute = 0; minute < 4; minute++)
                        purge(store, 24 * HOUR, HOUR, HOUR);
                check_int(sources_known(store), 2);
                check(!heard_first(store, "/friend", "1") &&
                      !heard_first(store, "/stranger/7", "2"));
                check(heard_first(store, "/stranger/8", "1") &&
                      heard_first(store, "/stranger/7", "1"));
                check_int(sources_known(store), 3);
                store_close(&store);
                store = things_open();
                check(!heard_first(store, "/stranger/8", "1") &&
                      !heard_first(store, "/friend", "1"));
                clock_set_wall_ms(0);
        }
        store_close(&store);
}

/* A key each ms: `gateway` of the gateway's and as many of clients', the last one `age_ms` old. */
struct old_keys {
        int64_t each, age_ms;
};

static void run_old_keys(struct unit *unit, void *arg)
{
        static const char sql[] =
                "WITH RECURSIVE n (i) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT i - 1 FROM n "
                "WHERE i > 1)"
                " INSERT INTO idempotency (path, key, hash, status, \"row\", at)"
                " SELECT '/old', p.prefix || n.i, 0, 201, '', CAST(? AS BIGINT) - n.i"
                " FROM n, (SELECT 'gw-' AS prefix UNION ALL SELECT 'client-') p";
        struct old_keys *keys = arg;
        struct statement *s = db_prepare(unit->store->writer, sql, &unit->error);

        if (!unit_may_write(unit))
                return;
        bind_int(s, 1, keys->each);
        bind_int(s, 2, clock_wall_ms() - keys->age_ms);
        statement_run(s, &unit->error);
}

static void run_old_gateway_key(struct unit *unit, void *arg)
{
        (void)arg;
        clock_set_wall_ms(clock_wall_ms() - 9 * MINUTE - 1);
        unit_remember(unit, "/things", "gw-late",
                      &(struct stored_answer){.status = 201, .row = ""});
        clock_set_wall_ms(0);
}

static void run_count_keys(struct unit *unit, void *arg)
{
        struct statement *s =
                db_prepare(unit->store->writer, "SELECT count(*) FROM idempotency", &unit->error);

        statement_number(s, arg, &unit->error);
}

static int64_t keys_left(struct store *store)
{
        int64_t left = -1;

        check_int(things_do(store, run_count_keys, &left), ERROR_NONE);
        return left;
}

/* More than 1,667 a second, which once was the limit. */
static void one_purge_removes_all_there_is(void)
{
        struct old_keys keys = {.each = 51000, .age_ms = 25 * HOUR};
        struct store *store = things_open();

        check_int(things_do(store, run_old_keys, &keys), ERROR_NONE);
        purge(store, 24 * HOUR, 10 * MINUTE, HOUR);
        check_int(keys_left(store), 0);
        store_close(&store);
}

static void gateway_keys_go_first(void)
{
        struct old_keys keys = {.each = 3000, .age_ms = 11 * MINUTE};
        struct store *store = things_open();

        check_int(things_do(store, run_old_keys, &keys), ERROR_NONE);
        purge(store, 24 * HOUR, 10 * MINUTE, HOUR);
        check_int(keys_left(store), 3000);
        purge(store, 24 * HOUR, 12 * MINUTE, HOUR); /* as after a clock's step back */
        purge(store, 24 * HOUR, 10 * MINUTE, HOUR);
        check_int(keys_left(store), 3000);
        check_int(things_do(store, run_old_gateway_key, NULL), ERROR_NONE);
        purge(store, 24 * HOUR, 9 * MINUTE, HOUR);
        check_int(keys_left(store), 3000);
        store_close(&store);
}

/* After the clients' keys that the purge before has passed, there is next to nothing to read.
   SQLite only. */
static void a_purge_does_not_walk_the_same_way_twice(void)
{
        struct old_keys keys = {.each = 60000, .age_ms = 11 * MINUTE};
        struct store *store;
        long first;

        if (getenv("MALL_TEST_STORE"))
                return;
        store = things_open();
        check_int(things_do(store, run_old_keys, &keys), ERROR_NONE);
        fault_arm(0, SQLITE_FULL);
        purge(store, 24 * HOUR, 10 * MINUTE, HOUR);
        first = fault.reads;
        check_int(keys_left(store), 60000);
        fault_arm(0, SQLITE_FULL);
        purge(store, 24 * HOUR, 10 * MINUTE, HOUR);
        printf("     (%ld reads, then %ld)\n", first, (long)fault.reads);
        check(first > 1000 && fault.reads < first / 4); /* it looks for the end of one portion,
                                                           whose size depends on the machine */
        store_close(&store);
}

/* Nor does it hold up closing the store. */
static void a_purge_waits_for_nobody(void)
{
        struct old_keys keys = {.each = 40000, .age_ms = 25 * HOUR};
        struct store *store = things_open();
        struct errand hold;

        check_int(things_do(store, run_old_keys, &keys), ERROR_NONE);
        errand_send(&hold, store, NULL, NULL);
        store_purge(store, 24 * HOUR, 10 * MINUTE, HOUR);
        store_purge(store, 24 * HOUR, 10 * MINUTE, HOUR);
        check(store_is_purging(store));
        check_int(errand_end(&hold), ERROR_NONE);
        store_close(&store);
        store = things_open();
        check(keys_left(store) > 0);
        purge(store, 24 * HOUR, 10 * MINUTE, HOUR);
        check_int(keys_left(store), 0);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_is_over_is_purged),
                STORY(sources_go_with_their_identities),
                STORY(one_purge_removes_all_there_is),
                STORY(gateway_keys_go_first),
                STORY(a_purge_does_not_walk_the_same_way_twice),
                STORY(a_purge_waits_for_nobody),
                {NULL, NULL},
        };

        fault_vfs(); /* to count the reads; it lets nothing fail */
        return check_main(stories, argc, argv);
}
