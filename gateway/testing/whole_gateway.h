/* whole_gateway - for tests: a whole gateway, between a client of raw bytes and an upstream. */
#ifndef GATEWAY_TESTING_WHOLE_GATEWAY_H
#define GATEWAY_TESTING_WHOLE_GATEWAY_H

#include "gateway/gateway.h"
#include "testing/check.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct http_server *upstream, *front;
static struct gateway *gateway;
static struct metrics *metrics;
static struct faults *front_faults; /* NULL: none; the story's own */
static char answer[400 << 10];

static inline enum http_result upstream_handle(struct http_request *request, void *arg)
{
        struct headers fields = {.arena = request->arena};
        struct text body = text_open(request->arena, 256);

        (void)arg;
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
        http_headers(request, &fields);
        for (size_t i = 0; i < fields.count; i++)
                text_printf(&body, "%s: %s\n", fields.at[i].name, fields.at[i].value);
        text_printf(&body, "\n%s", request->body);
        http_answer_header(request, "Access-Control-Allow-Origin", "http://upstream.says");
        http_answer_header(request, "X-Of-Upstream", "1");
        http_answer_body(request, 201, "text/plain", &body);
        return HTTP_ANSWERED;
}

static inline struct http_server *server_open(struct http_handler handler, const char *pod)
{
        struct http_config config = {
                .address = "127.0.0.1",
                .threads = 1,
                .max_body = 1 << 20,
                .max_target = 8192,
                .max_header = 8192,
                .max_fields = 100,
                .header_ms = 10000,
                .body_ms = 10000,
                .max_connections = 64,
                .trusted_proxies = "127.0.0.0/8",
                .handler = handler,
                .pod = pod,
                .version = "1",
        };
        struct error error;
        struct http_server *server = http_server_open(&config, &error);

        check(server != NULL);
        return server;
}

/* A port on which no process listens. */
static inline int port_of_nobody(void)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        socklen_t len = sizeof a;

        check(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
              getsockname(fd, (struct sockaddr *)&a, &len) == 0);
        close(fd);
        return ntohs(a.sin_port);
}

/* Returns its port. */
static inline int open_upstream(enum http_result (*handle)(struct http_request *, void *))
{
        upstream = server_open((struct http_handler){.handle = handle}, "order-1");
        return http_server_port(upstream);
}

/* yaml: the routes, a format for printf. */
__attribute__((format(printf, 1, 2))) static inline void open_front(const char *yaml, ...)
{
        char path[128];
        struct gateway_config config = {.routes = path, .limits.response_ms = 5000};
        struct error error;
        va_list list;
        FILE *f;

        snprintf(path, sizeof path, "%s/application.yml", check_directory());
        f = fopen(path, "w");
        va_start(list, yaml);
        vfprintf(f, yaml, list);
        va_end(list);
        fclose(f);
        config.metrics = metrics = metrics_open();
        config.faults = front_faults;
        gateway = gateway_open(&config, &error);
        check_text(gateway ? "" : error.text, "");
        front = server_open(gateway_handler(gateway), "gateway-1");
}

/* With an upstream that answers with what it got. */
static inline void open_all(void)
{
        int port = open_upstream(upstream_handle);

        open_front(
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
                "  - {id: gone, uri: 'http://127.0.0.1:%d', predicates: ['Path=/gone/**']}\n"
                "  globalcors:\n"
                "    corsConfigurations:\n"
                "      '[/**]': {allowedOrigins: '*', allowedMethods: '*', allowedHeaders: '*', "
                "allowCredentials: true}\n"
                "      '[/gone/**]': {allowedOrigins: 'http://shop.kr'}\n",
                port, port, port, port, port, port, port, port_of_nobody());
}

static inline void close_all(void)
{
        http_server_close(&front, 5000);
        gateway_close(&gateway);
        http_server_close(&upstream, 5000);
        metrics_close(&metrics);
}

/* A connection on which the request was sent. */
static inline int send_to(const struct http_server *server, const char *request)
{
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)http_server_port(server))};
        struct timeval patience = {.tv_sec = 10};
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        check(connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
        check(send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request));
        return fd;
}

/* The whole answer as text. */
static inline const char *hear(int fd)
{
        size_t len = 0;
        ssize_t n;

        while ((n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0)
                len += (size_t)n;
        close(fd);
        answer[len] = '\0';
        return answer;
}

static inline const char *ask_server(const struct http_server *server, const char *request)
{
        return hear(send_to(server, request));
}

static inline const char *ask(const char *request)
{
        return ask_server(front, request);
}

#define REQUEST(line, fields)                                                                      \
        line " HTTP/1.1\r\nHost: shop:8088\r\nConnection: close\r\n" fields "\r\n"

#endif
