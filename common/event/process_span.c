#include "event/process_span.h"

#include "base/clock.h"
#include "event/messaging.h"

#include <string.h>

/* The texts of keys and headers come from anywhere: of those that are no text nothing is said. */
static const char *key_of(const struct record *r, struct arena *arena)
{
        struct record_header key = {"key", r->key, r->key_len};

        return record_header(&(struct record){.headers = &key, .header_count = 1}, "key", arena);
}

static void place_tell(struct span *span, const struct record *r, struct arena *arena)
{
        span_text(span, "messaging.destination.partition.id",
                  arena_printf(arena, "%d", r->partition));
        span_number(span, "messaging.kafka.offset", r->offset);
}

void process_span_begin(struct process_span *s, const struct event *e, const char *system,
                        const char *group, struct arena *arena)
{
        const struct record *r = e->record;

        s->span = NULL;
        s->reaction_ns = s->reacted_ns = 0;
        if (!span_is_on())
                return;
        s->arena = arena;
        trace_continue(&s->trace, e->traceparent);
        s->span = span_begin(arena, &s->trace, SPAN_CONSUMER,
                             arena_printf(arena, "process %s", r->topic), 0);
        if (!s->span)
                return;
        messaging_tell(s->span, &(struct messaging){.system = system,
                                                    .topic = r->topic,
                                                    .operation = "process",
                                                    .kind = "process",
                                                    .key = key_of(r, arena),
                                                    .id = event_id(e),
                                                    .source = *e->source ? e->source : NULL,
                                                    .type = e->type});
        span_text(s->span, "messaging.consumer.group.name", group);
        place_tell(s->span, r, arena);
}

const char *process_span_traceparent(const struct process_span *s, const struct event *e)
{
        return s->span ? s->trace.parent : e->traceparent;
}

void process_span_reaction(struct process_span *s)
{
        if (s->span)
                s->reaction_ns = s->reacted_ns = clock_wall_ns();
}

void process_span_reacted(struct process_span *s)
{
        if (s->span)
                s->reacted_ns = clock_wall_ns();
}

static void fail(struct span *span, const char *type, const char *why)
{
        span_text(span, "error.type", type);
        if (type)
                span_fail(span, why);
}

static void reaction_tell(const struct process_span *s, const struct event *e, const char *type,
                          const char *why)
{
        struct trace trace;
        struct span *span;

        if (!s->reaction_ns)
                return;
        trace_continue(&trace, s->trace.parent);
        span = span_begin(s->arena, &trace, SPAN_INTERNAL,
                          arena_printf(s->arena, "reaction %s", e->type), s->reaction_ns);
        fail(span, type, why);
        span_end(span, s->reacted_ns);
}

void process_span_end(struct process_span *s, const struct event *e, bool duplicate,
                      const char *type, const char *why)
{
        if (!s->span)
                return;
        if (duplicate)
                span_bool(s->span, "mall.event.duplicate", true);
        else
                reaction_tell(s, e, type, why);
        fail(s->span, type, why);
        span_end(s->span, 0);
        s->span = NULL;
}

struct trace process_span_ids(const struct process_span *s, const struct event *e)
{
        struct trace none = {0};

        if (s->span)
                return s->trace;
        if (e->traceparent)
                trace_restore(&none, e->traceparent, NULL);
        return none;
}
