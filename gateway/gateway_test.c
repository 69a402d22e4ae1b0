#include "gateway/gateway.h"

#include "testing/check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A whole gateway, between a client of raw bytes and an upstream that answers with what it got. */
static struct http_server *upstream, *front;
static struct gateway *gateway;
static struct metrics *metrics;
static char answer[65536];

static bool tell_header(void *arg, const char *name, const char *value)
{
        text_printf(arg, "%s: %s\n", name, value);
        return true;
}

/* A body in two pieces, whose length is not announced. */
static long pull_pieces(struct http_request *request, char *to, size_t room)
{
        static const char *const pieces[] = {"first, ", "last"};
        size_t *given = request->state;

        if (*given == sizeof pieces / sizeof *pieces)
                return HTTP_PULL_END;
        return snprintf(to, room, "%s", pieces[(*given)++]);
}

static enum http_result upstream_handle(struct http_request *request, void *arg)
{
        struct text body = text_open(request->arena, 256);

        (void)arg;
        if (strcmp(request->path, "/flaky") == 0) {
                request->state = arena_alloc(request->arena, sizeof(size_t));
                request->answer.status = 500;
                request->answer.pull = pull_pieces;
                request->answer.pull_len = -1;
                return HTTP_ANSWERED;
        }
        if (strcmp(request->path, "/orders/none") == 0) {
                request->answer.status = 204;
                return HTTP_ANSWERED;
        }
        if (strcmp(request->path, "/orders/same") == 0) {
                request->answer.status = 304;
                http_answer_header(request, "ETag", "\"7\"");
                return HTTP_ANSWERED;
        }
        text_printf(&body, "%s %s\n", request->method, request->target);
        http_each_header(request, tell_header, &body);
        text_printf(&body, "\n%s", request->body);
        http_answer_header(request, "Access-Control-Allow-Origin", "http://upstream.says");
        http_answer_header(request, "X-Of-Upstream", "1");
        http_answer_body(request, 201, "text/plain", &body);
        return HTTP_ANSWERED;
}

static struct http_server *server_open(struct http_handler handler)
{
        struct http_config config = {
                .address = "127.0.0.1",
                .threads = 1,
                .max_body = 1 << 20,
                .max_target = 8192,
                .max_header = 32768,
                .max_fields = 100,
                .header_ms = 10000,
                .body_ms = 10000,
                .max_connections = 64,
                .trusted_proxies = "127.0.0.0/8",
                .handler = handler,
        };
        struct error error;
        struct http_server *server = http_server_open(&config, &error);

        check(server != NULL);
        return server;
}

/* A port where nobody listens. */
static int port_of_nobody(void)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        socklen_t len = sizeof a;

        check(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
              getsockname(fd, (struct sockaddr *)&a, &len) == 0);
        close(fd);
        return ntohs(a.sin_port);
}

static void write_routes(const char *path)
{
        FILE *f = fopen(path, "w");
        int port = http_server_port(upstream);

        fprintf(f,
                "spring.cloud.gateway:\n"
                "  routes:\n"
                "  - {id: order, uri: 'http://127.0.0.1:%d', predicates: ['Path=/orders/**'], "
                "filters: ['AddRequestHeader=X-Team, blue']}\n"
                "  - {id: api, uri: 'http://127.0.0.1:%d', predicates: ['Path=/api/**'], filters: "
                "[StripPrefix=1]}\n"
                "  - {id: red, uri: 'http://127.0.0.1:%d', predicates: ['Path=/red/**'], filters: "
                "['RewritePath=/red/(?<rest>.*), /$\\{rest}']}\n"
                "  - {id: blue, uri: 'http://127.0.0.1:%d', predicates: ['Path=/blue/{a}'], "
                "filters: ['SetPath=/{a}']}\n"
                "  - {id: admin, uri: 'http://127.0.0.1:%d', predicates: ['Path=/admin/**'], "
                "filters: ['SetStatus=403']}\n"
                "  - {id: all, uri: 'http://127.0.0.1:%d', predicates: ['Path=/all/**']}\n"
                "  - {id: few, uri: 'http://127.0.0.1:%d', predicates: ['Path=/few/**'], filters: "
                "[{name: RequestRateLimiter, args: "
                "{redis-rate-limiter.replenishRate: 1, redis-rate-limiter.burstCapacity: 900, "
                "redis-rate-limiter.requestedTokens: 900, "
                "key-resolver: client-address}}]}\n"
                "  - {id: flaky, uri: 'http://127.0.0.1:%d', predicates: [Path=/flaky], filters: "
                "[{name: CircuitBreaker, args: {name: b, statusCodes: [500]}}]}\n"
                "  - {id: gone, uri: 'http://127.0.0.1:%d', predicates: ['Path=/gone/**']}\n"
                "  globalcors:\n"
                "    corsConfigurations:\n"
                "      '[/**]': {allowedOrigins: '*', allowedMethods: '*', allowedHeaders: '*', "
                "allowCredentials: true}\n"
                "      '[/gone/**]': {allowedOrigins: 'http://shop.kr'}\n",
                port, port, port, port, port, port, port, port, port_of_nobody());
        fclose(f);
}

static void open_all(void)
{
        char path[128];
        struct gateway_config config = {.routes = path, .limits.response_ms = 5000};
        struct error error;

        upstream = server_open((struct http_handler){.handle = upstream_handle});
        snprintf(path, sizeof path, "%s/application.yml", check_directory());
        write_routes(path);
        config.metrics = metrics = metrics_open();
        gateway = gateway_open(&config, &error);
        check_text(gateway ? "" : error.text, "");
        front = server_open(gateway_handler(gateway));
}

static void close_all(void)
{
        http_server_close(&front, 5000);
        gateway_close(&gateway);
        http_server_close(&upstream, 5000);
        metrics_close(&metrics);
}

/* One request, the whole answer as text. */
static const char *ask_server(const struct http_server *server, const char *request)
{
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)http_server_port(server))};
        struct timeval patience = {.tv_sec = 10};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        size_t len = 0;
        ssize_t n;

        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        check(connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
        check(send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request));
        while ((n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0)
                len += (size_t)n;
        close(fd);
        answer[len] = '\0';
        return answer;
}

static const char *ask(const char *request)
{
        return ask_server(front, request);
}

#define REQUEST(line, fields)                                                                      \
        line " HTTP/1.1\r\nHost: shop:8088\r\nConnection: close\r\n" fields "\r\n"

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

/* Each field is looked for in the list, on a thread for which other requests wait. */
static void a_list_of_connection_has_an_end(void)
{
        char request[20000], *at = request;

        open_all();
        at += sprintf(at, "GET /orders HTTP/1.1\r\nHost: shop\r\nX-Mine: 1\r\nConnection: close");
        for (int i = 0; i < 101; i++)
                at += sprintf(at, ",x");
        sprintf(at, "\r\n\r\n");
        check_contains(ask(request), "HTTP/1.1 431 ");
        check_contains(answer, "\"detail\":\"Connection names too many fields\"");
        check(!strstr(answer, "X-Of-Upstream"));
        close_all();
}

/* A client can vary only what stands left of the trusted proxy's element: it stays one client. */
static void a_limiter_counts_the_client_that_a_trusted_proxy_names(void)
{
        open_all();
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 1.1.1.1, 9.9.9.9\r\n")),
                       "HTTP/1.1 201 ");
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 2.2.2.2, 9.9.9.9\r\n")),
                       "HTTP/1.1 429 ");
        check_contains(ask(REQUEST("GET /few",
                                   "X-Forwarded-For: 3.3.3.3\r\nX-Forwarded-For: 9.9.9.9\r\n")),
                       "HTTP/1.1 429 ");
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 9.9.9.9, 127.0.0.5\r\n")),
                       "HTTP/1.1 429 ");
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 9.9.9.9:80, \r\n")),
                       "HTTP/1.1 201 "); /* the proxy itself */
        check_contains(ask(REQUEST("GET /few", "")), "HTTP/1.1 429 ");
        check_contains(ask(REQUEST("GET /few", "X-Forwarded-For: 9.9.9.9, 8.8.8.8\r\n")),
                       "HTTP/1.1 201 ");
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

/* The answer to TRACE would show what others sent: the upstream here does answer it. */
static void trace_goes_no_further(void)
{
        open_all();
        check_contains(ask_server(upstream, REQUEST("TRACE /orders", "Cookie: secret\r\n")),
                       "Cookie: secret\n");
        ask("TRACE /orders HTTP/1.1\r\nHost: shop\r\nCookie: secret\r\n\r\n" REQUEST("GET /orders",
                                                                                     ""));
        check_contains(answer, "HTTP/1.1 405 ");
        check_contains(answer, "\r\nAllow: GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS\r\n");
        check_contains(answer, "\r\nConnection: close\r\n");
        check(!strstr(answer, "secret") && !strstr(answer, "X-Of-Upstream"));
        check_contains(ask(REQUEST("TRACE /nowhere", "Origin: http://a.kr\r\n")), "HTTP/1.1 405 ");
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

static void an_answer_that_a_breaker_counts_as_a_failure_comes_whole(void)
{
        open_all();
        check_contains(ask(REQUEST("GET /flaky", "")), "HTTP/1.1 500 ");
        check_contains(answer, "first, ");
        check_contains(answer, "last");
        close_all();
}

static void no_actuator_of_a_service_is_reached(void)
{
        static const char *const requests[] = {
                REQUEST("GET /actuator/health", ""),
                REQUEST("GET /%61ctuator/health", ""),
                REQUEST("GET //actuator", ""),
                REQUEST("GET /api/actuator/health", ""),
                REQUEST("GET /api/%61ctuator;x/health", ""),
                REQUEST("GET /api/;/actuator/env", ""),
                REQUEST("GET /api/;a=b/actuator/env", ""),
                REQUEST("GET /api/%2factuator/env", ""),
                REQUEST("GET /api/%2Factuator/env", ""),
                REQUEST("GET /api/\\actuator/env", ""),
                REQUEST("GET /api/%5cactuator/env", ""),
                REQUEST("GET /api/%252factuator/env", ""),
                REQUEST("GET /api//%2f/ACTUATOR/env", ""),
                REQUEST("GET /api/%2561ctuator", ""),
                REQUEST("GET /api/;%2fx/actuator", ""),
                REQUEST("GET /api/%3b/actuator", ""),
                REQUEST("GET /api/actuator%3fx", ""),
                REQUEST("GET /api/x%252f..%252f../actuator", ""),
                REQUEST("GET /red/;/actuator/env", ""),
                REQUEST("GET /red/%2factuator/env", ""),
                REQUEST("GET /red//actuator", ""),
                REQUEST("GET /red/a/%252e%252e/x", ""),
                REQUEST("GET /blue/%2factuator%2fenv", ""),
                REQUEST("GET /blue/actuator;x", ""),
                REQUEST("GET /orders/..;/x", ""),
                REQUEST("GET /orders/%252e%252e/x", ""),
                REQUEST("GET /orders/..%255c/x", ""),
                NULL,
        };

        open_all();
        for (int i = 0; requests[i]; i++) {
                check_contains(ask(requests[i]), "HTTP/1.1 40");
                check(!strstr(answer, "X-Of-Upstream"));
        }
        close_all();
}

/* An upstream may read a path in another way than the gateway, which would be another route's. */
static void what_leads_elsewhere_when_read_otherwise_is_refused(void)
{
        static const char *const requests[] = {
                REQUEST("GET /all%2f..", ""),    REQUEST("GET //admin/x", ""),
                REQUEST("GET /admin;a=b/x", ""), REQUEST("GET /%2fadmin", ""),
                REQUEST("GET /admin%2fx", ""),   REQUEST("GET /%2561dmin/x", ""),
                REQUEST("GET /all\\x", ""),      NULL,
        };

        open_all();
        for (int i = 0; requests[i]; i++)
                check_contains(ask(requests[i]), "HTTP/1.1 400 ");
        check_contains(ask(REQUEST("GET /admin/x", "")), "HTTP/1.1 403 ");
        check_contains(ask(REQUEST("GET /%61dmin/x", "")), "HTTP/1.1 403 ");
        check_contains(ask(REQUEST("GET /all/a%2Fb;c%20d/%EC%A3%BC//e?f;g=%2F..", "")),
                       "GET /all/a%2Fb;c%20d/%EC%A3%BC//e?f;g=%2F..\n");
        check_contains(ask(REQUEST("GET /all/%25/50%25", "")), "GET /all/%25/50%25\n");
        check_contains(ask(REQUEST("GET /%61ll/actuator", "")), "GET /%61ll/actuator\n");
        close_all();
}

static void cors_is_decided_here(void)
{
        open_all();
        ask(REQUEST("OPTIONS /orders",
                    "Origin: http://a.kr\r\nAccess-Control-Request-Method: POST\r\n"));
        check_contains(answer, "HTTP/1.1 200 ");
        check_contains(answer, "Access-Control-Allow-Origin: http://a.kr\r\n");
        check_contains(answer, "Access-Control-Allow-Methods: POST\r\n");
        check_contains(answer, "Access-Control-Allow-Credentials: true\r\n");
        check(!strstr(answer, "X-Of-Upstream"));
        ask(REQUEST("GET /orders", "Origin: http://a.kr\r\n"));
        check_contains(answer, "HTTP/1.1 201 ");
        check_contains(answer, "Access-Control-Allow-Origin: http://a.kr\r\n");
        check(!strstr(answer, "http://upstream.says"));
        ask(REQUEST("GET /orders", "")); /* a cache must not give this answer to an origin */
        check_contains(answer, "HTTP/1.1 201 ");
        check_contains(answer, "Vary: Origin");
        check_contains(ask(REQUEST("GET /gone", "Origin: http://a.kr\r\n")), "HTTP/1.1 403 ");
        check_contains(ask(REQUEST("GET /gone", "Origin: http://shop.kr\r\n")), "HTTP/1.1 503 ");
        check_contains(answer, "Access-Control-Allow-Origin: http://shop.kr\r\n");
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
                STORY(a_list_of_connection_has_an_end),
                STORY(a_limiter_counts_the_client_that_a_trusted_proxy_names),
                STORY(the_host_of_an_absolute_target_is_no_part_of_it),
                STORY(a_prefix_is_stripped_and_told),
                STORY(answers_without_a_body_stay_so),
                STORY(trace_goes_no_further),
                STORY(failures_name_the_route),
                STORY(an_answer_that_a_breaker_counts_as_a_failure_comes_whole),
                STORY(no_actuator_of_a_service_is_reached),
                STORY(what_leads_elsewhere_when_read_otherwise_is_refused),
                STORY(cors_is_decided_here),
                STORY(routes_are_measured),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
