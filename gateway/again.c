/* Whether a call is made again. Two reasons: the try failed in a way that says it may be (connection refused: any method;
   broken off before an answer: what is safe, or is recognised by its Idempotency-Key), or the route's Retry filter asks for
   it. Never behind the first byte of an answer, never beyond the budget. */
#include "gateway/call.h"

#include "base/clock.h"

#include <string.h>

enum {
        PATIENCE_MS = 5000, /* for a request whose fate is unknown and whose key tells it */
        FIRST_WAIT_MS = 25,
        LONGEST_WAIT_MS = 400,
        TRIES = 2,
};

static bool is_safe(const char *method)
{
        return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0;
}

/* Sent twice it still is one. */
static bool is_keyed(const struct call *c)
{
        if (!c->key || c->route->idempotency == IDEMPOTENCY_NO)
                return false;
        return c->route->idempotency == IDEMPOTENCY_YES || atomic_load_explicit(&c->target->keeps_keys, memory_order_relaxed);
}

static bool has_time(const struct call *c)
{
        return clock_mono_us() - c->start_us < PATIENCE_MS * 1000LL;
}

static bool may_fail_again(const struct call *c)
{
        const struct exchange *x = &c->exchange;

        if (x->outcome == UPSTREAM_SLOW || x->begun)
                return false;
        if (!c->reached)
                return c->tries < TRIES;
        if (c->request->partial)
                return false;
        if (is_safe(c->request->method))
                return c->tries < TRIES;
        return is_keyed(c) && has_time(c);
}

/* Our own first try is still at work there. */
static bool is_own_conflict(const struct call *c)
{
        return c->exchange.status == 409 && c->tries > 1 && c->reached && !c->request->partial && is_keyed(c) && has_time(c);
}

static bool filter_wants(const struct call *c)
{
        const struct retry *retry = c->route->retry;

        return retry && !c->request->partial && retry_wants(retry, c->request->method, c->exchange.status, c->tries - 1);
}

static int64_t wait_ms(const struct call *c)
{
        int64_t ms = FIRST_WAIT_MS;

        for (int i = 1; i < c->tries && ms < LONGEST_WAIT_MS; i++)
                ms *= 2;
        return ms / 2 + (int64_t)(c->asked.random >> 32) % (ms / 2 + 1);
}

static void due(struct timer *timer)
{
        call_send((struct call *)((char *)timer - offsetof(struct call, timer)));
}

bool call_again(struct call *c)
{
        struct exchange *x = &c->exchange;
        bool answered = x->outcome == UPSTREAM_ANSWERED, filter = answered && filter_wants(c);
        bool again = filter || (answered ? is_own_conflict(c) : may_fail_again(c));

        if (!again || !budget_spend(&c->lane->budget, loop_now_us(c->lane->loop)))
                return false;
        exchange_cancel(x);
        c->timer.due = due;
        loop_timer(c->lane->loop, &c->timer, (filter ? retry_wait_ms(c->route->retry, c->tries) : wait_ms(c)) * 1000);
        return true;
}
