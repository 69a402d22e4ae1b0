#include "base/metrics.h"

#include "base/hash.h"
#include "base/metrics_exemplar.h"
#include "base/trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct metric_bound metric_bounds[METRIC_BUCKETS] = {
        {500, "0.0005", "0.0005"},      {1000, "0.001", "0.001"},    {2500, "0.0025", "0.0025"},
        {5000, "0.005", "0.005"},       {10000, "0.01", "0.01"},     {25000, "0.025", "0.025"},
        {50000, "0.05", "0.05"},        {100000, "0.1", "0.1"},      {250000, "0.25", "0.25"},
        {500000, "0.5", "0.5"},         {1000000, "1", "1.0"},       {2500000, "2.5", "2.5"},
        {5000000, "5", "5.0"},          {10000000, "10", "10.0"},    {30000000, "30", "30.0"},
        {60000000, "60", "60.0"},       {300000000, "300", "300.0"}, {900000000, "900", "900.0"},
        {3600000000, "3600", "3600.0"}, {INT64_MAX, "+Inf", "+Inf"},
};

enum { FIRST_OF_LONG = 3, END_OF_SHORT = 14 }; /* 5 ms; what comes after 10 s */

struct metric_range metric_range_of(enum metric_kind kind)
{
        if (kind == METRIC_HISTOGRAM_LONG)
                return (struct metric_range){FIRST_OF_LONG, METRIC_BUCKETS - 1};
        return (struct metric_range){0, END_OF_SHORT};
}

bool metric_is_histogram(const struct metric_family *family)
{
        return family->kind == METRIC_HISTOGRAM || family->kind == METRIC_HISTOGRAM_LONG;
}

const char *metric_kind_name(enum metric_kind kind)
{
        static const char *const names[] = {[METRIC_COUNTER] = "counter",
                                            [METRIC_GAUGE] = "gauge",
                                            [METRIC_HISTOGRAM] = "histogram",
                                            [METRIC_HISTOGRAM_LONG] = "histogram"};

        return names[kind];
}

struct metrics *metrics_open(void)
{
        struct metrics *m = memory_alloc(sizeof *m);

        pthread_mutex_init(&m->lock, NULL);
        pthread_mutex_init(&m->scrape, NULL);
        m->arena = arena_open();
        return m;
}

void metrics_close(struct metrics **metrics)
{
        struct metrics *m = *metrics;

        if (!m)
                return;
        *metrics = NULL;
        for (struct family *f = m->families; f; f = f->next) {
                for (struct metric *s = f->first; s; s = s->next)
                        free(s->exemplars);
                arena_close(&f->replaced);
        }
        pthread_mutex_destroy(&m->lock);
        pthread_mutex_destroy(&m->scrape);
        arena_close(&m->arena);
        free(m);
}

/* ---- finding ---- */

/* By its address first: nearly always it is the same table. */
static struct family *family_find(struct metrics *m, const struct metric_family *is)
{
        struct family **place = &m->families, *made;

        for (struct family *f = m->families; f; f = f->next)
                if (f->is == is)
                        return f;
        for (; *place; place = &(*place)->next) {
                int order = strcmp((*place)->is->name, is->name);

                if (order == 0)
                        return *place;
                if (order > 0)
                        break;
        }
        made = arena_alloc(m->arena, sizeof *made);
        made->is = is;
        made->next = *place;
        return *place = made;
}

static size_t slot_of(const struct metric_family *is, const char *const *values)
{
        uint64_t hash = 0;

        for (int i = 0; i < METRIC_LABELS && is->labels[i]; i++)
                hash = hash * 31 + hash_bytes(values[i], strlen(values[i]));
        return (hash ^ hash >> 32) % METRIC_SLOTS;
}

static bool is_series(const struct metric *s, const char *const *values)
{
        for (int i = 0; i < METRIC_LABELS && s->values[i]; i++)
                if (strcmp(s->values[i], values[i]) != 0)
                        return false;
        return true;
}

static struct metric *series_make(struct arena *arena, struct family *f, const char *const *values)
{
        struct metric *s = arena_alloc(arena, sizeof *s);

        s->family = f->is;
        for (int i = 0; i < METRIC_LABELS && f->is->labels[i]; i++)
                s->values[i] = arena_string(arena, values[i]);
        if (f->last)
                f->last->next = s;
        else
                f->first = s;
        return f->last = s;
}

struct metric *metrics_series(struct metrics *m, const struct metric_family *family,
                              const char *const *values)
{
        size_t slot = slot_of(family, values);
        struct family *f;
        struct metric *s;

        pthread_mutex_lock(&m->lock);
        f = family_find(m, family);
        for (s = f->slots[slot]; s && !is_series(s, values); s = s->slot_next)
                ;
        if (!s) {
                s = series_make(m->arena, f, values);
                s->slot_next = f->slots[slot];
                f->slots[slot] = s;
        }
        pthread_mutex_unlock(&m->lock);
        return s;
}

void metrics_declare(struct metrics *m, const struct metric_family *family)
{
        pthread_mutex_lock(&m->lock);
        family_find(m, family);
        pthread_mutex_unlock(&m->lock);
}

void metrics_replace(struct metrics *m, const struct metric_family *family,
                     const struct metric_sample *samples, size_t count)
{
        struct family *f;

        pthread_mutex_lock(&m->lock);
        f = family_find(m, family);
        if (!f->replaced)
                f->replaced = arena_open();
        arena_reset(f->replaced);
        f->first = f->last = NULL;
        for (size_t i = 0; i < count; i++)
                metric_set(series_make(f->replaced, f, samples[i].values), samples[i].value);
        pthread_mutex_unlock(&m->lock);
}

/* ---- counting ---- */

void metric_add(struct metric *s, int64_t n)
{
        atomic_fetch_add_explicit(&s->number, n, memory_order_relaxed);
}

void metric_set(struct metric *s, double value)
{
        atomic_store_explicit(&s->number, 0, memory_order_relaxed);
        atomic_store_explicit(&s->base, value, memory_order_relaxed);
}

static int bucket_of(const struct metric *s, int64_t us)
{
        struct metric_range range = metric_range_of(s->family->kind);
        int bucket = range.first;

        while (bucket < range.end && us > metric_bounds[bucket].us)
                bucket++;
        return bucket < range.end ? bucket : METRIC_BUCKETS - 1;
}

void metric_observe(struct metric *s, int64_t us)
{
        int64_t max = atomic_load_explicit(&s->max_us, memory_order_relaxed);
        int bucket = bucket_of(s, us);

        atomic_fetch_add_explicit(&s->buckets[bucket], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&s->sum_us, us, memory_order_relaxed);
        while (us > max &&
               !atomic_compare_exchange_weak_explicit(&s->max_us, &max, us, memory_order_relaxed,
                                                      memory_order_relaxed))
                ;
}

void metric_observe_traced(struct metric *s, int64_t us, const struct trace *trace)
{
        metric_observe(s, us);
        metric_exemplar_set(s, bucket_of(s, us), us, trace->id, trace->span);
}

double metric_value(const struct metric *s)
{
        int64_t count = 0;

        if (!metric_is_histogram(s->family))
                return (double)atomic_load_explicit(&s->number, memory_order_relaxed) +
                       atomic_load_explicit(&s->base, memory_order_relaxed);
        for (int i = 0; i < METRIC_BUCKETS; i++)
                count += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
        return (double)count;
}

/* ---- before a scrape ---- */

void metrics_on_scrape(struct metrics *m, void (*refresh)(void *arg), void *arg)
{
        struct refresh **end = &m->refreshes;

        pthread_mutex_lock(&m->lock);
        while (*end)
                end = &(*end)->next;
        *end = arena_alloc(m->arena, sizeof **end);
        (*end)->call = refresh;
        (*end)->arg = arg;
        pthread_mutex_unlock(&m->lock);
}

static struct refresh *refresh_next(struct metrics *m, struct refresh *r)
{
        pthread_mutex_lock(&m->lock);
        r = r ? r->next : m->refreshes;
        pthread_mutex_unlock(&m->lock);
        return r;
}

void metrics_refresh(struct metrics *m)
{
        pthread_mutex_lock(&m->scrape);
        for (struct refresh *r = refresh_next(m, NULL); r; r = refresh_next(m, r))
                r->call(r->arg);
        pthread_mutex_unlock(&m->scrape);
}

void metric_number_write(struct text *out, double number)
{
        char digits[40];

        if (isnan(number)) {
                text_string(out, "NaN");
        } else if (isinf(number)) {
                text_string(out, number < 0 ? "-Inf" : "+Inf");
        } else if (fabs(number) < 1e15 && number == trunc(number)) {
                text_int(out, (int64_t)number);
        } else {
                snprintf(digits, sizeof digits, "%.15g", number);
                if (strtod(digits, NULL) != number)
                        snprintf(digits, sizeof digits, "%.17g", number);
                text_string(out, digits);
        }
}
