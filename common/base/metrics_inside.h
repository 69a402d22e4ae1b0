/* metrics_inside - what a registry is made of. Private to metrics. */
#ifndef BASE_METRICS_INSIDE_H
#define BASE_METRICS_INSIDE_H

#include "base/metrics.h"

#include <pthread.h>
#include <stdatomic.h>

struct metric_exemplar;

enum { METRIC_BUCKETS = 20, METRIC_SLOTS = 64 };

struct metric {
        const struct metric_family *family;
        const char *values[METRIC_LABELS];
        struct metric *next;      /* of the family, in order of their making */
        struct metric *slot_next; /* of one hash */
        _Atomic int64_t number;   /* what was added */
        _Atomic double base;      /* what was set */
        /* a histogram's; each bucket counts its own only */
        _Atomic int64_t sum_us, max_us, buckets[METRIC_BUCKETS];
        _Atomic(struct metric_exemplar *) exemplars; /* one a bucket; NULL: none yet */
};

struct family {
        const struct metric_family *is;
        struct metric *first, *last, *slots[METRIC_SLOTS];
        struct arena *replaced; /* of the series, where they are replaced; else NULL */
        struct family *next;    /* by name */
};

struct refresh {
        void (*call)(void *arg);
        void *arg;
        struct refresh *next;
};

struct metrics {
        pthread_mutex_t lock;   /* the lists and the arena */
        pthread_mutex_t scrape; /* one refresh at a time */
        struct arena *arena;
        struct family *families;
        struct refresh *refreshes;
};

/* Upper bounds of the buckets, and as they are written in each format; the last is above all. */
struct metric_bound {
        int64_t us;
        const char *prometheus, *openmetrics;
};
extern const struct metric_bound metric_bounds[METRIC_BUCKETS];

/* Which of them a histogram has: those from first on and before end, and the last of all. */
struct metric_range {
        int first, end;
};
struct metric_range metric_range_of(enum metric_kind kind);
bool metric_is_histogram(const struct metric_family *family);

/* Makes the calls of metrics_on_scrape; the registry must not be locked. */
void metrics_refresh(struct metrics *metrics);

/* The shortest text that reads back as the same number; "NaN", "+Inf". */
void metric_number_write(struct text *out, double number);

#endif
