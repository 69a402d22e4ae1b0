/* The gateway between a client and an upstream of the same process: both sides' spans are in one
   queue. */
#include "gateway/proxy/try_span.h"

#include "gateway/testing/whole_gateway.h"
#include "testing/spans.h"

static int failures; /* of the upstream, before it answers */
static char parents[4][64];
static int asked;

static enum http_result answer_in_the_end(struct http_request *r, void *arg)
{
        (void)arg;
        if (asked < 4)
                snprintf(parents[asked++], sizeof *parents, "%s", http_header(r, "traceparent"));
        r->uri_template = "/orders/{id}";
        http_answer_problem(r, failures-- > 0 ? 503 : 200, "as the story says");
        return HTTP_ANSWERED;
}

static void begin(enum trace_sampler sampler, int fail)
{
        spans_record(sampler, 1);
        failures = fail;
        asked = 0;
        open_front("spring.cloud.gateway.routes:\n"
                   "  - {id: order, uri: 'http://127.0.0.1:%d', predicates: ['Path=/orders/**'], "
                   "filters: [{name: Retry, args: {retries: 2, statuses: SERVICE_UNAVAILABLE, "
                   "backoff: {firstBackoff: 1ms}}}]}\n"
                   "  - {id: gone, uri: 'http://127.0.0.1:%d', predicates: ['Path=/gone/**']}\n",
                   open_upstream(answer_in_the_end), port_of_nobody());
}

static void end(void)
{
        close_all();
        spans_forget();
}

static const char traced[] =
        REQUEST("GET /orders/7?a=b",
                "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");

/* Whether a traceparent names that span, with that flag. */
static bool names(const char *traceparent, const struct span_record *r, const char *flags)
{
        char whole[64];

        snprintf(whole, sizeof whole, "00-%s-%s-%s", r->trace, r->id, flags);
        return strcmp(traceparent, whole) == 0;
}

static void each_try_is_a_span_below_that_of_the_request(void)
{
        const struct span_record *front_span, *first, *second;

        begin(TRACE_PARENT_ALWAYS_ON, 1);
        check_contains(ask(traced), "HTTP/1.1 200 ");
        spans_await(5);
        front_span = spans_find(SPAN_SERVER, "GET /orders/**", 0);
        first = spans_find(SPAN_CLIENT, "GET", 0);
        second = spans_find(SPAN_CLIENT, "GET", 1);
        check_text(front_span->above, "b7ad6b7169203331");
        check_text(front_span->trace, "0af7651916cd43dd8448eb211c80319c");
        check_text(first->above, front_span->id);
        check_text(second->above, front_span->id);
        check(strcmp(first->id, second->id) != 0);
        check(names(parents[0], first, "01"));
        check(names(parents[1], second, "01"));
        check_text(spans_find(SPAN_SERVER, "GET /orders/{id}", 0)->above, first->id);
        check_text(spans_find(SPAN_SERVER, "GET /orders/{id}", 1)->above, second->id);
        check_int(span_number_of(first, "http.response.status_code"), 503);
        check_text(span_text_of(first, "error.type"), "503");
        check_int(first->status, SPAN_ERROR);
        check_int(span_number_of(first, "http.request.resend_count"), -1);
        check_int(span_number_of(second, "http.response.status_code"), 200);
        check_int(second->status, SPAN_UNSET);
        check_int(span_number_of(second, "http.request.resend_count"), 1);
        end();
}

static void a_try_says_where_it_went(void)
{
        const struct span_record *try;
        char url[64];

        begin(TRACE_ALWAYS_ON, 0);
        ask(traced);
        spans_await(3);
        try = spans_find(SPAN_CLIENT, "GET", 0);
        snprintf(url, sizeof url, "http://127.0.0.1:%d/orders/7?a=b", http_server_port(upstream));
        check_text(span_text_of(try, "url.full"), url);
        check_text(span_text_of(try, "server.address"), "127.0.0.1");
        check_int(span_number_of(try, "server.port"), http_server_port(upstream));
        check_text(span_text_of(try, "http.request.method"), "GET");
        check(try->end_ns >= try->start_ns && try->start_ns > 0);
        end();
}

static void a_try_that_fails_says_how(void)
{
        const struct span_record *try;

        begin(TRACE_ALWAYS_ON, 0);
        check_contains(ask(REQUEST("GET /gone/1", "")), "HTTP/1.1 503 ");
        spans_await(3); /* what did not get there is sent once more */
        for (int i = 0; i < 2; i++) {
                try = spans_find(SPAN_CLIENT, "GET", i);
                check_text(span_text_of(try, "error.type"), "connection_refused");
                check_int(try->status, SPAN_ERROR);
                check(try->why != NULL);
                check_int(span_number_of(try, "http.response.status_code"), -1);
        }
        try = spans_find(SPAN_SERVER, "GET /gone/**", 0);
        check_text(span_text_of(try, "error.type"), "503");
        end();
}

static void what_is_not_sampled_makes_no_span_and_says_so_upstream(void)
{
        begin(TRACE_ALWAYS_OFF, 1);
        check_contains(ask(traced), "HTTP/1.1 200 ");
        check_contains(parents[0], "00-0af7651916cd43dd8448eb211c80319c-");
        check_contains(parents[0], "-00");
        check_int(strlen(parents[0]), 55);
        close_all();
        spans_await(0);
        spans_forget();
}

static void without_tracing_the_flags_pass_as_they_came(void)
{
        begin(TRACE_OFF, 1);
        ask(traced);
        check_contains(parents[0] + 52, "-01");
        check_text(parents[1], parents[0]); /* all tries are the request's */
        ask(REQUEST("GET /orders/7", ""));
        check_contains(parents[2] + 52, "-01");
        close_all();
        spans_await(0);
        spans_forget();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(each_try_is_a_span_below_that_of_the_request),
                STORY(a_try_says_where_it_went),
                STORY(a_try_that_fails_says_how),
                STORY(what_is_not_sampled_makes_no_span_and_says_so_upstream),
                STORY(without_tracing_the_flags_pass_as_they_came),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
