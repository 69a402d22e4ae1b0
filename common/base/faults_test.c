#include "base/faults.h"

#include "base/clock.h"
#include "testing/fault_set.h"

#include <pthread.h>
#include <stdatomic.h>

enum { DEADLINE_US = 60 * 1000000 };

static bool still_on(int64_t id)
{
        return faults_still(faults, id);
}

static void it_ends_by_itself_and_the_wall_clock_does_not_matter(void)
{
        int64_t deadline = clock_mono_us() + DEADLINE_US;

        begin();
        add("{\"kind\":\"http-reset\",\"duration\":\"1h\"}");
        clock_set_wall_ms(clock_wall_ms() + 7200000);
        faults_tick(faults);
        check(still_on(1) && strikes(FAULT_HTTP_RESET, "GET", "/"));
        clock_set_wall_ms(0);
        add("{\"kind\":\"not-ready\",\"duration\":\"100ms\"}");
        while (still_on(2) && clock_mono_us() < deadline)
                usleep(1000);
        check(!faults_strike(faults, FAULT_NOT_READY, NULL, NULL));
        check(still_on(1));
        faults_tick(faults);
        check(!faults_may(faults, FAULT_NOT_READY));
        check_contains(written(faults_write_ended), "\"reason\":\"its time is over\"");
        end();
}

static void what_is_over_is_no_longer_shown_nor_removed_before_any_tick(void)
{
        int64_t deadline = clock_mono_us() + DEADLINE_US;

        begin();
        add("{\"kind\":\"not-ready\",\"duration\":\"100ms\"}");
        while (still_on(1) && clock_mono_us() < deadline)
                usleep(1000);
        check(!faults_remove(faults, 1));
        check_text(written(faults_write), "[]");
        check_contains(written(faults_write_ended), "its time is over");
        end();
}

static void removal_ends_one_and_clear_all(void)
{
        begin();
        for (int i = 0; i < 3; i++)
                add("{\"kind\":\"http-reset\"}");
        check(!faults_remove(faults, 0) && !faults_remove(faults, -1) && !faults_remove(faults, 4));
        check(faults_remove(faults, 2));
        check(still_on(1) && !still_on(2) && still_on(3));
        check_int(faults_clear(faults), 2);
        check_int(faults_clear(faults), 0);
        check(!faults_may(faults, FAULT_HTTP_RESET));
        check(!strikes(FAULT_HTTP_RESET, "GET", "/"));
        check_int(add("{\"kind\":\"http-reset\"}"), 4); /* no id twice */
        end();
}

static void at_most_32_are_on_and_the_last_20_that_ended_are_remembered(void)
{
        const char *ended;

        begin();
        for (int i = 1; i <= 32; i++)
                check_int(add("{\"kind\":\"http-reset\"}"), i);
        check_int(add("{\"kind\":\"http-reset\"}"), 0);
        check_int(error.kind, ERROR_CONFLICT);
        check_text(error.text, "32 faults are on, which is the most");
        check(faults_remove(faults, 5));
        check_int(add("{\"kind\":\"http-reset\"}"), 33);
        check_int(faults_clear(faults), 32);
        ended = written(faults_write_ended);
        check_contains(ended, "[{\"id\":33,"); /* the newest first */
        check_contains(ended, "{\"id\":14,");
        check(!strstr(ended, "{\"id\":13,"));
        end();
}

static _Atomic int struck;

static void *strike_often(void *arg)
{
        (void)arg;
        for (int i = 0; i < 2000; i++) {
                struct injection got;

                if (faults_strike(faults, FAULT_HTTP_LATENCY,
                                  &(struct fault_place){.method = "GET", .path = "/orders/1"},
                                  &got)) {
                        faults_still(faults, got.fault);
                        struck++;
                }
        }
        return NULL;
}

static void *add_and_end(void *arg)
{
        struct arena *own = arena_open();
        struct error ignored;

        (void)arg;
        for (int i = 0; i < 200; i++) {
                static const char body[] = "{\"kind\":\"http-latency\",\"path\":\"/orders/{id}\","
                                           "\"delay\":\"1ms\",\"rate\":0.5}";
                const struct json *json = json_read(own, body, sizeof body - 1, &ignored);
                int64_t id = faults_add(faults, json, &ignored);
                struct text out = text_open(own, 1000);

                faults_write(faults, &out);
                faults_write_ended(faults, &out);
                faults_tick(faults);
                if (id && i % 2)
                        faults_remove(faults, id);
                if (i % 50 == 49)
                        faults_clear(faults);
        }
        arena_close(&own);
        return NULL;
}

static void run_threads(void)
{
        pthread_t threads[5];

        for (int i = 0; i < 5; i++)
                pthread_create(&threads[i], NULL, i < 3 ? strike_often : add_and_end, NULL);
        for (int i = 0; i < 5; i++)
                pthread_join(threads[i], NULL);
}

static void any_thread_may_strike_while_others_add_and_end(void)
{
        begin();
        struck = 0;
        add("{\"kind\":\"http-latency\",\"delay\":\"1ms\",\"rate\":0.5}");
        free(log_of(run_threads));
        check_int((int64_t)counted("http-latency"), struck);
        end();
}

struct rests {
        int64_t fault;
        int count, most;
        bool remove; /* the fault, in the end */
};

static bool rest(void *arg, int64_t us)
{
        struct rests *r = arg;

        check(us > 0 && us <= 100000);
        if (++r->count < r->most)
                return true;
        return r->remove && faults_remove(faults, r->fault);
}

static void waiting_ends_with_the_fault_or_when_who_waits_will_not(void)
{
        int64_t hours = clock_mono_us() + INT64_C(24) * 3600 * 1000000;
        struct rests will_not = {.most = 3}, removes = {.most = 3, .remove = true}, none = {0};

        begin();
        will_not.fault = removes.fault = add("{\"kind\":\"consume-pause\"}");
        check(faults_wait(faults, will_not.fault, clock_mono_us(), rest, &none));
        check(!faults_wait(faults, will_not.fault, hours, rest, &will_not));
        check_int(will_not.count, 3);
        check(faults_wait(faults, removes.fault, hours, rest, &removes));
        check_int(removes.count, 3);
        check(faults_wait(faults, removes.fault, hours, rest, &none));
        check_int(none.count, 0);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(it_ends_by_itself_and_the_wall_clock_does_not_matter),
                STORY(what_is_over_is_no_longer_shown_nor_removed_before_any_tick),
                STORY(removal_ends_one_and_clear_all),
                STORY(at_most_32_are_on_and_the_last_20_that_ended_are_remembered),
                STORY(waiting_ends_with_the_fault_or_when_who_waits_will_not),
                STORY(any_thread_may_strike_while_others_add_and_end),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
