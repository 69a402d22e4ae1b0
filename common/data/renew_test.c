/* A store that came back from the past gives no id twice, and its older rows keep theirs. */
#include "data/renew.h"

#include "base/clock.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <pthread.h>

enum { FAR = 1000 * 1000 };

static struct renewal renew(struct store *store, int64_t seen)
{
        struct renewal renewal = {0};
        struct error e = {0};

        check(store_renew(store, seen, &renewal, &e));
        return renewal;
}

/* The event's id in the outbox, by its key, the thing's name. */
static int64_t id_of_event(struct store *store, const char *key)
{
        struct arena *arena = arena_open();
        struct outbox_record records[20];
        struct error e = {0};
        int64_t id = 0;
        size_t count;

        check(outbox_read(store, 0, records, 20, &count, arena, &e));
        for (size_t i = 0; i < count; i++)
                if (records[i].key && strcmp(records[i].key, key) == 0)
                        id = records[i].id;
        arena_close(&arena);
        return id;
}

static void what_it_gave_renews_nothing(void)
{
        struct store *store = things_open();

        check_int(store_events_given(store), 0);
        check_int(things_add(store, "a"), 1);
        check_int(things_add(store, "b"), 2);
        check_int(store_events_given(store), 2);
        check_int(renew(store, 2).from, 0);
        check_int(renew(store, 1).from, 0);
        check_int(things_add(store, "c"), 3);
        check_int(id_of_event(store, "c"), 3);
        store_close(&store);
}

static void all_ids_jump(void)
{
        int64_t now = clock_wall_ms();
        struct store *store = things_open();
        struct renewal r;
        int64_t id;

        clock_set_wall_ms(now);
        check_int(things_add(store, "a"), 1);
        r = renew(store, 2);
        check_int(r.given, 1);
        check_int(r.from, now * 1000);
        check(store_events_given(store) >= r.from);
        id = things_add(store, "b");
        check(id > r.from && id < r.from + 10);
        check(id_of_event(store, "b") > r.from && id_of_event(store, "b") < r.from + 10);
        check_int(id_of_event(store, "a"), 1);
        check(things_has(store, 1) && things_has(store, id));
        check_int(things_count(store), 2);
        check_int(renew(store, 2).from, 0); /* it gave that now */
        check_int(renew(store, id_of_event(store, "b")).from, 0);
        store_close(&store);
        store = things_open();
        check(things_add(store, "c") > id && things_add(store, "d") < id + 20);
        check(id_of_event(store, "c") > id_of_event(store, "b"));
        clock_set_wall_ms(0);
        store_close(&store);
}

/* One backup, restored twice, and a clock that stands still or is wrong. */
static void each_renewal_leads_further(void)
{
        int64_t now = clock_wall_ms();
        struct store *store = things_open();
        struct renewal first, second;

        clock_set_wall_ms(now);
        first = renew(store, 1);
        second = renew(store, first.from + 5);
        check_int(second.given, first.from);
        check_int(second.from, first.from + 5 + FAR);
        clock_set_wall_ms(1);
        check_int(renew(store, second.from + 1).from, second.from + 1 + FAR);
        clock_set_wall_ms(0);
        store_close(&store);
}

static void sent(struct store *store, int64_t id)
{
        outbox_sent(store, &id, 1);
}

static void what_waits_is_counted_across_the_jump(void)
{
        struct store *store = things_open();
        struct renewal r;

        for (int i = 0; i < 3; i++)
                things_add(store, "a");
        check_int(outbox_pending(store), 3);
        r = renew(store, 4);
        check_int(outbox_pending(store), 3);
        things_add(store, "b");
        check_int(outbox_pending(store), 4);
        if (!store_is_shared(store)) { /* there the rows are counted */
                store_close(&store);
                store = things_open();
                check_int(outbox_pending(store), 4);
                sent(store, 1);
                sent(store, 2);
                check_int(outbox_pending(store), 2);
                sent(store, 3);
                check_int(outbox_pending(store), 1);
                sent(store, r.from + 1);
                check_int(outbox_pending(store), 0);
                things_add(store, "c");
                check_int(outbox_pending(store), 1);
                sent(store, r.from + 2);
                store_close(&store);
                store = things_open();
                check_int(outbox_pending(store), 0);
                check_int(things_add(store, "d"), r.from + 3);
                check_int(outbox_pending(store), 1);
        }
        store_close(&store);
}

/* Renewed when all had been sent. */
static void nothing_waits_after_the_jump(void)
{
        struct store *store = things_open();

        things_add(store, "a");
        if (!store_is_shared(store)) { /* there only its part's reader removes it */
                sent(store, 1);
                outbox_sweep(store);
        }
        renew(store, 2);
        check_int(outbox_pending(store), store_is_shared(store) ? 1 : 0);
        store_close(&store);
        store = things_open();
        check_int(outbox_pending(store), store_is_shared(store) ? 1 : 0);
        store_close(&store);
}

/* As mallctl does it, on a store that no process has open. */
static void a_stopped_store_is_renewed(void)
{
        struct store *store = things_open();
        struct renewal r = {0};
        struct error e = {0};
        struct db *db;
        int64_t id;

        things_add(store, "a");
        things_add(store, "b");
        store_close(&store);
        db = db_open(things_url(), things_service(), DB_WRITER, &e);
        check(db && db_begin(db, false, &e));
        check_int(renewed_from(db, &e), 0);
        check_int(renew_highest(db, &e), 2);
        check_int(renew_highest_event(db, &e), 2);
        check(renew_ids(db, 2, 0, &r, &e) && db_commit(db, &e));
        check_int(renewed_from(db, &e), r.from);
        check_int(renew_highest(db, &e), r.from);
        check_int(renew_highest_event(db, &e), r.from);
        db_close(&db);
        store = things_open();
        check(store_events_given(store) >= r.from);
        id = things_add(store, "c");
        check(id > r.from && id < r.from + 10);
        check(id_of_event(store, "c") > r.from);
        check_int(outbox_pending(store), 3);
        store_close(&store);
}

enum { PROCESSES = 4 };

static struct {
        struct store *store;
        struct renewal renewal;
        pthread_t thread;
} processes[PROCESSES];

static void *renew_one(void *arg)
{
        size_t i = (size_t)arg;
        struct error e = {0};

        check(store_renew(processes[i].store, 50, &processes[i].renewal, &e));
        return NULL;
}

/* All processes see the event that the standby never had. */
static void one_of_several_processes_renews_the_store(void)
{
        int renewals = 0;

        processes[0].store = things_open();
        for (size_t i = 1; i < PROCESSES; i++)
                processes[i].store =
                        store_is_shared(processes[0].store) ? things_open() : processes[0].store;
        things_add(processes[0].store, "a");
        for (size_t i = 0; i < PROCESSES; i++)
                pthread_create(&processes[i].thread, NULL, renew_one, (void *)i);
        for (size_t i = 0; i < PROCESSES; i++)
                pthread_join(processes[i].thread, NULL);
        for (size_t i = 0; i < PROCESSES; i++)
                renewals += processes[i].renewal.from != 0;
        check_int(renewals, 1);
        for (size_t i = 1; i < PROCESSES; i++)
                if (processes[i].store != processes[0].store)
                        store_close(&processes[i].store);
        store_close(&processes[0].store);
}

/* store_open's error for this first id; "" when it opens. *store stays open then. */
static const char *begin(int64_t first, struct store **store)
{
        static struct error e;

        e = (struct error){0};
        *store = things_begin(first, &e);
        check(!*store == (e.kind != ERROR_NONE));
        check(*store || e.kind == ERROR_BAD_INPUT);
        return e.text;
}

static void an_empty_store_begins_where_it_is_told(void)
{
        struct store *store;

        check_text(begin(1000, &store), "");
        check_int(things_add(store, "a"), 1000);
        check_int(id_of_event(store, "a"), 1000);
        check_int(store_events_given(store), 1000);
        check_int(things_count(store), 1);
        store_close(&store);
        check_text(begin(1000, &store), ""); /* a restart */
        check_int(things_add(store, "b"), 1001);
        check_int(outbox_pending(store), 2);
        store_close(&store);
        store = things_open(); /* the setting was taken away */
        check_int(things_add(store, "c"), 1002);
        store_close(&store);
        check_text(begin(1, &store), "MALL_FIRST_ID=1: this store began with 1000 and is at 1002; "
                                     "only an empty one can begin with another id");
}

static void a_restart_before_the_first_id_changes_nothing(void)
{
        struct store *store;

        for (int i = 0; i < 2; i++) {
                check_text(begin(7, &store), "");
                store_close(&store);
        }
        check_text(begin(7, &store), "");
        check_int(things_add(store, "a"), 7);
        store_close(&store);
}

/* The process ended in the middle of it. */
static void a_beginning_that_was_undone_is_done_again(void)
{
        struct store *store = things_open();
        struct error e = {0};
        struct db *db;

        store_close(&store);
        db = db_open(things_url(), things_service(), DB_WRITER, &e);
        check(db && db_begin(db, false, &e) && renew_begin(db, 40, &e));
        db_rollback(db);
        db_close(&db);
        check_text(begin(40, &store), "");
        check_int(things_add(store, "a"), 40);
        store_close(&store);
}

/* Another process, without the setting, may be about to take one. */
static void nobody_takes_an_id_meanwhile(void)
{
        struct store *store = things_open();
        struct error e = {0};
        struct statement *s;
        struct db *other;
        int64_t id = 0;

        store_close(&store);
        if (!db_url_is_shared(things_url()))
                return;
        other = db_open(things_url(), things_service(), DB_WRITER, &e);
        check(other && db_begin(other, false, &e));
        s = db_prepare(other, "SELECT CAST(count(*) AS BIGINT) FROM meta",
                       &e); /* with the first statement it has begun */
        check(s && statement_number(s, &id, &e));
        store = things_begin(40, &e);
        if (store)
                store_close(&store);
        check(e.kind != ERROR_NONE && e.kind != ERROR_BAD_INPUT);
        s = db_prepare(other, "SELECT nextval('things_ids')", &e);
        check(s && statement_number(s, &id, &e));
        check_int(id, 1);
        check(db_commit(other, &e));
        db_close(&other);
        check_contains(begin(40, &store), "this store began with 1 and is at 1");
}

static void who_mistyped_may_say_it_again(void)
{
        static const int64_t firsts[] = {1000, 1201, 1, 300};
        struct store *store;

        for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
                check_text(begin(firsts[i], &store), "");
                store_close(&store);
        }
        check_text(begin(300, &store), "");
        check_int(things_add(store, "a"), 300);
        store_close(&store);
        check(strncmp(begin(1000, &store),
                      "MALL_FIRST_ID=1000: this store began with 300 and is at ", 56) == 0);
}

static void a_store_that_gave_ids_begins_nowhere_else(void)
{
        struct store *store = things_open();

        check_int(things_add(store, "a"), 1);
        things_remove(store, 1); /* its rows are gone, its ids are given */
        store_close(&store);
        check(strncmp(begin(1000, &store), "MALL_FIRST_ID=1000: this store began with 1 and is at ",
                      54) == 0);
        check_text(begin(1, &store), "");
        check_int(things_add(store, "b"), 2);
        store_close(&store);
}

static void a_first_id_stays_below_a_renewal(void)
{
        int64_t now = clock_wall_ms();
        struct store *store;
        struct renewal r;

        clock_set_wall_ms(now);
        check(strstr(begin(now * 1000 + 1, &store),
                     ": at most the microseconds since 1970, now ") != NULL);
        check_text(begin(now * 1000, &store), "");
        check_int(things_add(store, "a"), now * 1000);
        clock_set_wall_ms(now + 1000);
        r = renew(store, now * 1000 + 1);
        check_int(r.from, (now + 1000) * 1000);
        store_close(&store);
        check_text(begin(now * 1000, &store),
                   ""); /* renewed since, and the setting is still there */
        check(things_add(store, "b") > r.from);
        clock_set_wall_ms(0);
        store_close(&store);
}

static const struct story stories[] = {
        STORY(what_it_gave_renews_nothing),
        STORY(all_ids_jump),
        STORY(each_renewal_leads_further),
        STORY(what_waits_is_counted_across_the_jump),
        STORY(nothing_waits_after_the_jump),
        STORY(a_stopped_store_is_renewed),
        STORY(one_of_several_processes_renews_the_store),
        STORY(an_empty_store_begins_where_it_is_told),
        STORY(a_restart_before_the_first_id_changes_nothing),
        STORY(a_beginning_that_was_undone_is_done_again),
        STORY(nobody_takes_an_id_meanwhile),
        STORY(who_mistyped_may_say_it_again),
        STORY(a_store_that_gave_ids_begins_nowhere_else),
        STORY(a_first_id_stays_below_a_renewal),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
