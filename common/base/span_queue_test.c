#include "base/span_queue.h"

#include "testing/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct span_record *record_of(int64_t start_ns, size_t size)
{
        struct span_record *r = memory_alloc(size);

        r->size = size;
        r->start_ns = start_ns;
        return r;
}

static void put(int64_t start_ns)
{
        span_queue_put(record_of(start_ns, sizeof(struct span_record)));
}

/* The start of each, "1 2 3". */
static const char *taken(int most)
{
        static char text[200];
        struct span_record *first = span_queue_take(most, 1, 0);

        text[0] = '\0';
        for (const struct span_record *r = first; r; r = r->next)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s%lld",
                         *text ? " " : "", (long long)r->start_ns);
        span_records_free(first);
        return text;
}

static double dropped(struct metrics *metrics, const char *reason)
{
        static const struct metric_family family = {
                "mall_spans_dropped_total", "", METRIC_COUNTER, {"reason"}};

        return metric_value(metrics_series(metrics, &family, &reason));
}

static void the_oldest_come_out_first(void)
{
        span_queue_open(10, NULL);
        check_text(taken(5), "");
        put(1), put(2), put(3);
        check_text(taken(2), "1 2");
        put(4);
        check_text(taken(5), "3 4");
        put(5);
        check_text(taken(5), "5");
        span_queue_close();
}

static void what_does_not_fit_is_dropped_and_counted(void)
{
        struct metrics *metrics = metrics_open();

        span_queue_open(2, metrics);
        put(1), put(2), put(3), put(4);
        check(dropped(metrics, "queue_full") == 2);
        check_text(taken(5), "1 2");
        put(5);
        span_queue_close();
        check(dropped(metrics, "shutdown") == 1);
        put(6); /* forgotten */
        span_queue_open(2, metrics);
        check_text(taken(5), "");
        span_queue_close();
        metrics_close(&metrics);
}

static void its_bytes_are_bounded_too(void)
{
        struct metrics *metrics = metrics_open();

        span_queue_open(100, metrics);
        span_queue_put(record_of(1, SPAN_QUEUE_BYTES / 2));
        span_queue_put(record_of(2, SPAN_QUEUE_BYTES / 2));
        put(3);
        check(dropped(metrics, "queue_full") == 1);
        check_text(taken(1), "1");
        put(4);
        check_text(taken(5), "2 4");
        span_queue_close();
        metrics_close(&metrics);
}

static _Atomic bool is_waiting;

static void *take_three(void *arg)
{
        (void)arg;
        is_waiting = true;
        return span_queue_take(10, 3, 60000);
}

static void who_takes_waits_for_enough_of_them(void)
{
        pthread_t thread;
        void *first;
        int count = 0;

        is_waiting = false;
        span_queue_open(10, NULL);
        pthread_create(&thread, NULL, take_three, NULL);
        while (!is_waiting)
                usleep(100);
        for (int i = 0; i < 3; i++) {
                usleep(2000);
                put(i);
        }
        pthread_join(thread, &first);
        for (const struct span_record *r = first; r; r = r->next)
                count++;
        check_int(count, 3);
        span_records_free(first);
        span_queue_close();
}

static void a_hurry_ends_the_wait_and_all_later_ones(void)
{
        pthread_t thread;
        void *first;

        is_waiting = false;
        span_queue_open(10, NULL);
        put(1);
        pthread_create(&thread, NULL, take_three, NULL);
        while (!is_waiting)
                usleep(100);
        usleep(2000);
        span_queue_hurry();
        pthread_join(thread, &first);
        check(first && !((struct span_record *)first)->next);
        span_records_free(first);
        check(!span_queue_take(10, 3, 60000));
        span_queue_close();
}

enum { THREADS = 4, EACH = 2000 };

static void *put_many(void *arg)
{
        for (int i = 0; i < EACH; i++)
                put(*(int *)arg);
        return NULL;
}

static void many_threads_put_and_none_is_lost_uncounted(void)
{
        struct metrics *metrics = metrics_open();
        pthread_t threads[THREADS];
        int number = 1, count = 0;
        struct span_record *first;

        span_queue_open(100, metrics);
        for (int i = 0; i < THREADS; i++)
                pthread_create(&threads[i], NULL, put_many, &number);
        for (int i = 0; i < 50; i++) {
                first = span_queue_take(50, 10, 1);
                for (const struct span_record *r = first; r; r = r->next)
                        count++;
                span_records_free(first);
        }
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        span_queue_close();
        check_int(count + (int)dropped(metrics, "queue_full") + (int)dropped(metrics, "shutdown"),
                  THREADS * EACH);
        metrics_close(&metrics);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_oldest_come_out_first),
                STORY(what_does_not_fit_is_dropped_and_counted),
                STORY(its_bytes_are_bounded_too),
                STORY(who_takes_waits_for_enough_of_them),
                STORY(a_hurry_ends_the_wait_and_all_later_ones),
                STORY(many_threads_put_and_none_is_lost_uncounted),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
