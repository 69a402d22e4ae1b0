/* Whether a call is made again. Two reasons: the try failed in a way that says it may be (nothing
   reached the upstream: any method; broken off before an answer: what is safe, or is recognised by
   its Idempotency-Key), or the route's Retry filter asks for it. Never behind the first byte of an
   answer, never beyond the budget.

   A key makes nothing repeatable by itself. It counts for the methods that the upstream keeps keys
   for: POST, where the route's metadata says so, and those whose answers were seen to name the key
   that they were asked with (as draft-ietf-httpapi-idempotency-key-header leaves it to the
   resource). That PUT and DELETE are idempotent (RFC 9110, 9.2.2) does not count here: a PUT to an
   unknown id creates. */
#include "gateway/proxy/proxy_request.h"

#include "base/clock.h"
#include "base/container.h"

#include <string.h>
#include <strings.h>

enum {
        PATIENCE_MS = 5000, /* for a request whose fate is unknown and whose key tells it */
        FIRST_WAIT_MS = 25,
        LONGEST_WAIT_MS = 800,
        TRIES = 2,
        KEYED_TRIES = 8, /* that reached the upstream: within its patience, or not at all */
};

/* What a key may be kept for; a target has a bit of each. */
static const char *const unsafe[] = {"POST", "PUT", "PATCH", "DELETE", NULL};

static bool is_safe(const char *method)
{
        return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
               strcmp(method, "OPTIONS") == 0;
}

static unsigned method_bit(const char *method)
{
        for (unsigned i = 0; unsafe[i]; i++)
                if (strcmp(unsafe[i], method) == 0)
                        return 1u << i;
        return 0;
}

/* Sent twice it still is one. */
static bool is_keyed(const struct proxy_request *p)
{
        const char *method = p->request->method;

        if (!p->key || p->route->idempotency == IDEMPOTENCY_NO)
                return false;
        if (p->route->idempotency == IDEMPOTENCY_YES && strcmp(method, "POST") == 0)
                return true;
        return atomic_load_explicit(&p->target->keeps_keys, memory_order_relaxed) &
               method_bit(method);
}

static bool names_key(const struct proxy_request *p)
{
        const struct upstream_request *x = &p->upstream;

        for (size_t i = 0; i < x->answer_count; i++)
                if (strcasecmp(x->answer[i].name, "Idempotency-Key") == 0 &&
                    strcmp(x->answer[i].value, p->key) == 0)
                        return true;
        return false;
}

void retry_learn(struct proxy_request *p)
{
        unsigned bit = method_bit(p->request->method);

        if (p->key && p->upstream.outcome == UPSTREAM_ANSWERED &&
            !(atomic_load_explicit(&p->target->keeps_keys, memory_order_relaxed) & bit) &&
            names_key(p))
                atomic_fetch_or_explicit(&p->target->keeps_keys, bit, memory_order_relaxed);
}

/* May be asked once more by its key: it has one that is kept, and neither its time nor its tries
   are over. */
static bool may_use_key(const struct proxy_request *p)
{
        return is_keyed(p) && !p->request->partial && p->reached < KEYED_TRIES &&
               clock_mono_us() - p->start_us < PATIENCE_MS * 1000LL;
}

static bool may_fail_again(const struct proxy_request *p)
{
        const struct upstream_request *x = &p->upstream;

        if (x->outcome == UPSTREAM_SLOW || x->begun)
                return false;
        if (!p->reached)
                return p->tries < TRIES;
        if (p->request->partial)
                return false;
        if (is_safe(p->request->method))
                return p->tries < TRIES;
        return may_use_key(p);
}

/* Our own first try is still at work there. */
static bool is_own_conflict(const struct proxy_request *p)
{
        return p->upstream.status == 409 && p->reached > 1 && may_use_key(p);
}

static bool filter_wants(const struct proxy_request *p)
{
        const struct retry_policy *retry = p->route->retry;

        return retry && !p->request->partial &&
               retry_policy_wants(retry, p->request->method, p->upstream.status, p->tries - 1);
}

static int64_t wait_ms(const struct proxy_request *p)
{
        int64_t ms = FIRST_WAIT_MS;

        for (int i = 1; i < p->tries && ms < LONGEST_WAIT_MS; i++)
                ms *= 2;
        return ms / 2 + (int64_t)(p->asked.random >> 32) % (ms / 2 + 1);
}

static void due(struct timer *timer)
{
        proxy_request_send(CONTAINER_OF(timer, struct proxy_request, timer));
}

bool retry_again(struct proxy_request *p)
{
        struct upstream_request *x = &p->upstream;
        bool answered = x->outcome == UPSTREAM_ANSWERED, filter = answered && filter_wants(p);
        bool again = filter || (answered ? is_own_conflict(p) : may_fail_again(p));

        if (!again || !retry_budget_spend(&p->worker->budget, loop_now_us(p->worker->loop)))
                return false;
        upstream_cancel(x);
        p->timer.due = due;
        loop_timer(p->worker->loop, &p->timer,
                   (filter ? retry_policy_wait_ms(p->route->retry, p->tries) : wait_ms(p)) * 1000);
        return true;
}
