/* What a reader's lag counts on the event log. */
#include "event/bus.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "event/eventlog.h"
#include "testing/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t lag_in(struct metrics *metrics)
{
        static const char series[] =
                "\nkafka_consumer_records_lag{topic=\"mall\",partition=\"0\"} ";
        struct arena *arena = arena_open();
        struct text page = text_open(arena, 10000);
        const char *at;
        int64_t lag;

        metrics_prometheus(metrics, false, &page);
        at = strstr(page.at, series);
        lag = at ? atoll(at + strlen(series)) : -1;
        arena_close(&arena);
        return lag;
}

/* As its first look says, while it does not read. */
static int64_t lag_of_a_new_group(const char *path)
{
        char url[160];
        struct bus_config config = {.url = url, .client = "test", .metrics = metrics_open()};
        struct error e = {0};
        struct bus *reader;
        int64_t lag;

        snprintf(url, sizeof url, "log:%s", path);
        reader = bus_open_reader(&config, "late", &e);
        check_text(e.text, "");
        bus_idle(reader, 10);
        lag = lag_in(config.metrics);
        bus_close(&reader, 0);
        metrics_close(&config.metrics);
        return lag;
}

static void append(struct eventlog *f, int count)
{
        struct record record = {.value = "said", .value_len = 4};
        struct error e = {0};

        while (count--)
                check(eventlog_append(f, "mall", &record, 1, &e));
}

static void what_is_deleted_already_is_none_of_a_new_groups_lag(void)
{
        struct error e = {0};
        char path[128], holder[128];
        struct eventlog *f;
        bool more;

        snprintf(path, sizeof path, "%s/mall.log", check_directory());
        f = eventlog_open(path, EVENTLOG_APPENDS, &e);
        check_text(e.text, "");
        append(f, 10);
        check(eventlog_retire(f, clock_wall_ms() + 1000, &more, holder, &e)); /* but the last */
        append(f, 2);
        check_int(lag_of_a_new_group(path), 3);
        eventlog_close(&f);
}

static void a_group_lags_by_nothing_where_nothing_was_said(void)
{
        struct error e = {0};
        struct eventlog *f;
        char path[128];

        snprintf(path, sizeof path, "%s/mall.log", check_directory());
        f = eventlog_open(path, EVENTLOG_APPENDS, &e);
        check_text(e.text, "");
        check_int(lag_of_a_new_group(path), 0);
        eventlog_close(&f);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_is_deleted_already_is_none_of_a_new_groups_lag),
                STORY(a_group_lags_by_nothing_where_nothing_was_said),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
