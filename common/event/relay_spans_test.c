/* The span of publishing an event: whoever publishes it, and whenever, it is the one that the event
   names, and it lasts until the bus has the event. */
#include "data/event_form.h"
#include "testing/named_spans.h"
#include "testing/relay_story.h"

static void open_all(void)
{
        begin();
        spans_record(TRACE_PARENT_ALWAYS_ON, 0);
}

static void close_all(void)
{
        spans_forget();
        end();
}

static void unit_says(struct unit *unit, void *arg)
{
        const char *const *said = arg; /* the name, the traceparent */
        struct thing thing = {.name = said[0]};

        unit_trace(unit, said[1]);
        unit_add(unit, &thing_entity, &thing);
        unit_announce(unit, &thing_said, &thing);
}

static void say_traced(const char *name, const char *traceparent)
{
        const char *said[] = {name, traceparent};

        check_int(things_do(t.store, unit_says, said), ERROR_NONE);
}

/* As the table has the only one that is not on the bus. */
static struct trace waiting(int64_t *id)
{
        struct outbox_record o;
        struct error e = {0};
        struct trace trace;
        size_t count;

        check(outbox_read(t.store, 0, &o, 1, &count, t.arena, &e) && count == 1);
        check(event_form_trace(&o, &trace));
        *id = o.id;
        return trace;
}

static void is_the_one(const struct span_record *span, const struct trace *event, int64_t id)
{
        check_int(span->kind, SPAN_PRODUCER);
        check_text(span->trace, SPANS_TRACE);
        check_text(span->id, event->span);
        check_text(span->above, SPANS_ABOVE);
        check_text(span_text_of(span, "messaging.system"), "mall_log");
        check_text(span_text_of(span, "messaging.destination.name"), "mall");
        check_text(span_text_of(span, "messaging.operation.name"), "publish");
        check_text(span_text_of(span, "messaging.operation.type"), "send");
        check_text(span_text_of(span, "messaging.kafka.message.key"), "a");
        check_text(span_text_of(span, "messaging.message.id"),
                   arena_printf(t.arena, "%lld", (long long)id));
        check_text(span_text_of(span, "cloudevents.event_id"),
                   arena_printf(t.arena, "%lld", (long long)id));
        check_text(span_text_of(span, "cloudevents.event_source"), store_source(t.store));
        check_text(span_text_of(span, "cloudevents.event_type"), "ThingSaid");
}

static void it_lasts_until_the_bus_has_the_event(void)
{
        const struct span_record *span;
        struct trace event;
        int64_t id;

        open_all();
        doom('a', HOLD, 0);
        say_traced("a", SPANS_SAMPLED);
        wait_until_heard('a', 1);
        event = waiting(&id);
        check_int(spans_named("publish mall"), 0);
        usleep(20000);
        doom('a', LAND, 0);
        span = span_named("publish mall", 0);
        is_the_one(span, &event, id);
        check_int(span->status, SPAN_UNSET);
        check(span->end_ns - span->start_ns >= 20 * 1000000);
        wait_until_gone();
        check_int(spans_named("publish mall"), 1);
        close_all();
}

/* As after a crash between the commit and the bus: only the table knows. */
static void another_life_publishes_it_with_the_same_span(void)
{
        struct trace event;
        int64_t id;

        open_all();
        relay_close(&t.relay, CLOSE_MS);
        say_traced("a", SPANS_SAMPLED);
        event = waiting(&id);
        store_close(&t.store);
        t.store = things_open();
        check_int(spans_named("publish mall"), 0);
        start_relay();
        is_the_one(span_named("publish mall", 0), &event, id);
        wait_until_gone();
        check_int(spans_named("publish mall"), 1);
        close_all();
}

/* It begins anew with the next try: one event, one span. */
static void what_the_bus_gives_back_is_told_once(void)
{
        struct trace event;
        int64_t id;

        open_all();
        doom('a', HOLD, 0);
        say_traced("a", SPANS_SAMPLED);
        wait_until_heard('a', 1);
        event = waiting(&id);
        doom('a', RETURN, 1);
        is_the_one(span_named("publish mall", 0), &event, id);
        wait_until_gone();
        check_int((int64_t)heard_count('a'), 2);
        check_int(spans_named("publish mall"), 1);
        close_all();
}

static void what_the_bus_never_takes_is_an_error(void)
{
        const struct span_record *span;

        open_all();
        doom('a', REFUSE, 0);
        say_traced("a", SPANS_SAMPLED);
        span = span_named("publish mall", 0);
        check_int(span->status, SPAN_ERROR);
        check_text(span_text_of(span, "error.type"), "refused");
        check_text(span->why, "so it is told");
        wait_until_pending(0);
        close_all();
}

static void what_is_not_recorded_has_none(void)
{
        open_all();
        say_traced("a", SPANS_UNSAMPLED);
        say_traced("a", NULL);
        say_dead();
        wait_until_gone();
        check(spans_are_none());
        trace_sampler_set(TRACE_OFF, 0);
        say_traced("a", SPANS_SAMPLED);
        wait_until_gone();
        check(spans_are_none());
        close_all();
}

/* Events that were committed while it was on. */
static void a_life_without_tracing_publishes_them_all_the_same(void)
{
        open_all();
        relay_close(&t.relay, CLOSE_MS);
        say_traced("a", SPANS_SAMPLED);
        trace_sampler_set(TRACE_OFF, 0);
        start_relay();
        wait_until_gone();
        check_int((int64_t)heard_count('a'), 1);
        check_int(spans_named("publish mall"), 0);
        close_all();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(it_lasts_until_the_bus_has_the_event),
                STORY(another_life_publishes_it_with_the_same_span),
                STORY(what_the_bus_gives_back_is_told_once),
                STORY(what_the_bus_never_takes_is_an_error),
                STORY(what_is_not_recorded_has_none),
                STORY(a_life_without_tracing_publishes_them_all_the_same),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
