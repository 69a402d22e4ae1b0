/* named_spans - for tests: spans by their name, where other threads still end some. */
#ifndef TESTING_NAMED_SPANS_H
#define TESTING_NAMED_SPANS_H

#include "base/clock.h"
#include "testing/spans.h"

#include <unistd.h>

#define SPANS_TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPANS_ABOVE "b7ad6b7169203331"
#define SPANS_SAMPLED "00-" SPANS_TRACE "-" SPANS_ABOVE "-01"
#define SPANS_UNSAMPLED "00-" SPANS_TRACE "-" SPANS_ABOVE "-00"

enum { SPANS_PATIENCE_US = 20 * 1000000 };

static inline void spans_take(void)
{
        struct span_record **end = &spans;

        while (*end)
                end = &(*end)->next;
        *end = span_queue_take(1000, 1, 0);
}

static inline int spans_named(const char *name)
{
        int count = 0;

        spans_take();
        for (const struct span_record *r = spans; r; r = r->next)
                count += strcmp(r->name, name) == 0;
        return count;
}

/* The nth of that name, from 0, in the order of their ends; waits until it is there. */
static inline const struct span_record *span_named(const char *name, int nth)
{
        int64_t end_at = clock_mono_us() + SPANS_PATIENCE_US;

        while (spans_named(name) <= nth && clock_mono_us() < end_at)
                usleep(1000);
        for (const struct span_record *r = spans; r; r = r->next)
                if (strcmp(r->name, name) == 0 && nth-- == 0)
                        return r;
        check_text("no such span", name);
        return NULL;
}

static inline bool spans_are_none(void)
{
        spans_take();
        return !spans;
}

static inline bool span_is(const struct span_record *span, const char *key)
{
        const struct span_attribute *a = span_record_find(span, key);

        return a && a->type == SPAN_VALUE_BOOL && a->number;
}

#endif
