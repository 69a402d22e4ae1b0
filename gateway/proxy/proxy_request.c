#include "gateway/proxy/proxy_request.h"

#include "base/clock.h"
#include "base/container.h"
#include "gateway/proxy/admit.h"
#include "gateway/proxy/forward.h"
#include "gateway/proxy/outgoing.h"
#include "gateway/proxy/proxy_request_inside.h"
#include "gateway/proxy/response.h"
#include "gateway/proxy/retry.h"
#include "gateway/proxy/try_fault.h"
#include "gateway/proxy/try_span.h"

/* ---- admission ---- */

/* Admits the request to the route that takes p->asked, and fills what goes to its upstream. False:
   it is answered here. */
static bool prepare(struct proxy_request *p)
{
        if (!admit_on_route(p))
                return false;
        outgoing_fill(p);
        return true;
}

/* The try that was under way is over. */
static void count_try(struct proxy_request *p, enum try_outcome outcome)
{
        int64_t took = loop_now_us(p->worker->loop) - p->tries.began_us;

        if (p->target->meter && p->tries.began_us)
                upstream_meter_note(p->target->meter, outcome, outcome == TRY_CANCELED ? -1 : took);
        p->tries.began_us = 0;
}

static enum try_outcome outcome_of_try(const struct upstream_request *upstream)
{
        static const enum try_outcome failures[] = {[UPSTREAM_REFUSED] = TRY_REFUSED,
                                                    [UPSTREAM_SLOW] = TRY_TIMEOUT,
                                                    [UPSTREAM_BROKEN] = TRY_BROKEN};

        if (upstream->outcome != UPSTREAM_ANSWERED)
                return failures[upstream->outcome];
        if (upstream->status >= 500)
                return TRY_SERVER_ERROR;
        return upstream->status >= 400 ? TRY_CLIENT_ERROR : TRY_OK;
}

/* Ends the try that is under way, or the wait for the next one. */
static void stop_trying(struct proxy_request *p)
{
        if (p->state == PROXY_ADMITTING)
                return;
        if (p->tries.began_us)
                count_try(p, TRY_CANCELED);
        try_span_cancel(p);
        loop_timer_clear(p->worker->loop, &p->tries.timer);
        upstream_cancel(&p->upstream);
}

/* Moves the request to the fallback that the breaker names. False: there is none, and nothing has
   changed; or it does not take the request either, which is answered here. */
static bool fall_back(struct proxy_request *p)
{
        const struct route_breaker *breaker = p->route->breaker;

        if (!breaker || !breaker->fallback || p->fallen_from || p->request->partial)
                return false;
        stop_trying(p);
        admit_give_back(p);
        p->fallen_from = p->route;
        p->asked.path = breaker->fallback;
        p->own = (struct proxy_own_answer){0};
        p->tries = (struct proxy_tries){0};
        return prepare(p);
}

static bool admit(struct proxy_request *p)
{
        if (!forward_receive(&p->received, p->request->peer_trusted))
                return answer_here(p, 431, "Connection names too many fields");
        return admit_any_route(p) && (prepare(p) || (admit_met_open_breaker(p) && fall_back(p)));
}

/* ---- the tries ---- */

/* The answer is known: the server asks for it next. */
static void settle(struct proxy_request *p)
{
        p->state = PROXY_ANSWERED;
        http_resume(p->request);
        http_go_on(p->request);
}

static void ready(struct upstream_request *upstream)
{
        struct proxy_request *p = upstream->arg;

        http_go_on(p->request);
}

static void done(struct upstream_request *upstream);

static void wait(struct proxy_request *p, void (*due)(struct timer *timer), int64_t us)
{
        p->tries.timer.due = due;
        loop_timer(p->worker->loop, &p->tries.timer, us);
}

static void ended(struct timer *timer)
{
        done(&CONTAINER_OF(timer, struct proxy_request, tries.timer)->upstream);
}

static void try_now(struct proxy_request *p)
{
        p->tries.begun++;
        p->tries.began_us = loop_now_us(p->worker->loop);
        if (p->tries.begun > 1 && p->target->meter)
                metric_add(p->target->meter->retries, 1);
        try_span_begin(p);
        if (p->worker->faults && try_fault_refuses(p)) {
                p->state = PROXY_WAITING;
                wait(p, ended, 0);
                return;
        }
        p->state = PROXY_SENDING;
        p->upstream.done = done;
        p->upstream.ready = ready;
        upstream_start(p->worker->upstreams, &p->upstream);
        if (p->state == PROXY_SENDING && p->body_ended)
                upstream_write(&p->upstream, NULL, 0);
        if (p->request->partial)
                http_go_on(p->request); /* a piece of the body may wait for this try */
}

static void due(struct timer *timer)
{
        try_now(CONTAINER_OF(timer, struct proxy_request, tries.timer));
}

static void try_later(struct proxy_request *p, int64_t wait_us)
{
        upstream_cancel(&p->upstream);
        p->state = PROXY_WAITING;
        wait(p, due, wait_us);
}

/* By what the route's breaker counts as a failure. */
static bool has_failed(const struct proxy_request *p)
{
        return p->upstream.outcome != UPSTREAM_ANSWERED ||
               statuses_have(&p->admission.breaker->bad, p->upstream.status);
}

/* A try has ended, with an answer or without; or a fault has held its answer back till now. */
static void done(struct upstream_request *upstream)
{
        struct proxy_request *p = upstream->arg;
        int64_t wait_us = p->worker->faults ? try_fault_wait_us(p) : 0;
        bool failed;

        if (wait_us) {
                wait(p, ended, wait_us);
                return;
        }
        count_try(p, outcome_of_try(upstream));
        try_span_end(p);
        p->tries.reached += upstream->reached;
        retry_learn(p);
        wait_us = retry_wait_us(p);
        if (wait_us >= 0) {
                try_later(p, wait_us);
                return;
        }
        failed = p->admission.ticket && has_failed(p);
        admit_note_breaker(p, failed ? BREAKER_BAD : BREAKER_GOOD);
        if (failed && fall_back(p))
                try_now(p);
        else
                settle(p);
}

/* ---- the life of a request ---- */

static struct proxy_request *open_request(struct proxy_worker *worker, struct http_request *r)
{
        struct proxy_request *p = arena_alloc(r->arena, sizeof *p);

        r->state = p;
        p->worker = worker;
        p->request = r;
        p->snapshot = snapshot_hold(worker->snapshot);
        p->start_us = clock_mono_us();
        p->received.arena = r->arena;
        http_headers(r, &p->received);
        if (!headers_if_there(&p->received, "Host")) /* HTTP/1.0 needs none */
                headers_add(&p->received, "Host", http_own_address(r));
        p->asked = (struct asked){
                .arena = r->arena,
                .method = r->method,
                .path = r->path,
                .query = r->query,
                .client = r->client,
                .headers = &p->received,
                .random = prng_draw(&worker->random),
        };
        return p;
}

bool proxy_request_begin(struct proxy_worker *worker, struct http_request *request)
{
        struct proxy_request *p = open_request(worker, request);

        if (!admit(p)) {
                proxy_request_finish(p);
                proxy_request_end(p);
                return false;
        }
        request->uri_template = route_template(p->route);
        LIST_INSERT_HEAD(&worker->requests, p, beside);
        retry_budget_earn(&worker->budget);
        try_now(p);
        return true;
}

/* Writes until the upstream takes no more, for only then it calls ready() later. */
static size_t pass_on(struct proxy_request *p, const char *data, size_t len)
{
        size_t taken, all;

        all = taken = upstream_write(&p->upstream, data, len);
        while (taken && all < len)
                all += taken = upstream_write(&p->upstream, data + all, len - all);
        p->streamed += (int64_t)all;
        return all;
}

size_t proxy_request_take(struct proxy_request *p, const char *data, size_t len)
{
        const char *too_large;

        p->body_ended = !len;
        if (p->state == PROXY_ANSWERED)
                return len;
        too_large = admit_too_large(p, len);
        if (too_large) {
                proxy_request_give_up(p, 413, too_large);
                return len;
        }
        return p->state == PROXY_SENDING ? pass_on(p, data, len)
                                         : 0; /* it waits for the next try */
}

void proxy_request_give_up(struct proxy_request *p, int status, const char *why)
{
        stop_trying(p);
        admit_note_breaker(p, BREAKER_UNKNOWN);
        if (p->state != PROXY_ANSWERED) {
                answer_here(p, status, why);
                settle(p);
                return;
        }
        p->cut = why;
        http_go_on(p->request);
}

void proxy_request_stop_all(struct proxy_worker *worker)
{
        struct proxy_request *p, *next;

        worker->stopping = true;
        for (p = LIST_FIRST(&worker->requests); p; p = next) {
                next = LIST_NEXT(p, beside);
                proxy_request_give_up(p, 502,
                                      "the gateway is stopping, and the upstream has not answered");
        }
}

void proxy_request_end_streams(struct proxy_worker *worker)
{
        struct proxy_request *p;

        worker->ends_streams = true;
        LIST_FOREACH (p, &worker->requests, beside)
                if (p->state == PROXY_ANSWERED)
                        http_go_on(p->request);
}

void proxy_request_finish(struct proxy_request *p)
{
        response_fill(p);
        if (p->route)
                route_metrics_note(p->snapshot->metrics_of_routes, p->route,
                                   p->request->answer.status, clock_mono_us() - p->start_us);
}

void proxy_request_end(struct proxy_request *p)
{
        if (p->state != PROXY_ADMITTING)
                LIST_REMOVE(p, beside);
        stop_trying(p);
        admit_give_back(p);
        snapshot_release(&p->snapshot);
}
