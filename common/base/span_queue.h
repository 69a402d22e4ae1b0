/* span_queue - finished spans on their way to the exporter, bounded in number and bytes.

   One a process. span_queue_open before other threads end spans, span_queue_close when they no
   longer do; span_queue_put from any thread, take from one. A put never waits: what does not fit is
   dropped and counted. A test looks at spans as the exporter does:

       trace_sampler_set(TRACE_ALWAYS_ON, 0);
       span_queue_open(100, NULL);
       ...
       record = span_queue_take(100, 1, 0);           oldest first, by `next`
       span_records_free(record);
       span_queue_close(); */
#ifndef BASE_SPAN_QUEUE_H
#define BASE_SPAN_QUEUE_H

#include "base/metrics.h"
#include "base/span.h"

enum { SPAN_QUEUE_BYTES = 4 << 20 };

extern const struct metric_family span_families[];

enum span_value { SPAN_VALUE_TEXT, SPAN_VALUE_NUMBER, SPAN_VALUE_BOOL };

struct span_attribute {
        const char *key;
        enum span_value type;
        const char *text;
        int64_t number; /* a bool: 0 or 1 */
};

/* A finished span: one piece of memory, but for the keys. */
struct span_record {
        struct span_record *next;
        size_t size; /* bytes, all of it */
        char trace[TRACE_ID], id[SPAN_ID], above[SPAN_ID];
        enum span_kind kind;
        enum span_status status;
        const char *name, *why; /* why: of status ERROR, NULL where nobody said */
        int64_t start_ns, end_ns;
        int attribute_count, attributes_lost;
        struct span_attribute attributes[];
};

/* most: spans, beside SPAN_QUEUE_BYTES. metrics may be NULL; it outlives the queue. */
void span_queue_open(int most, struct metrics *metrics);
void span_queue_close(void); /* drops what is left */

void span_queue_put(struct span_record *record); /* takes it over */

/* Waits for at most wait_ms until `enough` spans are there, or span_queue_hurry was called; gives
   at most `most` of them, as a list. NULL: there is none. */
struct span_record *span_queue_take(int most, int enough, int wait_ms);
/* From now on span_queue_take does not wait. */
void span_queue_hurry(void);
void span_records_free(struct span_record *first);

/* Counts spans that were dropped elsewhere on their way, for mall_spans_dropped_total. */
void span_queue_count_dropped(const char *reason, int64_t spans);

/* The attribute of that key as the span has it; NULL: none. */
const struct span_attribute *span_record_find(const struct span_record *record, const char *key);

#endif
