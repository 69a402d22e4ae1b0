/* Each event takes effect exactly once, whatever arrives. On the event log. */
#include "base/random.h"
#include "event/eventlog.h"
#include "testing/hearing.h"

#include <malloc.h>

static void an_event_said_twice_is_applied_once(void)
{
        begin();
        say("1", thing("a"));
        say("1", thing("a"));
        say("2", thing("a")); /* another event with the same value */
        listen_as("things");
        wait_for_things(2);
        say("2", thing("a")); /* in a later batch */
        say("3", thing("last"));
        wait_for_things(3);
        check_text(names(), "a a last");
        wait_for_metric("consumed", "Thing", 3);
        wait_for_metric("duplicate", "Thing", 2);
        end();
}

static const char *metrics_now(void)
{
        struct text page = text_open(t.arena, 4000);

        metrics_prometheus(t.metrics, false, &page);
        return page.at;
}

static void the_age_of_an_event_is_counted(void)
{
        static const char at[] = "{\"eventType\":\"Thing\",\"timestamp\":%lld,\"id\":1}";

        begin();
        clock_set_wall_ms(1795358923000);
        say("1", arena_printf(t.arena, at, 1795358923000LL - 95500));   /* a minute and a half */
        say("2", arena_printf(t.arena, at, 1795358923000LL + 60000));   /* a clock that is ahead */
        say("2", arena_printf(t.arena, at, 1795358923000LL + 60000));   /* twice: applied once */
        say("3", "{\"eventType\":\"Thing\",\"timestamp\":0,\"id\":1}"); /* nobody knows */
        say("4", "{\"eventType\":\"Thing\",\"timestamp\":1,\"name\":\"bad\"}");
        say("5", arena_printf(t.arena, at, 1795358923LL)); /* seconds: older than any is kept */
        listen_as("things");
        wait_for_metric("dead", "Thing", 1);
        wait_for_metric("consumed", "Thing", 4);
        clock_set_wall_ms(0);
        check_contains(metrics_now(),
                       "mall_event_age_seconds_bucket{event_type=\"Thing\",le=\"60\"} 1\n"
                       "mall_event_age_seconds_bucket{event_type=\"Thing\",le=\"300\"} 2\n");
        check_contains(metrics_now(), "mall_event_age_seconds_count{event_type=\"Thing\"} 2\n"
                                      "mall_event_age_seconds_sum{event_type=\"Thing\"} 95.5\n");
        end();
}

static void what_is_bad_is_counted_from_0(void)
{
        static const char *const families[] = {"dead", "clashing"}, *const labels[] = {"Thing",
                                                                                       "other",
                                                                                       "unknown"};

        begin();
        listen_as("things");
        for (int f = 0; f < 2; f++)
                for (int l = 0; l < 3; l++)
                        check_contains(metrics_now(),
                                       arena_printf(t.arena,
                                                    "mall_events_%s_total{event_type=\"%s\"} 0\n",
                                                    families[f], labels[l]));
        end();
}

static void a_replayed_event_is_not_applied_again(void)
{
        begin();
        say("1", thing("a"));
        say(NULL, thing("b"));
        say(NULL, thing("b")); /* without headers two records are two events */
        listen_as("things");
        wait_for_things(3);
        inbox_close(&t.inbox, CLOSE_MS);
        check(t.inbox == NULL);
        say("4", thing("last"));
        listen_as("other-group"); /* a new group begins at the start */
        wait_for_things(4);
        check_text(names(), "a b b last");
        wait_for_metric("duplicate", "Thing", 3);
        end();
}

/* As when two replicas have the same partition for a moment: both read all of it, at the same
   time. */
static void two_readers_apply_each_event_once(void)
{
        struct store *other;
        struct inbox *second;
        struct inbox_config config;
        struct error e = {0};

        begin();
        other = store_is_shared(t.store) ? things_open() : t.store;
        for (int i = 0; i < MANY; i++)
                say(arena_printf(t.arena, "%d", i), thing("a"));
        config = (struct inbox_config){.store = other,
                                       .bus = bus_of_story(),
                                       .group = "second",
                                       .reactions = reactions,
                                       .metrics = t.metrics};
        listen_as("first");
        second = inbox_open(&config, &e);
        check_text(e.text, "");
        wait_for_metric("duplicate", "Thing", MANY);
        wait_for_metric("consumed", "Thing", MANY);
        check_int(things_count(t.store), MANY);
        inbox_close(&second, CLOSE_MS);
        if (other != t.store)
                store_close(&other);
        end();
}

/* Headers of other producers that are no text identify nothing, and hold up nothing. */
static void headers_that_are_no_text_are_none(void)
{
        const struct record_header h[] = {
                {"ce_source", "/o\xff", 3}, {"ce_id", "1\0", 2}, {"ce_type", "Thing", 5}};
        struct record r = {.key = "\xfe", .key_len = 1, .headers = h, .header_count = 3};
        struct record_header long_ones[] = {
                {"ce_source", "/o", 2}, {"ce_id", NULL, 6000}, {"ce_type", "Thing", 5}};
        struct prng prng = prng_open(1);
        char *id;

        begin();
        long_ones[1].value = id = arena_alloc(t.arena, 6000);
        for (size_t i = 0; i < 6000; i++)
                id[i] = (char)('!' + prng_draw(&prng) % 90);
        r.value = thing("a");
        r.value_len = strlen(r.value);
        publish(&r, 1);
        r.headers = long_ones; /* nor does an identity that is too long for an index */
        publish(&r, 1);
        r.value = "broken";
        r.value_len = 6;
        publish(&r, 1);
        say("2", thing("b"));
        listen_as("things");
        wait_for_things(3);
        check_text(names(), "a a b");
        wait_for_metric("dead", "unknown", 1);
        end();
}

/* A type header that is no text is no reason to pass the record over: the body names the type
   too. */
static void the_body_decides_where_the_type_header_is_no_text(void)
{
        struct record_header h = {"ce_type", "Th\xff", 3};
        struct record r = {.key = "k", .key_len = 1, .headers = &h, .header_count = 1};

        begin();
        r.value = thing("a");
        r.value_len = strlen(r.value);
        publish(&r, 1);
        say(NULL, thing("b"));
        listen_as("things");
        wait_for_things(2);
        check_text(names(), "a b");
        end();
}

static void what_was_applied_stays_behind(void)
{
        begin();
        say("1", thing("a"));
        listen_as("things");
        wait_for_things(1);
        end();
        begin();
        say("2", thing("b"));
        listen_as("things");
        wait_for_things(2);
        check_int(atomic_load(&reacted), 1); /* the first one was not even read again */
        end();
}

static void the_trace_goes_on(void)
{
        static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        struct record_header h[] = {{"traceparent", trace, sizeof trace - 1}};
        struct record r = {
                .key = "k", .key_len = 1, .value = NULL, .headers = h, .header_count = 1};
        struct outbox_record said[3];
        struct error e = {0};
        size_t count;

        begin();
        r.value = thing("a");
        r.value_len = strlen(r.value);
        publish(&r, 1);
        say("2", thing("b")); /* without a trace, not with the one before */
        listen_as("things");
        wait_for_things(2);
        check(outbox_read(t.store, 0, said, 3, &count, t.arena, &e) && count == 2);
        check_text(header_of(&said[0], "traceparent"), trace);
        check_text(header_of(&said[1], "traceparent"), "none");
        end();
}

/* Who follows an order asks what led to what. */
static void an_announcement_names_the_event_that_led_to_it(void)
{
        struct outbox_record said[4];
        struct error e = {0};
        size_t count;

        begin();
        say("17-x", thing("a"));
        say(NULL, thing("b")); /* of a sender that gives no ids; not the event before it */
        say("18", thing("c"));
        listen_as("things");
        wait_for_things(3);
        check(outbox_read(t.store, 0, said, 4, &count, t.arena, &e) && count == 3);
        check_text(header_of(&said[0], "ce_causationid"), "17-x");
        check_text(header_of(&said[1], "ce_causationid"), "none");
        check_text(header_of(&said[2], "ce_causationid"), "18");
        check_int(things_do(t.store, thing_add_and_say, &(struct thing){.name = "own"}),
                  ERROR_NONE);
        check(outbox_read(t.store, said[2].id, said, 4, &count, t.arena, &e) && count == 1);
        check_text(header_of(&said[0], "ce_causationid"), "none");
        end();
}

/* Sanitizers keep freed memory for a while; they know how much is in use. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t memory_in_use(void)
{
        if (__sanitizer_get_current_allocated_bytes)
                return __sanitizer_get_current_allocated_bytes();
        return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void what_was_read_is_let_go_of(void)
{
        enum { LARGE = 800 * 1000, COUNT = 40 };
        struct text large;
        size_t before;

        begin();
        large = text_open(t.arena, LARGE + 100);
        text_string(&large, "{\"eventType\":\"Unknown\",\"pad\":\"");
        while (large.len < LARGE)
                text_string(&large,
                            "................................................................");
        text_string(&large, "\"}");
        listen_as("things");
        say(NULL, large.at);
        say(NULL, thing("first"));
        wait_for_things(1);
        before = memory_in_use();
        for (int i = 0; i < COUNT; i++)
                say(NULL, large.at);
        say(NULL, thing("last"));
        wait_for_things(2);
        check(memory_in_use() < before + (size_t)LARGE * COUNT / 2);
        end();
}

static void events_of_other_types_are_skipped(void)
{
        const struct record_header h[] = {
                {"ce_type", "Other", 5}, {"ce_source", "/o", 2}, {"ce_id", "1", 1}};
        struct record other = {
                .value = "binary \xff", .value_len = 8, .headers = h, .header_count = 3};

        begin();
        listen_as("things");
        say(NULL, "{\"eventType\":\"Unknown\",\"id\":{}}");
        say(NULL, "{\"eventType\":\"\"}");
        publish(&other, 1); /* its header tells that it is not ours, whatever its value is */
        say(NULL, thing("last"));
        wait_for_things(1);
        letters(0);
        check_int(atomic_load(&reacted), 1);
        end();
}

static int64_t lag_of(const char *group)
{
        struct error e = {0};
        struct eventlog *f =
                eventlog_open(bus_of_story().url + sizeof "log:" - 1, EVENTLOG_INSPECTS, &e);
        struct eventlog_group *groups;
        size_t count;
        int64_t lag = -1;

        check(f != NULL);
        count = eventlog_groups(f, t.arena, &groups, &e);
        for (size_t i = 0; i < count; i++)
                if (strcmp(groups[i].name, group) == 0)
                        lag = groups[i].lag;
        eventlog_close(&f);
        return lag;
}

/* Only its body tells that no reaction is for it: so it was handed out. */
static void a_foreign_event_is_passed_for_good(void)
{
        int64_t end_at = clock_mono_us() + PATIENCE_US;

        begin();
        for (int i = 0; i < 3; i++)
                say(NULL, "{\"eventType\":\"Unknown\",\"id\":1}");
        listen_as("things");
        while (lag_of("things") != 0 && clock_mono_us() < end_at)
                usleep(10000);
        check_int(lag_of("things"), 0);
        end();
}

static void who_asks_for_it_reads_which_events_were_applied(void)
{
        static const char traced[] = "0af7651916cd43dd8448eb211c80319c";
        struct record_header h[] = {
                {"ce_source", "/other/1", 8},
                {"ce_id", "1", 1},
                {"ce_type", "Thing", 5},
                {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 55}};
        struct record r = {.key = "k", .key_len = 1, .headers = h, .header_count = 4};

        for (int on = 0; on < 2; on++) {
                begin();
                h[1].value = on ? "2" : "1"; /* the store is the same */
                r.value = thing("a");
                r.value_len = strlen(r.value);
                publish(&r, 1);
                log_events = on;
                listen_to_log();
                listen_as("things");
                wait_for_metric("consumed", "Thing", 1);
                inbox_close(&t.inbox, CLOSE_MS);
                stop_listening();
                check_int(count_of(told(), "an event was applied"), on);
                check_int(count_of(told(), traced), on);
                end();
        }
        log_events = false;
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_event_said_twice_is_applied_once),
                STORY(the_age_of_an_event_is_counted),
                STORY(what_is_bad_is_counted_from_0),
                STORY(a_replayed_event_is_not_applied_again),
                STORY(two_readers_apply_each_event_once),
                STORY(headers_that_are_no_text_are_none),
                STORY(the_body_decides_where_the_type_header_is_no_text),
                STORY(what_was_applied_stays_behind),
                STORY(the_trace_goes_on),
                STORY(an_announcement_names_the_event_that_led_to_it),
                STORY(what_was_read_is_let_go_of),
                STORY(events_of_other_types_are_skipped),
                STORY(a_foreign_event_is_passed_for_good),
                STORY(who_asks_for_it_reads_which_events_were_applied),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
