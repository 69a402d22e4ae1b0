/* gateway - from a request to the upstream that its route names, and back.

   gateway_handle and gateway_finish are an http_handler's; a request waits for its upstream without a thread.
   FAILS  404 no route; 503 the upstream refuses; 504 it is too slow; 502 it breaks off. Each is problem+json and names
          the route and its uri. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "base/error.h"
#include "base/metrics.h"
#include "base/text.h"
#include "http/server.h"

struct gateway;

struct gateway_config {
        const char *routes;  /* path; NULL: application.yml in the working directory if it is there, else the built-in */
        const char *profile; /* NULL: default */
        int connect_ms, response_ms; /* 0: what the file says under httpclient, else 2 s and 30 s */
        size_t max_answer;           /* bytes; 0: 10 MiB */
        struct metrics *metrics;     /* may be NULL */
};

/* ERROR_BAD_INPUT, with file and line, when the routes file is wrong. */
struct gateway *gateway_open(const struct gateway_config *config, struct error *error);
/* After the server: no handler may be running. */
void gateway_close(struct gateway **gateway);
/* Ends all waiting for upstreams with 502, so that a server that closes need not wait for them. Any thread. */
void gateway_stop(struct gateway *gateway);

int gateway_port(const struct gateway *gateway); /* server.port in the file; 0: it says none */
const char *gateway_source(const struct gateway *gateway); /* the file that was read, or "built-in" */
const char *const *gateway_warnings(const struct gateway *gateway); /* what the file says in vain; ended by NULL */
void gateway_routes_json(const struct gateway *gateway, struct text *out); /* /actuator/gateway/routes */

enum http_result gateway_handle(struct http_request *request, void *gateway);
void gateway_finish(struct http_request *request, void *gateway);

#endif
