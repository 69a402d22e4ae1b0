#include "base/span.h"

#include "base/clock.h"
#include "base/span_queue.h"
#include "base/trace_sampler.h"
#include "testing/check.h"

#include <string.h>

static const char received[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

static void begin(int most)
{
        trace_sampler_set(TRACE_ALWAYS_ON, 0);
        span_queue_open(most, NULL);
}

static void end(struct arena **arena)
{
        span_queue_close();
        trace_sampler_set(TRACE_OFF, 0);
        clock_set_wall_ms(0);
        arena_close(arena);
}

static void a_span_says_what_it_was(void)
{
        struct arena *arena = arena_open();
        struct span_record *r;
        struct trace trace;
        struct span *span;

        begin(10);
        trace_continue(&trace, received);
        span = span_begin(arena, &trace, SPAN_SERVER, "POST", 1000);
        span_name(span, "POST /orders");
        span_text(span, "http.route", "/orders");
        span_text(span, "url.query", NULL);
        span_number(span, "http.response.status_code", 201);
        span_bool(span, "mall.duplicate", true);
        span_fail(span, "why");
        span_end(span, 3000);
        r = span_queue_take(10, 1, 0);
        check(r && !r->next);
        check_text(r->name, "POST /orders");
        check_int(r->kind, SPAN_SERVER);
        check_int(r->status, SPAN_ERROR);
        check_text(r->why, "why");
        check_text(r->trace, "0af7651916cd43dd8448eb211c80319c");
        check_text(r->id, trace.span);
        check_text(r->above, "b7ad6b7169203331");
        check_int(r->start_ns, 1000);
        check_int(r->end_ns, 3000);
        check_int(r->attribute_count, 3);
        check_text(span_record_find(r, "http.route")->text, "/orders");
        check_int(span_record_find(r, "http.response.status_code")->number, 201);
        check_int(span_record_find(r, "mall.duplicate")->type, SPAN_VALUE_BOOL);
        check(!span_record_find(r, "url.query"));
        span_records_free(r);
        end(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_span_says_what_it_was),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
