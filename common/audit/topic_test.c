/* What is held of the topic, which anybody may write to. */
#include "audit/topic.h"

#include "testing/check.h"
#include "testing/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20, EVENTS = 30, LONG = 900 << 10, LONGEST_KEPT = 1000 };

static const char started[] =
        "{\"eventType\":\"DeliveryStarted\",\"timestamp\":1,\"id\":1,\"orderId\":\"1\"}";

static struct {
        char url[200];
        char source[LONG + 1];
        struct topic topic;
        struct error error;
} t;

static void announce(struct bus *bus, int number)
{
        char id[20];
        struct record_header headers[] = {
                {"ce_type", "DeliveryStarted", strlen("DeliveryStarted")},
                {"ce_source", "/delivery/a", strlen("/delivery/a")},
                {"ce_ordersource", t.source, strlen(t.source)},
                {"ce_id", id, (size_t)snprintf(id, sizeof id, "%d", number)},
        };
        struct record r = {.value = started,
                           .value_len = strlen(started),
                           .headers = headers,
                           .header_count = 4};

        check_int((int64_t)bus_publish(bus, &r, 1, 20000, &t.error), 1);
}

/* Each names another order store, by a name of that length. */
static void announce_from_many_stores(size_t len)
{
        struct bus *bus;

        snprintf(t.url, sizeof t.url, "log:%s/mall.log", check_directory());
        bus = bus_open_publisher(&(struct bus_config){.url = t.url, .client = "test"}, &t.error);
        check(bus != NULL);
        memset(t.source, 'x', len);
        t.source[len] = '\0';
        for (int i = 0; i < EVENTS; i++) {
                t.source[0] = (char)('A' + i);
                announce(bus, i);
        }
        bus_close(&bus, 0);
}

static bool read_within(size_t most)
{
        return topic_read(&t.topic, &(struct topic_source){.url = t.url, .most = most}, &t.error);
}

static void a_source_that_no_store_has_is_not_kept(void)
{
        announce_from_many_stores(LONG);
        check(read_within(MIB));
        check_int((int64_t)t.topic.events.count, EVENTS);
        check(arena_size(t.topic.arena) < MIB);
        topic_close(&t.topic);
}

static void sources_count_among_what_is_held(void)
{
        announce_from_many_stores(LONGEST_KEPT);
        check(!read_within(EVENTS * LONGEST_KEPT));
        check_contains(t.error.text, "the topic has more than an audit may hold");
        topic_close(&t.topic);
        check(read_within(2 * EVENTS * LONGEST_KEPT));
        check_int((int64_t)t.topic.events.count, EVENTS);
        topic_close(&t.topic);
}

/* Letters' replays are events as any, and what nobody can read is counted. */
static void say(struct bus *bus, const char *value, const char *ce_id, bool replayed)
{
        struct record_header headers[] = {
                {"x-replay-group", "product", replayed ? 7 : 0},
                {"ce_source", "/delivery/a", strlen("/delivery/a")},
                {"ce_id", ce_id, ce_id ? strlen(ce_id) : 0},
        };
        struct record r = {.value = value,
                           .value_len = strlen(value),
                           .headers = replayed ? headers : headers + 1,
                           .header_count = (ce_id ? 2 : 0) + (size_t)replayed};

        check_int((int64_t)bus_publish(bus, &r, 1, 20000, &t.error), 1);
}

static void a_replay_counts_with_its_original_and_garbage_by_itself(void)
{
        struct bus *bus;

        snprintf(t.url, sizeof t.url, "log:%s/mall.log", check_directory());
        bus = bus_open_publisher(&(struct bus_config){.url = t.url, .client = "test"}, &t.error);
        say(bus, started, "1", false);
        say(bus, started, "1", true);
        say(bus, started, NULL, false);
        say(bus, started, NULL, true);
        say(bus, "garbage", "2", false);
        say(bus, "garbage", NULL, false);
        say(bus, started, "2", true); /* mended: the only one that can be read */
        say(bus, "{\"eventType\":\"Another\"}", "3", false);
        bus_close(&bus, 0);
        check(read_within(MIB));
        check_int((int64_t)t.topic.events.count, 3);
        check_int((int64_t)t.topic.unreadable, 2);
        topic_close(&t.topic);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_source_that_no_store_has_is_not_kept),
                STORY(sources_count_among_what_is_held),
                STORY(a_replay_counts_with_its_original_and_garbage_by_itself),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
