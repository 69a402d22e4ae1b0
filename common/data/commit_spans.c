/* The span of a commit. Many units share one transaction: each whose trace is recorded has a span
   of its own, from when the unit began until the transaction was committed. A unit that wrote
   nothing, or was rolled back, has none. */
#include "base/clock.h"
#include "base/span.h"
#include "data/store_inside.h"

bool unit_is_traced(const struct unit *u)
{
        return span_is_on() && u->traceparent && trace_is_sampled(u->traceparent);
}

void commit_spans_note(struct unit *u)
{
        struct store *store = u->store;
        struct traced *t;

        if (!unit_is_traced(u))
                return;
        if (!u->begun_ns)
                u->begun_ns = clock_wall_ns();
        store->traced = memory_reserve(store->traced, &store->traced_room, store->traced_count + 1,
                                       sizeof *store->traced);
        t = &store->traced[store->traced_count++];
        trace_continue(&t->trace, u->traceparent);
        t->begun_ns = u->begun_ns;
}

void commit_spans_end(struct store *store, int64_t at_ns)
{
        struct arena *arena = store->traced_count ? arena_open() : NULL;

        for (size_t i = 0; i < store->traced_count; i++) {
                const struct traced *t = &store->traced[i];
                struct span *span =
                        span_begin(arena, &t->trace, SPAN_INTERNAL, "commit", t->begun_ns);

                span_text(span, "db.system.name", store->shared ? "postgresql" : "sqlite");
                span_end(span, at_ns);
        }
        store->traced_count = 0;
        arena_close(&arena);
}
