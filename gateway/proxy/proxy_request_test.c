/* The life of a request, through a whole gateway: tries, streams, fallbacks, and what ends it
   early. Which requests are sent again is tested by retry_test and retry_model_test. */
#include "gateway/testing/whole_gateway.h"

#include "base/clock.h"

#include <stdatomic.h>

enum { LONG = 200000 };

static atomic_int asked; /* how often the upstream was */

/* A body in two pieces, whose length is not announced. */
static long pull_pieces(struct http_request *request, char *to, size_t room)
{
        static const char *const pieces[] = {"first, ", "last"};
        size_t *given = request->state;

        if (*given == sizeof pieces / sizeof *pieces)
                return HTTP_PULL_END;
        return snprintf(to, room, "%s", pieces[(*given)++]);
}

/* /bad fails in two pieces, /third-time twice; all else is answered with the request's body. */
static enum http_result handle_upstream(struct http_request *r, void *arg)
{
        int number = atomic_fetch_add(&asked, 1) + 1;

        (void)arg;
        r->answer.status = 201;
        if (strcmp(r->path, "/bad") == 0) {
                r->state = arena_alloc(r->arena, sizeof(size_t));
                r->answer.status = 500;
                r->answer.pull = pull_pieces;
                r->answer.pull_len = -1;
        } else if (strcmp(r->path, "/third-time") == 0 && number < 3) {
                r->answer.status = 500;
        } else {
                http_answer_header(r, "X-Host", http_header(r, "X-Forwarded-Host"));
                r->answer.body = r->body_len ? r->body : r->path;
                r->answer.len = strlen(r->answer.body);
        }
        return HTTP_ANSWERED;
}

/* Connections come about by the kernel alone: what is sent there is not answered. */
static int mute;

static int open_mute(void)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof a;

        mute = socket(AF_INET, SOCK_STREAM, 0);
        check(bind(mute, (struct sockaddr *)&a, sizeof a) == 0 && listen(mute, 8) == 0 &&
              getsockname(mute, (struct sockaddr *)&a, &len) == 0);
        return ntohs(a.sin_port);
}

static void open_mall(void)
{
        int port = open_upstream(handle_upstream);

        atomic_store(&asked, 0);
        open_front("spring.cloud.gateway.routes:\n"
                   "- id: breaks\n"
                   "  uri: http://127.0.0.1:%d\n"
                   "  predicates: ['Path=/bad,/good']\n"
                   "  filters: [{name: CircuitBreaker, args: {name: b, statusCodes: [500], "
                   "fallbackUri: 'forward:/instead', slidingWindowSize: 3, "
                   "minimumNumberOfCalls: 3}}]\n"
                   "- id: whole\n"
                   "  uri: http://127.0.0.1:%d\n"
                   "  predicates: [Path=/whole/bad]\n"
                   "  filters: [StripPrefix=1, {name: CircuitBreaker, args: {name: c, statusCodes: "
                   "[500]}}]\n"
                   "- id: again\n"
                   "  uri: http://127.0.0.1:%d\n"
                   "  predicates: [Path=/third-time]\n"
                   "  filters: [Retry=2]\n"
                   "  metadata: {max-in-flight: 3}\n"
                   "- id: small\n"
                   "  uri: http://127.0.0.1:%d\n"
                   "  predicates: [Path=/small]\n"
                   "  filters: [{name: RequestSize, args: {maxSize: 150000}}]\n"
                   "- {id: mute, uri: 'http://127.0.0.1:%d', predicates: [Path=/mute]}\n"
                   "- {id: all, uri: 'http://127.0.0.1:%d', predicates: ['Path=/**']}\n",
                   port, port, port, port, open_mute(), port);
}

static void close_mall(void)
{
        close_all();
        close(mute);
}

/* A POST with a body of that many x, as one chunk. */
static const char *long_request(const char *path, int len)
{
        static char text[LONG + 200];
        int head = sprintf(text,
                           "POST %s HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n%x\r\n",
                           path, len);

        memset(text + head, 'x', (size_t)len);
        strcpy(text + head + len, "\r\n0\r\n\r\n");
        return text;
}

static size_t count_x(const char *text)
{
        size_t n = 0;

        for (const char *at = strstr(text, "\r\n\r\n"); at && *at; at++)
                n += *at == 'x';
        return n;
}

static void a_long_body_streams_both_ways(void)
{
        open_mall();
        check_contains(ask(long_request("/echo", LONG)), "HTTP/1.1 201 ");
        check_int(count_x(answer), LONG);
        check_int(asked, 1);
        close_mall();
}

static void a_stream_ends_where_it_is_too_large(void)
{
        open_mall();
        check_contains(ask(long_request("/small", 149999)), "HTTP/1.1 201 ");
        check_contains(ask(long_request("/small", LONG)), "HTTP/1.1 413 ");
        check_contains(answer, "route small takes no more than 150000 bytes");
        close_mall();
}

static void the_host_is_our_address_where_the_client_names_none(void)
{
        char host[64];

        open_mall();
        snprintf(host, sizeof host, "X-Host: 127.0.0.1:%d\r\n", http_server_port(front));
        check_contains(ask("GET /x HTTP/1.0\r\n\r\n"), host);
        close_mall();
}

static void an_answer_that_a_filter_refuses_is_asked_for_again(void)
{
        open_mall();
        check_contains(ask(REQUEST("GET /third-time", "")), "HTTP/1.1 201 ");
        check_int(asked, 3);
        close_mall();
}

static void what_is_over_is_in_flight_no_more(void)
{
        open_mall();
        for (int i = 0; i < 8; i++)
                check_contains(ask(REQUEST("GET /third-time", "")), "HTTP/1.1 201 ");
        close_mall();
}

static void an_answer_that_a_breaker_counts_as_a_failure_comes_whole(void)
{
        open_mall();
        check_contains(ask(REQUEST("GET /whole/bad", "")), "HTTP/1.1 500 ");
        check_contains(answer, "first, ");
        check_contains(answer, "last");
        close_mall();
}

static void a_breaker_sends_its_requests_elsewhere(void)
{
        open_mall();
        check_contains(ask(REQUEST("GET /good", "")), "/good");
        check_int(asked, 1);
        check_contains(ask(REQUEST("GET /bad", "")), "HTTP/1.1 201 ");
        check_contains(answer, "/instead");
        check_contains(ask(REQUEST("GET /bad", "")), "/instead");
        check_int(asked, 5); /* each failed, then the fallback was asked */
        check_contains(ask(REQUEST("GET /good", "")), "/instead");
        check_int(asked, 6); /* the breaker is open */
        check_contains(ask(long_request("/good", LONG)), "HTTP/1.1 503 ");
        check_contains(answer, "the circuit breaker b is open");
        check_int(asked, 6); /* a body that streams could not be sent a second time */
        close_mall();
}

/* A request that waits for the upstream, which is *at the other end of its connection. */
static int wait_for_mute(int *at)
{
        int fd = send_to(front, REQUEST("GET /mute", ""));
        char byte;

        *at = accept(mute, NULL, NULL);
        check(recv(*at, &byte, 1, 0) == 1);
        return fd;
}

static void a_gateway_that_stops_ends_all_waiting(void)
{
        int at, fd;

        open_mall();
        fd = wait_for_mute(&at);
        gateway_stop(gateway);
        check_contains(hear(fd), "HTTP/1.1 502 ");
        check_contains(answer, "the gateway is stopping, and the upstream has not answered");
        check_contains(ask(REQUEST("GET /x", "")), "HTTP/1.1 503 ");
        check_contains(answer, "the gateway is stopping");
        check_int(asked, 0);
        close(at);
        close_mall();
}

/* The client must not take the part for the whole. */
static void a_gateway_that_stops_cuts_an_answer_that_has_begun(void)
{
        static const char half[] =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        char got[1000] = "";
        size_t len = 0;
        ssize_t n;
        int at, fd;

        open_mall();
        fd = wait_for_mute(&at);
        check(send(at, half, strlen(half), MSG_NOSIGNAL) == (ssize_t)strlen(half));
        while (!strstr(got, "hello") && (n = recv(fd, got + len, sizeof got - 1 - len, 0)) > 0)
                len += (size_t)n;
        check_contains(got, "hello");
        gateway_stop(gateway);
        check_text(hear(fd), "");
        close(at);
        close_mall();
}

/* Its request ends after the worker and the worker's upstreams: the sanitizer looks on. */
static void a_stop_does_not_wait_for_a_client_that_stalls(void)
{
        static char half[100000];
        int at, fd;
        char byte;

        open_mall();
        memset(half, 'x', sizeof half);
        fd = send_to(front, "POST /mute HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
        check(send(fd, half, sizeof half, MSG_NOSIGNAL) == (ssize_t)sizeof half);
        at = accept(mute, NULL, NULL);
        check(recv(at, &byte, 1, 0) == 1);
        http_server_close(&front, 100);
        close(fd);
        close(at);
        close_mall();
}

static bool is_measured(const char *labels)
{
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 256);
        bool found;

        metrics_prometheus(metrics, false, &out);
        found = strstr(out.at, labels) != NULL;
        arena_close(&arena);
        return found;
}

static void a_client_that_hangs_up_ends_its_request(void)
{
        int64_t end = clock_mono_us() + 10000000;
        char rest[4096];
        int at;

        open_mall();
        close(wait_for_mute(&at));
        while (recv(at, rest, sizeof rest, 0) > 0) /* until the gateway closes */
                ;
        while (!is_measured("routeId=\"mute\",outcome=\"CLIENT_ERROR\",status=\"499\"") &&
               clock_mono_us() < end)
                usleep(1000);
        check(clock_mono_us() < end);
        close(at);
        close_mall();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_long_body_streams_both_ways),
                STORY(a_stream_ends_where_it_is_too_large),
                STORY(the_host_is_our_address_where_the_client_names_none),
                STORY(an_answer_that_a_filter_refuses_is_asked_for_again),
                STORY(what_is_over_is_in_flight_no_more),
                STORY(an_answer_that_a_breaker_counts_as_a_failure_comes_whole),
                STORY(a_breaker_sends_its_requests_elsewhere),
                STORY(a_gateway_that_stops_ends_all_waiting),
                STORY(a_gateway_that_stops_cuts_an_answer_that_has_begun),
                STORY(a_stop_does_not_wait_for_a_client_that_stalls),
                STORY(a_client_that_hangs_up_ends_its_request),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
