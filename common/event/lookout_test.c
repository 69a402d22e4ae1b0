/* Following the bus into memory. */
#include "event/lookout.h"

#include "testing/publish.h"
#include "testing/seen_events.h"

#include <poll.h>
#include <stdatomic.h>

static struct stage {
        struct recent *recent;
        struct lookout *lookout;
        char url[400];
        atomic_int seen, rounds, rounds_with;
        _Atomic int64_t passed_over;
} stage;

static void seen(void *arg, const struct sighting *s)
{
        (void)arg, (void)s;
        atomic_fetch_add(&stage.seen, 1);
}

static void round_over(void *arg, bool something_came, int64_t passed_over)
{
        (void)arg;
        atomic_fetch_add(&stage.rounds, 1);
        atomic_fetch_add(&stage.rounds_with, something_came);
        atomic_store(&stage.passed_over, passed_over);
}

static void begin(void)
{
        memset(&stage, 0, sizeof stage);
        snprintf(stage.url, sizeof stage.url, "log:%s/mall.log", check_directory());
        stage.recent = recent_of_test(1000);
}

static void look_out(int64_t last)
{
        struct lookout_config config = {.bus = {.url = stage.url, .client = "test"},
                                        .last = last,
                                        .recent = stage.recent,
                                        .seen = seen,
                                        .round = round_over};
        struct error error = {0};

        stage.lookout = lookout_open(&config, &error);
        check_text(error.text, "");
}

static void end(void)
{
        lookout_close(&stage.lookout);
        recent_close(&stage.recent);
}

static void announce(int count)
{
        struct error error = {0};
        struct bus_config config = {.url = stage.url, .client = "test"};
        struct bus *publisher = bus_open_publisher(&config, &error);
        struct record record = {.key = "1",
                                .key_len = 1,
                                .value = "{\"eventType\":\"Orderplaced\"}",
                                .value_len = 27};

        for (int i = 0; i < count; i++)
                check_int((int64_t)bus_publish(publisher, &record, 1, 5000, &error), 1);
        bus_close(&publisher, 5000);
}

static void wait_for_seen(int count)
{
        for (int i = 0; i < 1000 && atomic_load(&stage.seen) < count; i++)
                poll(NULL, 0, 5);
        check_int(atomic_load(&stage.seen), count);
}

static void the_past_is_read_before_it_is_open(void)
{
        begin();
        announce(20);
        look_out(10);
        check_int(atomic_load(&stage.seen), 10);
        check_int((int64_t)recent_span(stage.recent).end, 10);
        announce(3);
        wait_for_seen(13);
        end();
        check(atomic_load(&stage.passed_over) >= 0);
}

static void a_bus_that_is_not_there_yet_is_waited_for(void)
{
        begin();
        look_out(10);
        announce(3);
        wait_for_seen(3);
        end();
}

static void it_goes_round_while_nothing_comes(void)
{
        begin();
        look_out(10);
        poll(NULL, 0, 1000);
        check(atomic_load(&stage.rounds) >= 2 && atomic_load(&stage.rounds) < 50);
        check_int(atomic_load(&stage.rounds_with), 0);
        end();
}

static void a_wrong_bus_is_refused(void)
{
        struct lookout_config config = {.bus = {.url = "nonsense:", .client = "test"}};
        struct error error = {0};

        check(!lookout_open(&config, &error));
        check_int(error.kind, ERROR_BAD_INPUT);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_past_is_read_before_it_is_open),
                STORY(a_bus_that_is_not_there_yet_is_waited_for),
                STORY(it_goes_round_while_nothing_comes),
                STORY(a_wrong_bus_is_refused),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
