/* How the relay begins, waits and ends, and what it logs and measures meanwhile.

   No verdict hangs on how fast the machine is: what should end before LONG_MS are over would
   otherwise last as long, and what should end at all would last forever. */
#include "testing/relay_story.h"

#include "testing/overheard.h"

enum { LONG_MS = 1000 * 1000, SHORT_MS = 50 };

/* ---- of a relay without a thread ---- */

static struct relay alone(void)
{
        return (struct relay){.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};
}

static void closing_bounds_each_wait(void)
{
        struct relay r = alone();

        check_int(relay_patience(&r, LONG_MS), LONG_MS);
        check(!relay_is_closing(&r) && !relay_is_out_of_time(&r));
        r.closing = true;
        check_int(relay_patience(&r, LONG_MS), 0);
        check(relay_is_closing(&r) && relay_is_out_of_time(&r));
        r.give_up = clock_mono_us() + 2LL * LONG_MS * 1000;
        check_int(relay_patience(&r, LONG_MS), LONG_MS);
        check(!relay_is_out_of_time(&r));
        r.give_up = clock_mono_us() + LONG_MS * 1000LL;
        check(relay_patience(&r, 2 * LONG_MS) <= LONG_MS);
        check(relay_patience(&r, 2 * LONG_MS) > 0);
}

static void *signal_and_close(void *arg)
{
        struct relay *r = arg;

        pthread_mutex_lock(&r->lock);
        r->closing = true;
        r->give_up = 0;
        pthread_cond_signal(&r->work);
        pthread_mutex_unlock(&r->lock);
        return NULL;
}

static struct {
        struct relay *r;
        _Atomic bool over;
} commits;

static void *tell_of_commits(void *arg)
{
        (void)arg;
        while (!commits.over) {
                pthread_mutex_lock(&commits.r->lock);
                pthread_cond_signal(&commits.r->work);
                pthread_mutex_unlock(&commits.r->lock);
                usleep(100);
        }
        return NULL;
}

static void work_ends_only_a_nap_for_work(void)
{
        int64_t begun = clock_mono_us();
        struct relay r = alone();
        pthread_t thread;

        r.told = true;
        relay_nap(&r, LONG_MS, true);
        check(clock_mono_us() - begun < LONG_MS * 1000LL);
        commits.r = &r;
        commits.over = false;
        check(pthread_create(&thread, NULL, tell_of_commits, NULL) == 0);
        begun = clock_mono_us();
        relay_nap(&r, SHORT_MS, false);
        check(clock_mono_us() - begun >= SHORT_MS * 1000);
        r.told = false;
        begun = clock_mono_us();
        relay_nap(&r, SHORT_MS, true);
        check(clock_mono_us() - begun >= SHORT_MS * 1000);
        commits.over = true;
        pthread_join(thread, NULL);
}

static void closing_ends_each_nap(void)
{
        int64_t begun = clock_mono_us();
        struct relay r = alone();
        pthread_t thread;

        check(pthread_create(&thread, NULL, signal_and_close, &r) == 0);
        relay_nap(&r, LONG_MS, false);
        check(clock_mono_us() - begun < LONG_MS * 1000LL);
        pthread_join(thread, NULL);
        begun = clock_mono_us();
        r.give_up = begun + SHORT_MS * 1000;
        relay_nap(&r, LONG_MS, false); /* one that begins later has the time that is left */
        check(clock_mono_us() - begun >= (SHORT_MS - 1) * 1000);
        check(clock_mono_us() - begun < LONG_MS * 1000LL);
}

static void an_outbox_that_cannot_be_read_is_said_once(void)
{
        struct error failed = {0}, none = {0};
        struct relay r = alone();

        error_set(&failed, ERROR_UNAVAILABLE, "not now");
        overhear();
        relay_say_outbox(&r, &none);
        check_int(overheard("the outbox"), 0);
        relay_say_outbox(&r, &failed);
        relay_say_outbox(&r, &failed);
        check_int(overheard("the outbox cannot be read now error.message=\"not now\""), 1);
        relay_say_outbox(&r, &none);
        check_int(overheard("the outbox"), 1);
        relay_say_outbox(&r, &failed);
        check_int(overheard("the outbox"), 2);
        overhear_no_more();
}

static void a_bus_that_is_away_is_said_once(void)
{
        struct error failed = {0}, none = {0};
        struct relay r = alone();

        error_set(&failed, ERROR_UNAVAILABLE, "not now");
        overhear();
        relay_say_bus(&r, &none);
        check_int(overheard("the bus"), 0);
        relay_say_bus(&r, &failed);
        relay_say_bus(&r, &failed);
        check_int(overheard("the bus is away; events wait in the outbox error.message=\"not now\""),
                  1);
        relay_say_bus(&r, &none);
        relay_say_bus(&r, &none);
        check_int(overheard("the bus is back"), 1);
        relay_say_bus(&r, &failed);
        check_int(overheard("the bus is away"), 2);
        overhear_no_more();
}

/* ---- of one that runs ---- */

static void an_idle_relay_closes_at_once(void)
{
        int64_t begun;

        begin();
        say("a", 1, 0);
        wait_until_gone();
        begun = clock_mono_us();
        relay_close(&t.relay, 2 * LONG_MS);
        check(clock_mono_us() - begun < LONG_MS * 1000LL);
        check(!t.relay);
        relay_close(&t.relay, CLOSE_MS); /* there is none */
        say("a", 1, 0);                  /* nobody is told */
        check_int(outbox_pending(t.store), 1);
        start_relay();
        heard_once();
        end();
}

static void the_bus_has_the_time_that_is_left_to_close(void)
{
        begin();
        relay_close(&t.relay, LONG_MS);
        check(bus.closed_ms > LONG_MS / 2 && bus.closed_ms <= LONG_MS);
        start_relay();
        relay_close(&t.relay, 0);
        check_int(bus.closed_ms, 500);
        end();
}

static void closing_is_bounded_and_what_waits_comes_later(void)
{
        begin();
        doom('a', HOLD, 0);
        say("abc", 100, LARGE / 10);
        wait_until_heard('c', 100);
        relay_close(&t.relay, 500); /* ends, although the answers never come */
        check(bus.gave_up);
        wait_until_pending(100);
        doom('a', LAND, 0);
        start_relay();
        landed_in_order();
        end();
}

static void closing_waits_for_answers(void)
{
        begin();
        doom('a', HOLD, 0);
        say("abc", 100, 0);
        wait_until_pending(100);
        pthread_mutex_lock(&bus.lock);
        bus.lands_once_woken = 'a'; /* by closing */
        bus.was_woken = false;
        pthread_mutex_unlock(&bus.lock);
        relay_close(&t.relay, LONG_MS);
        check(!bus.gave_up);
        check_int(outbox_pending(t.store), 0);
        start_relay();
        heard_once();
        end();
}

static struct relay *closing;

/* Meanwhile the relay is in the middle of a round, its last one. */
static void say_another_until_closing(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        say("b", 1, 0);
        while (!relay_is_closing(closing) && clock_mono_us() < end_at)
                usleep(1000);
}

static void what_is_told_too_late_comes_later(void)
{
        begin();
        say("a", 1, 0);
        wait_until_gone(); /* the table is read by then */
        closing = t.relay;
        pthread_mutex_lock(&bus.lock);
        bus.when_sent = say_another_until_closing;
        pthread_mutex_unlock(&bus.lock);
        say("a", 1, 0);
        wait_until_heard('a', 2);
        relay_close(&t.relay, 0);
        check(!heard_count('b') || store_is_shared(t.store)); /* there the table is read on */
        start_relay();
        heard_once();
        end();
}

static void metrics_say_how_it_stands(void)
{
        begin();
        clock_set_wall_ms(1000 * 1000);
        doom('a', HOLD, 0);
        say("abc", 2, 0);
        say_dead();
        wait_until_pending(2);
        check_int((int64_t)metric("\nmall_events_published_total{event_type=\"ThingSaid\"} "), 4);
        check_int((int64_t)metric("\nmall_events_published_total{event_type=\"dead letter\"} "),
                  1); /* whatever it calls itself */
        check_int((int64_t)metric("\nmall_outbox_pending "), 2);
        clock_set_wall_ms(1000 * 1000 + 250 * 1000);
        check(metric("\nmall_outbox_oldest_seconds ") == 250);
        clock_set_wall_ms(0);
        doom('a', LAND, 0);
        wait_until_gone();
        say("b", 1, 0);
        wait_until_gone();
        check(metric("\nmall_outbox_oldest_seconds ") == 0);
        check(metric("\nmall_outbox_set_aside ") == 0);
        end();
}

/* The age is known before anything of the backlog is handed over. */
static void the_age_of_a_backlog_is_known_at_once(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        begin();
        relay_close(&t.relay, CLOSE_MS);
        say("abc", 2, 0);
        usleep(100 * 1000);
        bus.parts = 0;
        start_relay();
        while (metric("\nmall_outbox_oldest_seconds ") <= 0.09 && clock_mono_us() < end_at)
                usleep(1000);
        check(metric("\nmall_outbox_oldest_seconds ") > 0.09);
        set(set_parts, 3);
        heard_once();
        end();
}

static void a_bus_that_cannot_be_opened(void)
{
        struct error e = {0};

        begin();
        check(!relay_open(&(struct relay_config){.store = t.store, .bus = {.url = "wrong"}}, &e));
        check_text(e.text, "no bus");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(closing_bounds_each_wait),
                STORY(work_ends_only_a_nap_for_work),
                STORY(closing_ends_each_nap),
                STORY(an_outbox_that_cannot_be_read_is_said_once),
                STORY(a_bus_that_is_away_is_said_once),
                STORY(an_idle_relay_closes_at_once),
                STORY(the_bus_has_the_time_that_is_left_to_close),
                STORY(closing_is_bounded_and_what_waits_comes_later),
                STORY(closing_waits_for_answers),
                STORY(what_is_told_too_late_comes_later),
                STORY(metrics_say_how_it_stands),
                STORY(the_age_of_a_backlog_is_known_at_once),
                STORY(a_bus_that_cannot_be_opened),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
