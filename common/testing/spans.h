/* spans - for tests: what was recorded, as the exporter would find it. */
#ifndef TESTING_SPANS_H
#define TESTING_SPANS_H

#include "base/span_queue.h"
#include "base/trace_sampler.h"
#include "testing/check.h"

#include <string.h>

static struct span_record *spans; /* so far, the first that ended first */

static inline void spans_record(enum trace_sampler sampler, double ratio)
{
        span_queue_open(1000, NULL);
        trace_sampler_set(sampler, ratio);
}

/* With no thread left that may end one. */
static inline void spans_forget(void)
{
        trace_sampler_set(TRACE_OFF, 0);
        span_queue_close();
        span_records_free(spans);
        spans = NULL;
}

static inline int spans_count(void)
{
        int count = 0;

        for (const struct span_record *r = spans; r; r = r->next)
                count++;
        return count;
}

/* Waits until so many have ended in all. */
static inline void spans_await(int count)
{
        struct span_record **end = &spans;

        for (int tries = 0; tries < 1000 && spans_count() < count; tries++) {
                while (*end)
                        end = &(*end)->next;
                *end = span_queue_take(1000, 1, 20);
        }
        check_int(spans_count(), count);
}

/* The nth of that kind and name. */
static inline const struct span_record *spans_find(enum span_kind kind, const char *name, int nth)
{
        for (const struct span_record *r = spans; r; r = r->next)
                if (r->kind == kind && strcmp(r->name, name) == 0 && nth-- == 0)
                        return r;
        check_text("no such span", name);
        return NULL;
}

static inline const char *span_text_of(const struct span_record *record, const char *key)
{
        const struct span_attribute *a = span_record_find(record, key);

        return a && a->type == SPAN_VALUE_TEXT ? a->text : NULL;
}

/* -1: it has none. */
static inline int64_t span_number_of(const struct span_record *record, const char *key)
{
        const struct span_attribute *a = span_record_find(record, key);

        return a && a->type == SPAN_VALUE_NUMBER ? a->number : -1;
}

#endif
