/* metrics - counters, gauges and histograms of one daemon, as Prometheus, OpenMetrics and Spring
   show them.

   A family is declared once as a static table row; a series is one combination of label values,
   made on first use and kept for ever: keep label values few. Look a series up once and keep the
   pointer where it is hot. Threads: everything may be called from any thread; adding is one relaxed
   atomic. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum metric_kind {
        METRIC_COUNTER,
        METRIC_GAUGE,
        METRIC_HISTOGRAM,     /* of microseconds, shown as seconds: 0.5 ms to 10 s */
        METRIC_HISTOGRAM_LONG /* the same: 5 ms to an hour */
};

enum { METRIC_LABELS = 5 };

struct metric_family {
        const char *name; /* as in Prometheus, a counter with its _total, a histogram with its
                             _seconds */
        const char *help;
        enum metric_kind kind;
        const char *labels[METRIC_LABELS]; /* names; NULL ends them */
};

/* What a daemon shows is listed in tables, one a module, such as relay_families: each ends with a
   NULL name. A list of tables ends with NULL. */

struct trace;
struct metrics;
struct metric; /* one series */

struct metrics *metrics_open(void);
void metrics_close(struct metrics **metrics);

/* The family is shown from now on, even while it has no series. */
void metrics_declare(struct metrics *metrics, const struct metric_family *family);
const char *metric_kind_name(enum metric_kind kind); /* "counter", as Prometheus has it */

/* values: as many as the family has labels, in its order; they are copied. */
struct metric *metrics_series(struct metrics *metrics, const struct metric_family *family,
                              const char *const *values);

/* Of a gauge whose label values come and go: these are all of its series from now on, each with its
   own label values. They are copied, and memory of those before is used again. metrics_series must
   not be called for such a family. */
struct metric_sample {
        const char *values[METRIC_LABELS];
        double value;
};
void metrics_replace(struct metrics *metrics, const struct metric_family *family,
                     const struct metric_sample *samples, size_t count);

void metric_add(struct metric *series, int64_t n);
void metric_set(struct metric *series, double value);
void metric_observe(struct metric *series, int64_t microseconds);
/* The same of a recorded trace, by which OpenMetrics then explains the bucket (an exemplar). */
void metric_observe_traced(struct metric *series, int64_t microseconds, const struct trace *trace);
double metric_value(const struct metric *series); /* a histogram's count */

/* Called before each scrape, to set gauges that cost something to know. */
void metrics_on_scrape(struct metrics *metrics, void (*refresh)(void *arg), void *arg);

void metrics_prometheus(struct metrics *metrics, bool openmetrics, struct text *out);
/* {"names":[...]}, Spring's dotted names */
void metrics_spring_names(struct metrics *metrics, struct text *out);
/* One metric in Spring's JSON, with `tags` = "key:value" pairs ended by NULL as filter; false when
   there is none. */
bool metrics_spring(struct metrics *metrics, const char *name, const char *const *tags,
                    struct text *out);

#endif
