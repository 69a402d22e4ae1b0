/* gateway - the mall's front door: passes requests on to the services and the frontend.

   OWNS   nothing; reads application.yml
   FAILS  404 no route; 503 the upstream cannot be reached; 504 its answer is too slow; 502 it
          breaks off */
#include "base/breaker.h"
#include "base/clock.h"
#include "base/faults.h"
#include "base/json.h"
#include "base/log.h"
#include "base/thread.h"
#include "gateway/gateway.h"
#include "gateway/proxy/route_metrics.h"
#include "gateway/routing/builtin.h"
#include "gateway/routing/routes.h"
#include "gateway/upstream/upstream_meter.h"
#include "service/daemon.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct metric_family *const families[] = {route_families, upstream_families,
                                                       breaker_families, NULL};

static const struct setting settings[] = {
        {.name = "routes",
         .type = SETTING_TEXT,
         .help = "the routes file; unset: application.yml in the working directory if there, else "
                 "the built-in one"},
        {.name = "trusted-proxies", /* not the private networks: behind a load balancer that does
                                       not speak HTTP, each client has such an address */
         .type = SETTING_TEXT,
         .fallback = "127.0.0.0/8,::1/128",
         .help = "peers whose X-Forwarded-* are believed, as CIDR list; none: nobody's"},
        {.name = "max-header", /* the services have room for what it adds */
         .type = SETTING_SIZE,
         .fallback = "8KiB",
         .help = "largest header block (431)",
         .least = 1024,
         .most = 262144},
        {.name = "max-body",
         .type = SETTING_SIZE,
         .fallback = "10MiB",
         .help = "largest request body (413)",
         .least = 1024,
         .most = 1073741824},
        {.name = "check-routes",
         .type = SETTING_TEXT,
         .help = "a routes file to check: shows its routes, or what is wrong with it, and ends"},
        {.name = "builtin-routes",
         .type = SETTING_SWITCH,
         .help = "show the built-in routes file, to begin one of your own with, and exit"},
        {.name = "max-in-flight",
         .type = SETTING_NUMBER,
         .fallback = "1000",
         .help = "requests of one route at a time, more get 503 at once; a route's metadata "
                 "max-in-flight is stronger",
         .least = 1,
         .most = 1000000},
        {.name = "connect-timeout",
         .type = SETTING_DURATION,
         .help = "to connect to an upstream (503); unset: httpclient.connect-timeout of the routes "
                 "file, else 2s",
         .least = 1,
         .most = 3600000},
        {.name = "response-timeout",
         .type = SETTING_DURATION,
         .help = "for an upstream's answer to begin, and between its pieces (504); unset: "
                 "httpclient.response-timeout of the routes file, else 30s",
         .least = 1,
         .most = 3600000},
        {.name = NULL},
};

enum { PATIENCE_MS = 8000 }; /* less than the server waits for requests in flight */

struct patience {
        pthread_mutex_t lock;
        pthread_cond_t change;
        bool over;
        struct timespec until;
        struct gateway *gateway;
};

static struct gateway *gateway_of(struct process *p)
{
        return p->own;
}

/* The routes file may set server.port, so it is read before anything is opened. */
static void configure(struct process *p, struct error *error)
{
        struct gateway_config config = {
                .routes = config_text(p->config, "routes"),
                .profile = config_text(p->config, "profile"),
                .limits.connect_ms = (int)config_number(p->config, "connect-timeout"),
                .limits.response_ms = (int)config_number(p->config, "response-timeout"),
                .limits.max_in_flight = (int)config_number(p->config, "max-in-flight"),
                .faults = p->faults,
                .metrics = p->metrics,
        };
        char port[12];

        if (config_is_set(p->config, "builtin-routes"))
                exit(fputs(builtin_routes, stdout) < 0);
        if (config_is_set(p->config, "check-routes"))
                exit(routes_check(stdout, config_text(p->config, "check-routes"), config.profile));
        p->own = gateway_open(&config, error);
        if (!p->own || !gateway_port(p->own))
                return;
        snprintf(port, sizeof port, "%d", gateway_port(p->own));
        config_from_file(p->config, "port", port, error);
}

static void tell_routes(struct process *p)
{
        for (const char *const *w = gateway_warnings(gateway_of(p)); *w; w++)
                log_write(LOG_WARN, *w, NULL);
        log_write(LOG_INFO, "routes read", "file.path", gateway_source(gateway_of(p)), NULL);
}

static bool routes_step(struct process *p, struct error *error)
{
        (void)error;
        tell_routes(p);
        return true;
}

static void reload(struct process *p)
{
        struct error error = {0};

        if (gateway_reload(gateway_of(p), &error))
                tell_routes(p);
        else
                log_write(LOG_ERROR, "the routes file is wrong, the old routes stay",
                          "error.message", error.text, NULL);
}

/* A ConfigMap changes without a signal. */
static void look_at_file(struct process *p, int64_t second)
{
        (void)second;
        if (gateway_is_stale(gateway_of(p)))
                reload(p);
}

static void close_routes(struct process *p)
{
        struct gateway *gateway = p->own;

        gateway_close(&gateway);
}

static bool http_step(struct process *p, struct error *error)
{
        struct http_handler handler = gateway_handler(gateway_of(p));

        return daemon_listen(p, &handler, error);
}

/* An upstream that hangs must not delay the stop: requests that still wait then get 502. */
static void *stop_waiting(void *arg)
{
        struct patience *patience = arg;

        pthread_mutex_lock(&patience->lock);
        while (!patience->over && pthread_cond_clockwait(&patience->change, &patience->lock,
                                                         CLOCK_MONOTONIC, &patience->until) == 0)
                ;
        pthread_mutex_unlock(&patience->lock);
        gateway_stop(patience->gateway);
        return NULL;
}

static void close_http(struct process *p)
{
        struct patience patience = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false,
                                    clock_after(PATIENCE_MS), gateway_of(p)};
        pthread_t thread = thread_start("patience", stop_waiting, &patience);

        gateway_end_streams(gateway_of(p));
        daemon_hang_up(p);
        pthread_mutex_lock(&patience.lock);
        patience.over = true;
        pthread_cond_signal(&patience.change);
        pthread_mutex_unlock(&patience.lock);
        pthread_join(thread, NULL);
}

static void write_routes(struct process *p, struct text *out)
{
        gateway_routes_json(gateway_of(p), out);
}

static bool has_route(struct process *p, const char *id, struct text *known)
{
        struct text routes = text_open(known->arena, 4000);
        struct error error;
        const struct json *all;
        bool found = false;

        gateway_routes_json(gateway_of(p), &routes);
        all = json_read(known->arena, routes.at, routes.len, &error);
        for (const struct json *route = all ? all->first : NULL; route; route = route->next) {
                const char *name = json_member(route, "route_id")->text;

                text_printf(known, "%s%s", known->len ? ", " : "", name);
                found |= strcmp(name, id) == 0;
        }
        return found;
}

int main(int argc, char **argv)
{
        static const struct step steps[] = {
                {"routes", routes_step, close_routes},
                {"http", http_step, close_http},
                {NULL, NULL, NULL},
        };
        static const struct actuator_page pages[] = {
                {"gateway/routes", "application/vnd.spring-boot.actuator.v3+json", write_routes},
                {NULL, NULL, NULL},
        };
        static const struct daemon gateway = {
                .name = "gateway",
                .summary = "the mall's front door: passes each request on to the service that its "
                           "route names",
                .port = 8088,
                .settings = settings,
                .metrics = families,
                .steps = steps,
                .pages = pages,
                .shy = true,
                .fault_kinds = 1U << FAULT_UPSTREAM_LATENCY | 1U << FAULT_UPSTREAM_BROKEN |
                               1U << FAULT_UPSTREAM_REFUSED,
                .has_route = has_route,
                .configure = configure,
                .reload = reload,
                .each_second = look_at_file,
        };

        return daemon_main(&gateway, NULL, argc, argv);
}
