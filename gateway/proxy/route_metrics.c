#include "gateway/proxy/route_metrics.h"

#include "http/server.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        LEAST_STATUS = 100,
        MOST_STATUS = 599,
        STATUSES = MOST_STATUS - LEAST_STATUS + 2 /* all others in the last */
};

const struct metric_family route_families[] = {
        {.name = "spring_cloud_gateway_requests_seconds",
         .help = "Requests that a route took, from their arrival to their answer",
         .kind = METRIC_HISTOGRAM,
         .labels = {"routeId", "outcome", "status"}},
        {NULL},
};

struct route_metrics {
        struct metrics *metrics;
        const struct routes *routes;
        _Atomic(struct metric *) *series; /* of each route STATUSES, looked up on first use */
};

struct route_metrics *route_metrics_open(struct metrics *metrics, const struct routes *routes)
{
        struct route_metrics *m = memory_alloc(sizeof *m);

        m->metrics = metrics;
        m->routes = routes;
        m->series = memory_alloc(routes->count * STATUSES * sizeof *m->series);
        return m;
}

void route_metrics_close(struct route_metrics **metrics_of_routes)
{
        if (!*metrics_of_routes)
                return;
        free((*metrics_of_routes)->series);
        free(*metrics_of_routes);
        *metrics_of_routes = NULL;
}

/* "Not Found" is NOT_FOUND, as Spring's HttpStatus has it. */
static void status_name(int status, char *name, size_t size)
{
        const char *text = http_status_text(status);
        size_t len = 0;

        if (!text || !isupper((unsigned char)*text) || strcmp(text, "Unknown") == 0) {
                snprintf(name, size, "%d", status);
                return;
        }
        for (; *text && len + 1 < size; text++)
                if (*text != '\'')
                        name[len++] = isalnum((unsigned char)*text)
                                              ? (char)toupper((unsigned char)*text)
                                              : '_';
        name[len] = '\0';
}

static struct metric *series_of(struct route_metrics *m, const struct route *route, int status)
{
        static const char *const outcomes[] = {"INFORMATIONAL", "SUCCESSFUL", "REDIRECTION",
                                               "CLIENT_ERROR", "SERVER_ERROR"};
        bool usual = status >= LEAST_STATUS && status <= MOST_STATUS;
        char name[64] = "CUSTOM";
        const char *values[] = {route->id, usual ? outcomes[status / 100 - 1] : "CUSTOM", name};

        if (usual)
                status_name(status, name, sizeof name);
        return metrics_series(m->metrics, &route_families[0], values);
}

void route_metrics_note(struct route_metrics *m, const struct route *route, int status,
                        int64_t microseconds)
{
        bool usual = status >= LEAST_STATUS && status <= MOST_STATUS;
        size_t row = (size_t)(route - m->routes->at) * STATUSES;
        _Atomic(struct metric *) *slot =
                &m->series[row + (size_t)(usual ? status - LEAST_STATUS : STATUSES - 1)];
        struct metric *series;

        if (!m->metrics)
                return;
        series = atomic_load_explicit(slot, memory_order_acquire);
        if (!series) {
                series = series_of(m, route, status); /* two threads at once get the same */
                atomic_store_explicit(slot, series, memory_order_release);
        }
        metric_observe(series, microseconds);
}
