/* Commits are slow or refused on purpose: what was acknowledged is there, what was refused left
   nothing behind, and a probe finds out when it is over. On every store. */
#include "base/clock.h"
#include "base/faults.h"
#include "testing/thing.h"

#include <unistd.h>

enum { PATIENCE_US = 20 * 1000000, SLOW_MS = 10000, MANY = 60 };

static struct {
        struct store *store;
        struct faults *faults;
        struct metrics *metrics;
        struct arena *arena;
} t;

static void open_store(void)
{
        struct error e = {0};

        for (int i = 0; i < 20 && !t.store; i++)
                t.store = store_open(&(struct store_config){.url = things_url(),
                                                            .service = things_service(),
                                                            .entities = thing_entities,
                                                            .readers = 2,
                                                            .faults = t.faults},
                                     &e);
        check_text(t.store ? "" : e.text, "");
}

static void end(void)
{
        store_close(&t.store);
        faults_close(&t.faults);
        arena_close(&t.arena);
}

static void begin(void)
{
        if (t.arena)
                end(); /* of a story that a failed check ended */
        t.arena = arena_open();
        t.faults = faults_open(&(struct faults_config){.kinds = (UINT32_C(1) << FAULT_KINDS) - 1});
        open_store();
}

static void switch_on(const char *json)
{
        struct error e = {0};

        check(faults_add(t.faults, json_read(t.arena, json, strlen(json), &e), &e) > 0);
}

static int struck(void)
{
        struct text all = text_open(t.arena, 500);
        const char *at;

        faults_write(t.faults, &all);
        at = strstr(all.at, "\"injected\":");
        return at ? atoi(at + strlen("\"injected\":")) : 0;
}

static void wait_until_struck(void)
{
        int64_t give_up = clock_mono_us() + PATIENCE_US;

        while (!struck() && clock_mono_us() < give_up)
                usleep(1000);
        check(struck() > 0);
}

static const char slow[] = "{\"kind\":\"slow-disk\",\"delay\":\"10s\"}",
                  full[] = "{\"kind\":\"refused-commit\"}";

static void a_slow_commit_ends_with_its_fault(void)
{
        int64_t begun = clock_mono_us();
        struct errand e;

        begin();
        things_add(t.store, "before");
        switch_on(slow);
        errand_send(&e, t.store, "slow", thing_add_and_say);
        wait_until_struck();
        usleep(20000);
        check(store_busy_ms(t.store) >= 20);
        check_int(things_count(t.store), 1); /* who reads does not wait */
        check_int(e.times_done, 0);
        faults_clear(t.faults);
        check_int(errand_end(&e), ERROR_NONE);
        check_int(things_count(t.store), 2);
        check(clock_mono_us() - begun < SLOW_MS * 1000);
        end();
}

static void closing_waits_for_no_slow_commit(void)
{
        int64_t begun = clock_mono_us();
        struct errand e;

        begin();
        switch_on(slow);
        errand_send(&e, t.store, "slow", thing_add_and_say);
        wait_until_struck();
        store_close(&t.store);
        check_int(errand_end(&e), ERROR_NONE);
        check(clock_mono_us() - begun < SLOW_MS * 1000);
        open_store();
        check_int(things_count(t.store), 1);
        end();
}

/* PostgreSQL ends a session that says nothing for 5 s within a transaction. */
static void a_slow_commit_keeps_its_session(void)
{
        begin();
        if (store_is_shared(t.store)) {
                switch_on("{\"kind\":\"slow-disk\",\"delay\":\"7s\"}");
                things_add(t.store, "slow");
                check_int(things_count(t.store), 1);
                check_int(struck(), 1);
        }
        end();
}

static enum error_kind add_and_tell(const char *name, const char **text)
{
        struct thing thing = {.name = name};
        struct error e = {0};

        store_run(t.store, thing_add_and_say, &thing, t.arena, &e);
        *text = arena_string(t.arena, e.text);
        return e.kind;
}

static void look_only(struct unit *unit, void *id)
{
        unit_get(unit, &thing_entity, *(int64_t *)id);
}

static void wait_until_well(void)
{
        int64_t give_up = clock_mono_us() + PATIENCE_US;

        while (!store_is_well(t.store) && clock_mono_us() < give_up) {
                store_probe(t.store);
                usleep(10000);
        }
        check(store_is_well(t.store));
}

static void a_refused_commit_leaves_nothing_behind(void)
{
        const char *text;
        int64_t id;

        begin();
        id = things_add(t.store, "before");
        switch_on(full);
        check_int(add_and_tell("lost", &text), ERROR_UNAVAILABLE);
        check_contains(text, "fault 1 refuses the commit");
        check(!store_is_well(t.store));
        store_probe(t.store);
        check_int(add_and_tell("lost", &text), ERROR_UNAVAILABLE); /* after the probe */
        check(!store_is_well(t.store));
        check_int(things_do(t.store, look_only, &id), ERROR_NONE);
        check_int(things_count(t.store), 1);
        faults_clear(t.faults);
        wait_until_well();
        check(things_add(t.store, "after") == id + 1 || store_is_shared(t.store));
        check_text(things_waiting(t.store, t.arena), "before after");
        check_int(outbox_pending(t.store), 2);
        end();
}

static void first_time(struct unit *unit, void *first)
{
        *(bool *)first = unit_first_time(unit, "/elsewhere", "1");
        thing_add_and_say(unit, &(struct thing){.name = "heard"});
}

/* An event whose transaction was refused is not known when it comes again. */
static void an_identity_is_not_remembered_before_it_is_stored(void)
{
        bool first = false;

        begin();
        switch_on(full);
        check_int(things_do(t.store, first_time, &first), ERROR_UNAVAILABLE);
        check(first);
        faults_clear(t.faults);
        check_int(things_do(t.store, first_time, &first), ERROR_NONE);
        check(first);
        check_int(things_do(t.store, first_time, &first), ERROR_NONE);
        check(!first);
        end();
}

static void what_was_told_is_so(void)
{
        struct errand errands[MANY];
        int committed = 0;

        begin();
        switch_on("{\"kind\":\"refused-commit\",\"rate\":0.5}");
        switch_on("{\"kind\":\"slow-disk\",\"p50\":\"1ms\",\"p99\":\"20ms\"}");
        for (int i = 0; i < MANY; i++) {
                errand_send(&errands[i], t.store, "one", thing_add_and_say);
                if (i % 3 == 0)
                        usleep(2000);
        }
        for (int i = 0; i < MANY; i++)
                committed += errand_end(&errands[i]) == ERROR_NONE;
        check(struck() > 0);
        check_int(things_count(t.store), committed);
        check_int(outbox_pending(t.store), committed);
        store_close(&t.store);
        open_store();
        check_int(things_count(t.store), committed);
        check_int(outbox_pending(t.store), committed);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_slow_commit_ends_with_its_fault),
                STORY(closing_waits_for_no_slow_commit),
                STORY(a_slow_commit_keeps_its_session),
                STORY(a_refused_commit_leaves_nothing_behind),
                STORY(an_identity_is_not_remembered_before_it_is_stored),
                STORY(what_was_told_is_so),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
