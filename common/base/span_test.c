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

static void what_is_not_sampled_is_no_span(void)
{
        struct arena *arena = arena_open();
        struct trace trace;

        trace_continue(&trace, received);
        check(!span_begin(arena, &trace, SPAN_SERVER, "GET", 0)); /* tracing is off */
        begin(10);
        trace_sampler_set(TRACE_ALWAYS_OFF, 0);
        trace_continue(&trace, received);
        check(!span_begin(arena, &trace, SPAN_SERVER, "GET", 0));
        span_name(NULL, "GET");
        span_text(NULL, "a", "b");
        span_number(NULL, "a", 1);
        span_bool(NULL, "a", true);
        span_fail(NULL, "why");
        span_end(NULL, 0);
        check(!span_queue_take(10, 1, 0));
        end(&arena);
}

static void long_texts_are_cut_between_characters(void)
{
        struct arena *arena = arena_open();
        struct span_record *r;
        char text[SPAN_TEXT + 10];
        struct trace trace;
        struct span *span;

        begin(10);
        memset(text, 'a', sizeof text);
        memcpy(text + SPAN_TEXT - 2, "\xea\xb0\x80", 4); /* one byte too many */
        trace_continue(&trace, received);
        span = span_begin(arena, &trace, SPAN_SERVER, "GET", 0);
        span_text(span, "cut", text);
        memset(text, 'b', SPAN_TEXT);
        text[SPAN_TEXT] = '\0';
        span_text(span, "whole", arena_string(arena, text));
        memset(text, 'a', SPAN_TEXT);
        memcpy(text + SPAN_TEXT - 2, "\xea\xb0\x80", 4);
        span_end(span, 0);
        r = span_queue_take(10, 1, 0);
        check_int((int64_t)strlen(span_record_find(r, "cut")->text), SPAN_TEXT - 2);
        check_int((int64_t)strlen(span_record_find(r, "whole")->text), SPAN_TEXT);
        span_records_free(r);
        end(&arena);
}

static void attributes_beyond_the_most_are_counted(void)
{
        struct arena *arena = arena_open();
        struct span_record *r;
        struct trace trace;
        struct span *span;

        begin(10);
        trace_continue(&trace, received);
        span = span_begin(arena, &trace, SPAN_SERVER, "GET", 0);
        for (int i = 0; i < SPAN_ATTRIBUTES + 3; i++)
                span_number(span, "a", i);
        span_end(span, 0);
        r = span_queue_take(10, 1, 0);
        check_int(r->attribute_count, SPAN_ATTRIBUTES);
        check_int(r->attributes_lost, 3);
        span_records_free(r);
        end(&arena);
}

static void no_span_ends_before_it_began(void)
{
        struct arena *arena = arena_open();
        struct span_record *r;
        struct trace trace;
        struct span *span;

        begin(10);
        clock_set_wall_ms(5000);
        trace_continue(&trace, received);
        span = span_begin(arena, &trace, SPAN_SERVER, "GET", 0);
        clock_set_wall_ms(4000);
        span_end(span, 0);
        r = span_queue_take(10, 1, 0);
        check_int(r->start_ns, 5000 * 1000000LL);
        check_int(r->end_ns, 5000 * 1000000LL);
        span_records_free(r);
        end(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_span_says_what_it_was),
                STORY(what_is_not_sampled_is_no_span),
                STORY(long_texts_are_cut_between_characters),
                STORY(attributes_beyond_the_most_are_counted),
                STORY(no_span_ends_before_it_began),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
