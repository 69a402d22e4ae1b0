#include "gateway/upstream/upstream_meter.h"

#include "testing/check.h"

#include <stdio.h>
#include <string.h>

static void one_upstream_has_one_meter(void)
{
        struct metrics *metrics = metrics_open();
        struct upstream_meters *meters = upstream_meters_open(metrics);
        const struct upstream_meter *order = upstream_meter_of(meters, "order", 8080);

        check_text(order->name, "order:8080");
        check(upstream_meter_of(meters, "order", 8080) == order);
        check(upstream_meter_of(meters, "order", 8081) != order);
        check_text(upstream_meter_of(meters, "::1", 80)->name, "[::1]:80");
        upstream_meters_close(&meters);
        check(!meters);
        metrics_close(&metrics);
}

static void without_metrics_nothing_is_counted(void)
{
        struct upstream_meters *none = NULL;

        check(!upstream_meter_of(none, "order", 8080));
        upstream_meters_close(&none);
}

static void there_are_never_more_than_a_hundred_and_one(void)
{
        struct metrics *metrics = metrics_open();
        struct upstream_meters *meters = upstream_meters_open(metrics);
        const struct upstream_meter *first = upstream_meter_of(meters, "host", 1),
                                    *hundredth = NULL, *other;

        for (int port = 2; port <= 100; port++)
                hundredth = upstream_meter_of(meters, "host", port);
        check_text(hundredth->name, "host:100");
        other = upstream_meter_of(meters, "host", 101);
        check_text(other->name, "other");
        check(upstream_meter_of(meters, "host", 102) == other);
        check(upstream_meter_of(meters, "host", 100) == hundredth);
        check(upstream_meter_of(meters, "host", 1) == first);
        upstream_meters_close(&meters);
        metrics_close(&metrics);
}

static void a_try_of_unknown_length_is_counted_and_not_timed(void)
{
        struct metrics *metrics = metrics_open();
        struct upstream_meters *meters = upstream_meters_open(metrics);
        const struct upstream_meter *order = upstream_meter_of(meters, "order", 8080);

        upstream_meter_note(order, TRY_CANCELED, -1);
        upstream_meter_note(order, TRY_OK, 0);
        check_int((int64_t)metric_value(order->tries[TRY_CANCELED]), 1);
        check_int((int64_t)metric_value(order->tries[TRY_OK]), 1);
        check_int((int64_t)metric_value(order->seconds), 1);
        upstream_meters_close(&meters);
        metrics_close(&metrics);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(one_upstream_has_one_meter),
                STORY(without_metrics_nothing_is_counted),
                STORY(there_are_never_more_than_a_hundred_and_one),
                STORY(a_try_of_unknown_length_is_counted_and_not_timed),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
