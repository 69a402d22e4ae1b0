/* Readers that do not read for a while, and stay members of their group. On every bus. */
#include "base/metrics.h"
#include "testing/bus_story.h"

#include <pthread.h>

static void idling_loses_nothing(void)
{
        const char *url = story_url();
        struct bus *publisher = open_publisher(url), *reader = open_reader(url, "g");

        say(publisher, "1", "first");
        expect(reader, "first");
        say(publisher, "1", "second");
        bus_idle(reader, 300);
        say(publisher, "1", "third");
        bus_idle(reader, 300);
        expect(reader, "second");
        expect(reader, "third");
        bus_close(&reader, 5000);
        bus_close(&publisher, 5000);
}

enum { A_LONG_TIME_MS = 2 * PATIENCE_MS };

static void *idle_long(void *reader)
{
        bus_idle(reader, A_LONG_TIME_MS);
        return NULL;
}

/* group NULL: a publisher. On Kafka the topic has a partition for each of three readers. */
static struct bus *open_for_three(const char *url, const char *group, struct metrics *metrics)
{
        struct bus_config config = {
                .url = url, .client = "test", .partitions = 3, .metrics = metrics};
        struct error e = {0};
        struct bus *bus =
                group ? bus_open_reader(&config, group, &e) : bus_open_publisher(&config, &e);

        check_text(e.text, "");
        return bus;
}

static void hear_any(struct bus *reader)
{
        struct arena *arena = arena_open();
        struct record r;

        hear(reader, &r, 1, arena);
        arena_close(&arena);
}

static int64_t lag_in(struct metrics *metrics)
{
        static const char name[] = "\nkafka_consumer_records_lag{";
        struct arena *arena = arena_open();
        struct text page = text_open(arena, 10000);
        int64_t sum = 0;

        metrics_prometheus(metrics, false, &page);
        for (const char *at = page.at; (at = strstr(at, name)); at += strlen(name))
                sum += atoll(strchr(at, ' ') + 1);
        arena_close(&arena);
        return sum;
}

static void wait_for_lag(struct metrics *metrics, int64_t lag)
{
        int64_t end = clock_mono_us() + PATIENCE_MS * 1000;

        while (lag_in(metrics) != lag && clock_mono_us() < end)
                usleep(2000);
        check_int(lag_in(metrics), lag);
}

/* What it is given while it idles waits too, and does not keep it from giving that away. */
static void one_that_idles_takes_over_and_gives_away(void)
{
        const char *url = story_url(), *group = strrchr(url, '/') + 1;
        struct metrics *seen = metrics_open();
        struct bus *members[3], *publisher = open_for_three(url, NULL, NULL);
        pthread_t threads[2];

        for (int i = 0; i < 30; i++)
                say(publisher, (const char[]){(char)('A' + i), '\0'}, "said");
        for (int i = 0; i < 2; i++) {
                members[i] = open_for_three(url, group, i ? seen : NULL);
                hear_any(members[i]);
                pthread_create(&threads[i], NULL, idle_long, members[i]);
        }
        bus_wake(members[0]);
        pthread_join(threads[0], NULL);
        bus_close(&members[0], 5000);
        wait_for_lag(seen, 30); /* it has all */
        members[2] = open_for_three(url, group, NULL);
        hear_any(members[2]);
        bus_wake(members[1]);
        pthread_join(threads[1], NULL);
        for (int i = 1; i < 3; i++)
                bus_close(&members[i], 5000);
        bus_close(&publisher, 5000);
        metrics_close(&seen);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(idling_loses_nothing),
                STORY(one_that_idles_takes_over_and_gives_away),
                {NULL, NULL},
        };

        return on_every_bus(stories, argc, argv);
}
