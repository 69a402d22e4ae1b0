/* process_span - the span of an event that the inbox processes, and of the reaction to it.

   The first is a child of the span that published the event, and lasts from the poll to the commit.
   The reaction's is a child of it, and so are those of what it announces. A reaction may run
   several times; the last is told. Where the event's trace is not recorded, all of this does
   nothing, and the event's own traceparent goes on.

   Threads: the inbox's, but for the two calls around the reaction: these are on the writer's, while
   the inbox's waits. */
#ifndef EVENT_PROCESS_SPAN_H
#define EVENT_PROCESS_SPAN_H

#include "base/span.h"
#include "event/event.h"

struct process_span {
        struct trace trace;
        struct span *span; /* NULL: not recorded */
        struct arena *arena;
        int64_t reaction_ns, reacted_ns; /* when the reaction began and ended; 0: it did not run */
};

/* system: messaging.system. The arena and the event must live until its end. */
void process_span_begin(struct process_span *span, const struct event *event, const char *system,
                        const char *group, struct arena *arena);
/* What the events announced in the reaction go on from; NULL: nothing. */
const char *process_span_traceparent(const struct process_span *span, const struct event *event);
void process_span_reaction(struct process_span *span);
void process_span_reacted(struct process_span *span);
/* type: of the failure, a word; NULL: none; why: for people. */
void process_span_end(struct process_span *span, const struct event *event, bool duplicate,
                      const char *type, const char *why);

/* For log lines: trace.id and span.id, which are "" where there is no trace. */
struct trace process_span_ids(const struct process_span *span, const struct event *event);

#endif
