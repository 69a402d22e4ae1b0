/* Faults that strike the tries of a whole gateway: what the client is told, and how often its
   request reaches the upstream. */
#include "gateway/proxy/try_fault.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/testing/whole_gateway.h"
#include "testing/faults_on.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { LONG = 300 << 10, HEALS_AT = 2 };

static atomic_int reached; /* how many requests the upstream has answered */
static atomic_bool heals;  /* the second one of them ends all faults */
static char keys[2][64], long_body[LONG];

static enum http_result answer_it(struct http_request *r, void *arg)
{
        int n = atomic_fetch_add(&reached, 1) + 1;

        (void)arg;
        if (n <= 2)
                snprintf(keys[n - 1], sizeof keys[0], "%s", http_header(r, "Idempotency-Key"));
        if (n == HEALS_AT && atomic_load(&heals))
                faults_clear(front_faults);
        r->answer.status = 201;
        r->answer.type = "text/plain";
        r->answer.body = strcmp(r->path, "/order/long") == 0 ? long_body : "done";
        r->answer.len = strcmp(r->path, "/order/long") == 0 ? LONG : 4;
        return HTTP_ANSWERED;
}

static void begin(void)
{
        int port;

        atomic_store(&reached, 0);
        atomic_store(&heals, false);
        memset(keys, 0, sizeof keys);
        memset(long_body, 'x', LONG);
        front_faults = faults_of_test(NULL);
        port = open_upstream(answer_it);
        open_front("spring.cloud.gateway.routes:\n"
                   "  - {id: order, uri: 'http://127.0.0.1:%d', predicates: ['Path=/order/**'], "
                   "metadata: {response-timeout: 300}}\n"
                   "  - {id: keyed, uri: 'http://127.0.0.1:%d', predicates: ['Path=/keyed/**'], "
                   "metadata: {idempotency: true, response-timeout: -1}}\n"
                   "  - {id: broken, uri: 'http://127.0.0.1:%d', predicates: ['Path=/broken/**'], "
                   "filters: [{name: CircuitBreaker, args: {name: broken, "
                   "slidingWindowSize: 4, minimumNumberOfCalls: 4, "
                   "waitDurationInOpenState: 60s}}]}\n",
                   port, port, port);
}

static void end(void)
{
        close_all();
        faults_close(&front_faults);
}

static void on(const char *fault)
{
        fault_on(front_faults, fault);
}

/* How often the fault has struck. */
static int64_t injected(int64_t fault)
{
        struct arena *arena = arena_open();
        struct text one = text_open(arena, 200);
        const char *count;
        int64_t n;

        check(faults_write_one(front_faults, fault, &one));
        count = strstr(one.at, "\"injected\":");
        n = count ? atoll(count + 11) : -1;
        arena_close(&arena);
        return n;
}

static void wait_for(int requests)
{
        int64_t most = clock_mono_us() + 5000000;

        while (atomic_load(&reached) < requests && clock_mono_us() < most)
                poll(NULL, 0, 1);
        check_int(atomic_load(&reached), requests);
}

/* ---- refused ---- */

static void a_refused_connection_is_none(void)
{
        int64_t fault;

        begin();
        fault = fault_on(front_faults, "{\"kind\":\"upstream-refused\",\"routeId\":\"order\"}");
        check_contains(ask(REQUEST("POST /order/1", "Content-Length: 2\r\n") "hi"),
                       "HTTP/1.1 503 ");
        check_contains(answer, "route order: http://127.0.0.1:");
        check_contains(answer, "cannot be reached: the fault upstream-refused is on");
        check_contains(answer, "Retry-After: 1\r\n");
        check_int(injected(fault), 2); /* it is tried once more */
        check_int(atomic_load(&reached), 0);
        check_contains(ask(REQUEST("GET /keyed/1", "")), "HTTP/1.1 201 ");
        check_int(faults_clear(front_faults), 1);
        check_contains(ask(REQUEST("GET /order/1", "")), "HTTP/1.1 201 ");
        end();
}

static void method_and_path_pick(void)
{
        begin();
        on("{\"kind\":\"upstream-refused\",\"method\":\"DELETE\",\"path\":\"/order/{id}\"}");
        check_contains(ask(REQUEST("GET /order/1", "")), "HTTP/1.1 201 ");
        check_contains(ask(REQUEST("DELETE /order/1/2", "")), "HTTP/1.1 201 ");
        check_contains(ask(REQUEST("DELETE /order/1", "")), "HTTP/1.1 503 ");
        check_int(atomic_load(&reached), 2);
        end();
}

/* Its first bytes wait for a try that never begins. */
static void a_long_upload_is_refused(void)
{
        static char request[LONG + 200];
        int head = snprintf(request, sizeof request,
                            REQUEST("POST /order/1", "Content-Length: %d\r\n"), LONG);

        begin();
        memset(request + head, 'x', LONG);
        on("{\"kind\":\"upstream-refused\"}");
        check_contains(ask(request), "HTTP/1.1 503 ");
        check_int(atomic_load(&reached), 0);
        end();
}

static void refused_tries_open_the_breaker(void)
{
        int64_t fault;

        begin();
        fault = fault_on(front_faults, "{\"kind\":\"upstream-refused\",\"routeId\":\"broken\"}");
        for (int i = 0; i < 4; i++)
                check_contains(ask(REQUEST("POST /broken/1", "")), "the fault upstream-refused");
        check_int(injected(fault), 8);
        check_contains(ask(REQUEST("POST /broken/1", "")), "HTTP/1.1 503 ");
        check(!strstr(answer, "the fault"));
        check_int(injected(fault), 8); /* it is not asked any more */
        end();
}

/* ---- broken ---- */

static void what_is_safe_is_sent_once_more(void)
{
        begin();
        on("{\"kind\":\"upstream-broken\"}");
        check_contains(ask(REQUEST("GET /order/1", "")), "HTTP/1.1 502 ");
        check_contains(answer, "broke off: the fault upstream-broken is on");
        check_int(atomic_load(&reached), 2);
        check_contains(ask(REQUEST("GET /order/long", "")), "HTTP/1.1 502 ");
        check_int(atomic_load(&reached), 4);
        end();
}

static void what_may_be_done_twice_is_not_sent_again(void)
{
        static const char *const requests[] = {
                REQUEST("POST /order/1", ""), REQUEST("DELETE /keyed/1", "Idempotency-Key: k\r\n"),
                REQUEST("PUT /keyed/1", ""), REQUEST("PATCH /order/1", "")};

        begin();
        on("{\"kind\":\"upstream-broken\"}");
        for (int i = 0; i < 4; i++) {
                check_contains(ask(requests[i]), "HTTP/1.1 502 ");
                check_int(atomic_load(&reached), i + 1);
        }
        end();
}

static void a_key_makes_it_one_request(void)
{
        begin();
        atomic_store(&heals, true);
        on("{\"kind\":\"upstream-broken\"}");
        check_contains(ask(REQUEST("POST /keyed/1", "Content-Length: 2\r\n") "hi"),
                       "HTTP/1.1 201 ");
        check_int(atomic_load(&reached), 2);
        check(*keys[0]);
        check_text(keys[0], keys[1]);
        end();
}

/* ---- latency ---- */

static void an_answer_comes_later(void)
{
        static const char *const requests[] = {REQUEST("GET /keyed/1", ""),
                                               REQUEST("HEAD /keyed/1", ""),
                                               REQUEST("POST /keyed/1", "")};

        begin();
        on("{\"kind\":\"upstream-latency\",\"delay\":\"120ms\"}");
        for (int i = 0; i < 3; i++) {
                int64_t since = clock_mono_us();

                check_contains(ask(requests[i]), "HTTP/1.1 201 ");
                check(clock_mono_us() - since >= 120000);
        }
        /* a body that streams is whole */
        check_contains(ask(REQUEST("GET /order/long", "")), "HTTP/1.1 201 ");
        check_int((int64_t)strlen(strstr(answer, "\r\n\r\n") + 4), LONG);
        check_int(atomic_load(&reached), 4);
        end();
}

static void later_than_the_route_waits_is_a_timeout(void)
{
        int64_t since;

        begin();
        on("{\"kind\":\"upstream-latency\",\"delay\":\"60s\",\"routeId\":\"order\"}");
        since = clock_mono_us();
        check_contains(ask(REQUEST("GET /order/1", "")), "HTTP/1.1 504 ");
        check(clock_mono_us() - since >= 290000);
        check_contains(answer, "is too slow: no answer in time, the fault upstream-latency is on");
        check_contains(ask(REQUEST("POST /order/1", "Content-Length: 2\r\n") "hi"),
                       "HTTP/1.1 504 ");
        check_contains(ask(REQUEST("GET /order/long", "")), "HTTP/1.1 504 ");
        check_int(atomic_load(&reached), 3); /* none was sent again */
        end();
}

static void its_end_frees_who_waits(void)
{
        int fds[10];

        begin();
        on("{\"kind\":\"upstream-latency\",\"delay\":\"60s\",\"routeId\":\"keyed\"}");
        for (int i = 0; i < 10; i++)
                fds[i] = send_to(front, REQUEST("GET /keyed/1", ""));
        wait_for(10);
        check_int(faults_clear(front_faults), 1);
        for (int i = 0; i < 10; i++)
                check_contains(hear(fds[i]), "HTTP/1.1 201 ");
        end();
}

static void a_client_hangs_up_and_the_gateway_stops(void)
{
        int gone, waits;

        begin();
        on("{\"kind\":\"upstream-latency\",\"delay\":\"60s\",\"routeId\":\"keyed\"}");
        gone = send_to(front, REQUEST("GET /keyed/1", ""));
        waits = send_to(front, REQUEST("GET /keyed/1", ""));
        wait_for(2);
        close(gone);
        while (http_server_in_flight(front) > 1)
                poll(NULL, 0, 1);
        gateway_stop(gateway);
        check_contains(hear(waits), "HTTP/1.1 502 ");
        end();
}

static void late_and_then_broken(void)
{
        int64_t since, late;

        begin();
        on("{\"kind\":\"upstream-broken\"}");
        late = fault_on(front_faults, "{\"kind\":\"upstream-latency\",\"delay\":\"120ms\"}");
        since = clock_mono_us();
        check_contains(ask(REQUEST("POST /order/1", "")), "HTTP/1.1 502 ");
        check(clock_mono_us() - since >= 120000);
        check_int(atomic_load(&reached), 1);
        /* too late is no answer that could break */
        on("{\"kind\":\"upstream-latency\",\"delay\":\"60s\",\"path\":\"/order/late\"}");
        check(faults_remove(front_faults, late));
        check_contains(ask(REQUEST("GET /order/late", "")), "HTTP/1.1 504 ");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_refused_connection_is_none),
                STORY(method_and_path_pick),
                STORY(a_long_upload_is_refused),
                STORY(refused_tries_open_the_breaker),
                STORY(what_is_safe_is_sent_once_more),
                STORY(what_may_be_done_twice_is_not_sent_again),
                STORY(a_key_makes_it_one_request),
                STORY(an_answer_comes_later),
                STORY(later_than_the_route_waits_is_a_timeout),
                STORY(its_end_frees_who_waits),
                STORY(a_client_hangs_up_and_the_gateway_stops),
                STORY(late_and_then_broken),
                {NULL, NULL},
        };

        log_open("try_fault", false, LOG_ERROR);
        return check_main(stories, argc, argv);
}
