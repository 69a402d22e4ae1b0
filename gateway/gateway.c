#include "gateway/gateway.h"

#include "base/container.h"
#include "gateway/proxy/breaker_gauges.h"
#include "gateway/proxy/proxy_request.h"
#include "gateway/proxy/response.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WORKERS = 64, WHOLE_BODY = 64 << 10 /* kept for another try; a longer one streams */ };

/* A worker's thread, as the other threads reach it. */
struct worker {
        struct proxy_worker proxy;
        struct gateway *gateway;
        struct task change, end_streams, stop;
        struct loop *loop; /* NULL: the thread does not run */
        bool told;         /* change is posted and has not run */
};

struct gateway {
        struct gateway_config config;
        char *routes_path, *profile;
        pthread_mutex_t lock; /* of snapshot, stopping, and of each worker's loop and told */
        struct snapshot *snapshot;
        struct upstream_meters *meters;  /* NULL: there are no metrics */
        struct breaker_gauges *breakers; /* the same */
        struct stat stamp;
        bool stopping;
        struct http_streams streams;
        struct worker workers[WORKERS];
};

/* ---- workers ---- */

static void change_snapshot(struct task *task)
{
        struct worker *worker = CONTAINER_OF(task, struct worker, change);
        struct gateway *g = worker->gateway;
        struct snapshot *newest;

        pthread_mutex_lock(&g->lock);
        worker->told = false;
        newest = snapshot_hold(g->snapshot);
        pthread_mutex_unlock(&g->lock);
        proxy_worker_change_snapshot(&worker->proxy, newest);
}

static void end_streams_of_worker(struct task *task)
{
        proxy_request_end_streams(&CONTAINER_OF(task, struct worker, end_streams)->proxy);
}

static void stop_worker(struct task *task)
{
        proxy_request_stop_all(&CONTAINER_OF(task, struct worker, stop)->proxy);
}

static void enter(int number, struct loop *loop, void *arg)
{
        struct gateway *g = arg;
        struct worker *worker = &g->workers[number];
        struct snapshot *newest;

        pthread_mutex_lock(&g->lock);
        worker->loop = loop;
        newest = snapshot_hold(g->snapshot);
        pthread_mutex_unlock(&g->lock);
        proxy_worker_open(&worker->proxy, loop, newest, g->config.retries, g->meters);
        worker->proxy.faults = g->config.faults;
}

static void leave(int number, void *arg)
{
        struct gateway *g = arg;
        struct worker *worker = &g->workers[number];

        pthread_mutex_lock(&g->lock);
        worker->loop = NULL;
        pthread_mutex_unlock(&g->lock);
        proxy_worker_close(&worker->proxy);
}

/* ---- the handler ---- */

static enum http_result handle(struct http_request *request, void *arg)
{
        struct gateway *g = arg;
        struct proxy_worker *worker = &g->workers[request->worker].proxy;

        return proxy_request_begin(worker, request) ? HTTP_LATER : HTTP_ANSWERED;
}

static void finish(struct http_request *request, void *arg)
{
        (void)arg;
        proxy_request_finish(request->state);
}

static size_t take(struct http_request *request, const char *data, size_t len, void *arg)
{
        (void)arg;
        return proxy_request_take(request->state, data, len);
}

static void gone(struct http_request *request, void *arg)
{
        (void)arg;
        proxy_request_give_up(request->state, 499, "the client hung up");
}

static void ended(struct http_request *request, void *arg)
{
        (void)arg;
        proxy_request_end(request->state);
}

struct http_handler gateway_handler(struct gateway *g)
{
        return (struct http_handler){handle, finish, g, &g->streams};
}

/* ---- the gateway ---- */

/* Called before the file is read, so that a change during the reading is seen later. */
static void remember_file(struct gateway *g, const char *path)
{
        if (stat(path, &g->stamp) != 0)
                memset(&g->stamp, 0, sizeof g->stamp);
}

static struct snapshot *snapshot_in_force(struct gateway *g)
{
        struct snapshot *snapshot;

        pthread_mutex_lock(&g->lock);
        snapshot = snapshot_hold(g->snapshot);
        pthread_mutex_unlock(&g->lock);
        return snapshot;
}

static void refresh(void *arg)
{
        struct gateway *g = arg;
        struct snapshot *snapshot = snapshot_in_force(g);

        breaker_gauges_set(g->breakers, snapshot->routes);
        snapshot_release(&snapshot);
}

struct gateway *gateway_open(const struct gateway_config *config, struct error *error)
{
        struct gateway *g = memory_alloc(sizeof *g);
        struct routes *routes;

        g->config = *config;
        g->routes_path = config->routes ? memory_string(config->routes) : NULL;
        g->profile = config->profile ? memory_string(config->profile) : NULL;
        pthread_mutex_init(&g->lock, NULL);
        g->streams = (struct http_streams){.whole = WHOLE_BODY,
                                           .take = take,
                                           .gone = gone,
                                           .ended = ended,
                                           .enter = enter,
                                           .leave = leave,
                                           .arg = g,
                                           .answer_head = RESPONSE_HEAD_ROOM};
        for (int i = 0; i < WORKERS; i++)
                g->workers[i] = (struct worker){.gateway = g,
                                                .change.run = change_snapshot,
                                                .end_streams.run = end_streams_of_worker,
                                                .stop.run = stop_worker};
        routes = routes_open(g->routes_path, g->profile, error);
        if (!routes) {
                gateway_close(&g);
                return NULL;
        }
        if (config->metrics) {
                g->meters = upstream_meters_open(config->metrics);
                g->breakers = breaker_gauges_open(config->metrics);
        }
        g->snapshot = snapshot_open(routes, &g->config.limits, config->metrics, g->meters);
        remember_file(g, routes->source); /* with no path given, only now it is known which */
        if (config->metrics)
                metrics_on_scrape(config->metrics, refresh, g);
        return g;
}

void gateway_close(struct gateway **gateway)
{
        struct gateway *g = *gateway;

        if (!g)
                return;
        *gateway = NULL;
        snapshot_release(&g->snapshot);
        breaker_gauges_close(&g->breakers);
        upstream_meters_close(&g->meters);
        pthread_mutex_destroy(&g->lock);
        free(g->routes_path);
        free(g->profile);
        free(g);
}

/* Under the lock. A worker that was told and has not looked yet will find this snapshot too. */
static void tell_workers(struct gateway *g)
{
        for (struct worker *worker = g->workers; worker < g->workers + WORKERS; worker++) {
                if (worker->loop && !worker->told)
                        loop_post(worker->loop, &worker->change);
                worker->told = worker->loop != NULL;
        }
}

void gateway_end_streams(struct gateway *g)
{
        pthread_mutex_lock(&g->lock);
        for (struct worker *worker = g->workers; worker < g->workers + WORKERS; worker++)
                if (worker->loop)
                        loop_post(worker->loop, &worker->end_streams);
        pthread_mutex_unlock(&g->lock);
}

void gateway_stop(struct gateway *g)
{
        pthread_mutex_lock(&g->lock);
        for (struct worker *worker = g->workers; worker < g->workers + WORKERS; worker++)
                if (worker->loop && !g->stopping)
                        loop_post(worker->loop, &worker->stop);
        g->stopping = true;
        pthread_mutex_unlock(&g->lock);
}

bool gateway_reload(struct gateway *g, struct error *error)
{
        struct routes *routes;
        struct snapshot *old;

        remember_file(g, g->snapshot->routes->source);
        routes = routes_open(g->routes_path, g->profile, error);
        if (!routes)
                return false;
        routes_inherit(routes, g->snapshot->routes);
        pthread_mutex_lock(&g->lock);
        old = g->snapshot;
        g->snapshot = snapshot_open(routes, &g->config.limits, g->config.metrics, g->meters);
        tell_workers(g);
        pthread_mutex_unlock(&g->lock);
        snapshot_release(&old);
        return true;
}

bool gateway_is_stale(const struct gateway *g)
{
        struct stat now;

        return stat(g->snapshot->routes->source, &now) == 0 &&
               (now.st_ino != g->stamp.st_ino || now.st_size != g->stamp.st_size ||
                now.st_mtim.tv_sec != g->stamp.st_mtim.tv_sec ||
                now.st_mtim.tv_nsec != g->stamp.st_mtim.tv_nsec);
}

int gateway_port(const struct gateway *g)
{
        return g->snapshot->routes->port;
}

const char *gateway_source(const struct gateway *g)
{
        return g->snapshot->routes->source;
}

const char *const *gateway_warnings(const struct gateway *g)
{
        return g->snapshot->routes->warnings;
}

void gateway_routes_json(struct gateway *g, struct text *out)
{
        struct snapshot *snapshot = snapshot_in_force(g);

        routes_json(snapshot->routes, out);
        snapshot_release(&snapshot);
}
