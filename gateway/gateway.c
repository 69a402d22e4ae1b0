#include "gateway/gateway.h"

#include "gateway/gateway_inside.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LANES = 64, MAX_IN_FLIGHT = 1000, WHOLE_BODY = 64 << 10 /* kept for another try; longer ones stream */ };

struct gateway {
        struct gateway_config config;
        char *routes_path, *profile;
        pthread_mutex_t lock; /* of plan, stopping, and of each lane loop and told */
        struct plan *plan;
        struct stat stamp;
        bool stopping;
        struct http_streams streams;
        struct lane lanes[LANES];
};

const struct gateway_config *gateway_config_of(const struct gateway *g)
{
        return &g->config;
}

int gateway_max_in_flight(const struct gateway *g)
{
        return g->config.max_in_flight ? g->config.max_in_flight : MAX_IN_FLIGHT;
}

/* xorshift64 (Marsaglia 2003) */
uint64_t gateway_draw(struct lane *lane)
{
        lane->random ^= lane->random << 13;
        lane->random ^= lane->random >> 7;
        lane->random ^= lane->random << 17;
        return lane->random;
}

/* ---- lanes ---- */

static void change_plan(struct task *task)
{
        struct lane *lane = (struct lane *)((char *)task - offsetof(struct lane, change));
        struct gateway *g = lane->gateway;

        plan_release(&lane->plan);
        pthread_mutex_lock(&g->lock);
        lane->told = false;
        lane->plan = plan_hold(g->plan);
        pthread_mutex_unlock(&g->lock);
}

static void stop_lane(struct task *task)
{
        struct lane *lane = (struct lane *)((char *)task - offsetof(struct lane, stop));

        lane->stopping = true;
        for (struct call *c = LIST_FIRST(&lane->calls), *next; c; c = next) {
                next = LIST_NEXT(c, beside);
                call_give_up(c, 502, "the gateway is stopping, and the upstream has not answered");
        }
}

/* A reload may be under way: the plan is the lane's before anything is read of it. */
static void enter(int worker, struct loop *loop, void *arg)
{
        struct gateway *g = arg;
        struct lane *lane = &g->lanes[worker];
        struct upstreams_config upstreams;
        const struct client_settings *client;

        pthread_mutex_lock(&g->lock);
        lane->loop = loop;
        pthread_mutex_unlock(&g->lock);
        change_plan(&lane->change);
        client = &lane->plan->routes->client;
        upstreams = (struct upstreams_config){
                .max_idle_ms = client->max_idle_ms,
                .max_life_ms = client->max_life_ms,
                .max_head = (size_t)client->max_header_bytes,
        };
        lane->upstreams = upstreams_open(&upstreams, loop);
        lane->random = (uint64_t)loop_now_us(loop) * 0x9E3779B97F4A7C15u ^ (uintptr_t)lane;
}

static void leave(int worker, void *arg)
{
        struct gateway *g = arg;
        struct lane *lane = &g->lanes[worker];

        pthread_mutex_lock(&g->lock);
        lane->loop = NULL;
        pthread_mutex_unlock(&g->lock);
        upstreams_close(&lane->upstreams);
        plan_release(&lane->plan);
}

/* ---- the handler ---- */

static enum http_result handle(struct http_request *request, void *arg)
{
        struct gateway *g = arg;
        struct call *c = arena_alloc(request->arena, sizeof *c);

        c->lane = &g->lanes[request->worker];
        c->request = request;
        c->plan = plan_hold(c->lane->plan);
        request->state = c;
        return call_begin(c) ? HTTP_LATER : HTTP_ANSWERED;
}

static void finish(struct http_request *request, void *arg)
{
        (void)arg;
        call_finish(request->state);
}

static size_t take(struct http_request *request, const char *data, size_t len, void *arg)
{
        (void)arg;
        return call_take(request->state, data, len);
}

static void gone(struct http_request *request, void *arg)
{
        (void)arg;
        call_give_up(request->state, 499, "the client hung up");
}

static void ended(struct http_request *request, void *arg)
{
        (void)arg;
        call_end(request->state);
}

struct http_handler gateway_handler(struct gateway *g)
{
        return (struct http_handler){handle, finish, g, &g->streams};
}

/* ---- the gateway ---- */

/* Before it is read: what changes meanwhile is seen as a change. */
static void remember_file(struct gateway *g, const char *path)
{
        if (stat(path, &g->stamp) != 0)
                memset(&g->stamp, 0, sizeof g->stamp);
}

struct gateway *gateway_open(const struct gateway_config *config, struct error *error)
{
        struct gateway *g = memory_alloc(sizeof *g);
        struct routes *routes;

        g->config = *config;
        g->routes_path = config->routes ? memory_string(config->routes) : NULL;
        g->profile = config->profile ? memory_string(config->profile) : NULL;
        pthread_mutex_init(&g->lock, NULL);
        g->streams = (struct http_streams){WHOLE_BODY, take, gone, ended, enter, leave, g};
        for (int i = 0; i < LANES; i++)
                g->lanes[i] = (struct lane){.gateway = g, .change.run = change_plan, .stop.run = stop_lane,
                                            .budget.least = config->retries};
        routes = routes_open(g->routes_path, g->profile, error);
        if (!routes) {
                gateway_close(&g);
                return NULL;
        }
        g->plan = plan_open(routes, config->metrics);
        remember_file(g, routes->source); /* which the default one only now is known to be */
        return g;
}

void gateway_close(struct gateway **gateway)
{
        struct gateway *g = *gateway;

        if (!g)
                return;
        *gateway = NULL;
        plan_release(&g->plan);
        pthread_mutex_destroy(&g->lock);
        free(g->routes_path);
        free(g->profile);
        free(g);
}

/* Under the lock. A lane that was told and has not looked yet will find the newest. */
static void tell_lanes(struct gateway *g)
{
        for (struct lane *lane = g->lanes; lane < g->lanes + LANES; lane++) {
                if (lane->loop && !lane->told)
                        loop_post(lane->loop, &lane->change);
                lane->told = lane->loop != NULL;
        }
}

void gateway_stop(struct gateway *g)
{
        pthread_mutex_lock(&g->lock);
        for (struct lane *lane = g->lanes; lane < g->lanes + LANES; lane++)
                if (lane->loop && !g->stopping)
                        loop_post(lane->loop, &lane->stop);
        g->stopping = true;
        pthread_mutex_unlock(&g->lock);
}

bool gateway_reload(struct gateway *g, struct error *error)
{
        struct routes *routes;
        struct plan *old;

        remember_file(g, g->plan->routes->source);
        routes = routes_open(g->routes_path, g->profile, error);
        if (!routes)
                return false;
        routes_inherit(routes, g->plan->routes);
        pthread_mutex_lock(&g->lock);
        old = g->plan;
        g->plan = plan_open(routes, g->config.metrics);
        tell_lanes(g);
        pthread_mutex_unlock(&g->lock);
        plan_release(&old);
        return true;
}

bool gateway_is_stale(const struct gateway *g)
{
        struct stat now;

        return stat(g->plan->routes->source, &now) == 0 &&
               (now.st_ino != g->stamp.st_ino || now.st_size != g->stamp.st_size || now.st_mtim.tv_sec != g->stamp.st_mtim.tv_sec ||
                now.st_mtim.tv_nsec != g->stamp.st_mtim.tv_nsec);
}

int gateway_port(const struct gateway *g)
{
        return g->plan->routes->port;
}

const char *gateway_source(const struct gateway *g)
{
        return g->plan->routes->source;
}

const char *const *gateway_warnings(const struct gateway *g)
{
        return g->plan->routes->warnings;
}

void gateway_routes_json(struct gateway *g, struct text *out)
{
        struct plan *plan;

        pthread_mutex_lock(&g->lock);
        plan = plan_hold(g->plan);
        pthread_mutex_unlock(&g->lock);
        routes_json(plan->routes, out);
        plan_release(&plan);
}
