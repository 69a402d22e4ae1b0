#include "gateway/proxy/try_fault.h"

#include "base/clock.h"
#include "base/faults.h"
#include "gateway/proxy/proxy_request_inside.h"

enum { LOOK_US = 100 * 1000 }; /* is the fault still on? */

static bool strikes(struct proxy_request *p, enum fault_kind kind, struct injection *injection)
{
        const struct fault_place place = {
                .method = p->request->method, .path = p->request->path, .route = p->route->id};

        return faults_strike(p->worker->faults, kind, &place, injection);
}

/* What came of the upstream's answer is thrown away. */
static void end_as(struct proxy_request *p, enum upstream_outcome outcome, const char *reason)
{
        struct upstream_request *x = &p->upstream;

        upstream_cancel(x);
        x->outcome = outcome;
        x->reason = reason;
        x->begun = x->has_body = false;
        x->status = 0;
        x->answer_count = x->trailer_count = x->whole_len = 0;
        x->whole = NULL;
}

bool try_fault_refuses(struct proxy_request *p)
{
        struct injection injection;

        p->tries.fault = (struct try_fault){.begun_us = clock_mono_us()};
        if (!strikes(p, FAULT_UPSTREAM_REFUSED, &injection))
                return false;
        end_as(p, UPSTREAM_REFUSED, "the fault upstream-refused is on");
        p->upstream.reached = false;
        p->tries.fault.asked = true;
        return true;
}

/* As long as the route waits for an answer, which it does from the end of the request on. When the
   body's end was sent is not known here; then it counts from now. */
static int64_t patience_us(const struct proxy_request *p, int64_t now)
{
        int64_t since = p->upstream.more ? now : p->tries.fault.begun_us;
        int64_t left = since + p->upstream.response_ms * INT64_C(1000) - now;

        if (p->upstream.response_ms <= 0)
                return INT64_MAX;
        return left > 0 ? left : 0;
}

static void draw_latency(struct proxy_request *p)
{
        struct try_fault *f = &p->tries.fault;
        struct injection injection;
        int64_t now = clock_mono_us(), most = patience_us(p, now);

        f->asked = true;
        if (!strikes(p, FAULT_UPSTREAM_LATENCY, &injection))
                return;
        f->id = injection.fault;
        f->too_slow = injection.delay_us > most;
        f->until_us = now + (f->too_slow ? most : injection.delay_us);
}

/* 0: it is over, or none struck. */
static int64_t latency_left_us(struct proxy_request *p)
{
        struct try_fault *f = &p->tries.fault;
        int64_t left = f->id ? f->until_us - clock_mono_us() : 0;

        if (left > 0 && faults_still(p->worker->faults, f->id))
                return left < LOOK_US ? left : LOOK_US;
        f->too_slow &= left <= 0; /* it was switched off in time */
        return 0;
}

int64_t try_fault_wait_us(struct proxy_request *p)
{
        struct injection injection;
        int64_t left;

        if (p->upstream.outcome != UPSTREAM_ANSWERED)
                return 0; /* it failed without our help */
        if (!p->tries.fault.asked)
                draw_latency(p);
        left = latency_left_us(p);
        if (left)
                return left;
        if (p->tries.fault.too_slow)
                end_as(p, UPSTREAM_SLOW, "no answer in time, the fault upstream-latency is on");
        else if (strikes(p, FAULT_UPSTREAM_BROKEN, &injection))
                end_as(p, UPSTREAM_BROKEN, "the fault upstream-broken is on");
        return 0;
}
