/* Requests and answers on their way through a whole gateway. */
#include "gateway/testing/whole_gateway.h"

static void a_request_goes_there_and_its_answer_back(void)
{
        open_all();
        ask(REQUEST("POST /orders?a=%20b", "Content-Length: 9\r\nIdempotency-Key: "
                                           "k\r\nX-Forwarded-For: 1.2.3.4\r\n") "{\"qty\":5}");
        check_contains(answer, "HTTP/1.1 201 ");
        check_contains(answer, "X-Of-Upstream: 1");
        check_contains(answer, "Content-Type: text/plain");
        check_contains(answer, "POST /orders?a=%20b\n");
        check_contains(answer, "X-Forwarded-For: 1.2.3.4, 127.0.0.1\n");
        check_contains(answer, "X-Forwarded-Host: shop:8088\n");
        check_contains(answer, "X-Forwarded-Port: 8088\n");
        check_contains(answer, "X-Forwarded-Proto: http\n");
        check_contains(answer, "Forwarded: for=127.0.0.1;host=\"shop:8088\";proto=http\n");
        check_contains(answer, "Idempotency-Key: k\n");
        check_contains(answer, "X-Team: blue\n");
        check_contains(answer, "traceparent: 00-");
        check_contains(answer, "\n\n{\"qty\":5}");
        close_all();
}

/* The client's Connection is about what it sent, not about what the route's filters add. */
static void what_a_filter_adds_reaches_the_upstream(void)
{
        open_all();
        ask(REQUEST("GET /orders", "X-Team: red\r\nX-Mine: 1\r\nConnection: X-Team, X-Mine\r\n"));
        check_contains(answer, "X-Team: blue\n");
        check(!strstr(answer, "red"));
        check(!strstr(answer, "X-Mine: 1\n"));
        close_all();
}

/* A service that makes links puts its own host before the target. */
static void the_host_of_an_absolute_target_is_no_part_of_it(void)
{
        open_all();
        check_contains(ask_server(upstream, REQUEST("GET http://shop:8088/orders?page=1", "")),
                       "\nGET /orders?page=1\n");
        check_contains(ask(REQUEST("GET http://shop:8088/orders?page=1", "")),
                       "\nGET /orders?page=1\n");
        close_all();
}

static void a_prefix_is_stripped_and_told(void)
{
        open_all();
        ask(REQUEST("PATCH /api/orders/1", ""));
        check_contains(answer, "PATCH /orders/1\n");
        check_contains(answer, "X-Forwarded-Prefix: /api\n");
        close_all();
}

static void answers_without_a_body_stay_so(void)
{
        const char *end;

        open_all();
        check_contains(ask(REQUEST("DELETE /orders/none", "")), "HTTP/1.1 204 ");
        check(!strstr(answer, "Content-Length"));
        check_contains(ask(REQUEST("GET /orders/same", "")), "HTTP/1.1 304 ");
        check_contains(answer, "ETag: \"7\"");
        check_contains(ask(REQUEST("HEAD /orders", "")), "HTTP/1.1 201 ");
        check_contains(answer, "Content-Type: text/plain");
        check(!strstr(answer, "Content-Length: 0"));
        end = strstr(answer, "\r\n\r\n");
        check_text(end, "\r\n\r\n");
        close_all();
}

/* The service's name goes through: a rollout is seen from outside. */
static void who_answers_is_said_once(void)
{
        static const struct {
                const char *request, *who;
        } rows[] = {
                {REQUEST("POST /orders", ""), "\r\nX-Served-By: order-1\r\n"},
                {REQUEST("DELETE /orders/none", ""), "\r\nX-Served-By: order-1\r\n"},
                {REQUEST("GET /orders/same", ""), "\r\nX-Served-By: order-1\r\n"},
                {REQUEST("GET /gone/1", ""), "\r\nX-Served-By: gateway-1\r\n"},
                {REQUEST("GET /nowhere", ""), "\r\nX-Served-By: gateway-1\r\n"},
                {REQUEST("GET /a/../b", ""), "\r\nX-Served-By: gateway-1\r\n"},
        };

        open_all();
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                check_contains(ask(rows[i].request), rows[i].who);
                check(!strstr(strstr(answer, "X-Served-By") + 1, "X-Served-By"));
        }
        close_all();
}

static void failures_name_the_route(void)
{
        open_all();
        check_contains(ask(REQUEST("GET /gone/1", "")), "HTTP/1.1 503 ");
        check_contains(answer, "application/problem+json");
        check_contains(answer, "route gone: http://127.0.0.1:");
        check_contains(ask(REQUEST("GET /nowhere", "")), "HTTP/1.1 404 ");
        check_contains(answer, "no route for GET /nowhere");
        close_all();
}

static void routes_are_measured(void)
{
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 256);

        open_all();
        ask(REQUEST("GET /orders/none", ""));
        ask(REQUEST("GET /gone", ""));
        metrics_prometheus(metrics, false, &out);
        check_contains(out.at, "spring_cloud_gateway_requests_seconds_count{routeId=\"order\","
                               "outcome=\"SUCCESSFUL\",status=\"NO_CONTENT\"} 1");
        check_contains(out.at,
                       "routeId=\"gone\",outcome=\"SERVER_ERROR\",status=\"SERVICE_UNAVAILABLE\"");
        close_all();
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_request_goes_there_and_its_answer_back),
                STORY(what_a_filter_adds_reaches_the_upstream),
                STORY(the_host_of_an_absolute_target_is_no_part_of_it),
                STORY(a_prefix_is_stripped_and_told),
                STORY(answers_without_a_body_stay_so),
                STORY(who_answers_is_said_once),
                STORY(failures_name_the_route),
                STORY(routes_are_measured),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
