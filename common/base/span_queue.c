#include "base/span_queue.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        struct span_record *first, **end;
        int count, most, enough; /* enough: the taker sleeps until so many are there */
        size_t bytes;
        bool open, hurry;
        struct metrics *metrics;
        struct metric *full;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

const struct metric_family span_families[] = {
        {.name = "mall_spans_dropped_total",
         .help = "Spans that were finished and never reached the collector",
         .kind = METRIC_COUNTER,
         .labels = {"reason"}},
        {NULL},
};

static struct metric *dropped_series(const char *reason)
{
        return metrics_series(queue.metrics, &span_families[0], &reason);
}

void span_queue_open(int most, struct metrics *metrics)
{
        pthread_mutex_lock(&queue.lock);
        queue.first = NULL;
        queue.end = &queue.first;
        queue.count = 0;
        queue.bytes = 0;
        queue.most = most;
        queue.enough = 0;
        queue.hurry = false;
        queue.metrics = metrics;
        queue.full = metrics ? dropped_series("queue_full") : NULL;
        queue.open = true;
        pthread_mutex_unlock(&queue.lock);
}

void span_queue_close(void)
{
        struct span_record *left;
        int64_t count;

        pthread_mutex_lock(&queue.lock);
        left = queue.open ? queue.first : NULL;
        count = queue.open ? queue.count : 0;
        queue.first = NULL;
        queue.open = false;
        pthread_mutex_unlock(&queue.lock);
        if (count)
                span_queue_count_dropped("shutdown", count);
        span_records_free(left);
}

void span_queue_count_dropped(const char *reason, int64_t spans)
{
        if (queue.metrics)
                metric_add(dropped_series(reason), spans);
}

/* ---- in ---- */

static bool has_room(const struct span_record *r)
{
        return queue.open && queue.count < queue.most && queue.bytes + r->size <= SPAN_QUEUE_BYTES;
}

/* Wakes the taker only when it has enough: not for every span. */
static void append(struct span_record *r)
{
        r->next = NULL;
        *queue.end = r;
        queue.end = &r->next;
        queue.count++;
        queue.bytes += r->size;
        if (queue.enough && queue.count >= queue.enough) {
                queue.enough = 0;
                pthread_cond_signal(&queue.changed);
        }
}

void span_queue_put(struct span_record *r)
{
        bool fits;

        pthread_mutex_lock(&queue.lock);
        fits = has_room(r);
        if (fits)
                append(r);
        else if (queue.open && queue.full)
                metric_add(queue.full, 1);
        pthread_mutex_unlock(&queue.lock);
        if (!fits)
                free(r);
}

/* ---- out ---- */

static void wait_for(int enough, int wait_ms)
{
        struct timespec until = clock_after(wait_ms);

        while (queue.count < enough && !queue.hurry) {
                queue.enough = enough;
                if (pthread_cond_clockwait(&queue.changed, &queue.lock, CLOCK_MONOTONIC, &until))
                        break;
        }
        queue.enough = 0;
}

static struct span_record *cut(int most)
{
        struct span_record *first = queue.first, **last = &queue.first;

        for (; *last && most > 0; most--) {
                queue.count--;
                queue.bytes -= (*last)->size;
                last = &(*last)->next;
        }
        if (last == &queue.first)
                return NULL;
        queue.first = *last;
        *last = NULL;
        if (!queue.first)
                queue.end = &queue.first;
        return first;
}

struct span_record *span_queue_take(int most, int enough, int wait_ms)
{
        struct span_record *first;

        pthread_mutex_lock(&queue.lock);
        if (wait_ms > 0)
                wait_for(enough < queue.most ? enough : queue.most, wait_ms);
        first = cut(most);
        pthread_mutex_unlock(&queue.lock);
        return first;
}

void span_queue_hurry(void)
{
        pthread_mutex_lock(&queue.lock);
        queue.hurry = true;
        pthread_cond_signal(&queue.changed);
        pthread_mutex_unlock(&queue.lock);
}

void span_records_free(struct span_record *first)
{
        for (struct span_record *next; first; first = next) {
                next = first->next;
                free(first);
        }
}

const struct span_attribute *span_record_find(const struct span_record *r, const char *key)
{
        for (int i = 0; i < r->attribute_count; i++)
                if (strcmp(r->attributes[i].key, key) == 0)
                        return &r->attributes[i];
        return NULL;
}
