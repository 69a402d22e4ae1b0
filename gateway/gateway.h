/* gateway - passes each request on to the upstream that its route names, and the answer back.

   gateway_handler is an http_handler. No thread waits for an upstream, and bodies stream both ways.
   FAILS  404 no route; 503 the upstream cannot be reached; 504 its answer is too slow; 502 it
          breaks off. Each is problem+json; those about an upstream name the route and its uri. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "base/error.h"
#include "base/metrics.h"
#include "base/text.h"
#include "gateway/proxy/snapshot.h"
#include "http/server.h"

struct faults;
struct gateway;

struct gateway_config {
        const char *routes;  /* path; NULL: application.yml in the working directory if it is there,
                                else the built-in */
        const char *profile; /* NULL: default */
        struct target_limits limits; /* for routes that say nothing themselves: these timeouts are
                                        stronger than the file's httpclient, max_in_flight weaker */
        int retries;                 /* retry_budget.least, for each thread; 0: 10 */
        struct faults *faults;       /* what fails on purpose; outlives it; NULL: nothing */
        struct metrics *metrics;     /* not scraped after gateway_close; may be NULL */
};

/* ERROR_BAD_INPUT, with file and line, when the routes file is wrong. */
struct gateway *gateway_open(const struct gateway_config *config, struct error *error);
/* After the server is closed: no handler may be running. */
void gateway_close(struct gateway **gateway);
/* Ends answers that are streams of events: they have no end of their own. Any thread. */
void gateway_end_streams(struct gateway *gateway);
/* Ends all waiting for upstreams with 502, so that the server can close at once. Any thread. */
void gateway_stop(struct gateway *gateway);
/* Reads the routes anew; requests under way keep the old ones. False: the file is wrong, and the
   old routes stay. One thread at a time. */
bool gateway_reload(struct gateway *gateway, struct error *error);
/* Has the file changed since it was last read? Costs one stat(2). */
bool gateway_is_stale(const struct gateway *gateway);

struct http_handler gateway_handler(struct gateway *gateway); /* lives as long as the gateway */

/* Of the routes in force; valid until the next reload. */
int gateway_port(const struct gateway *gateway); /* server.port in the file; 0: it says none */
const char *gateway_source(
        const struct gateway *gateway); /* the file that was read, or "built-in" */
const char *const *gateway_warnings(
        const struct gateway *gateway); /* of what in the file has no effect; ended by NULL */
void gateway_routes_json(struct gateway *gateway,
                         struct text *out); /* /actuator/gateway/routes; any thread */

#endif
