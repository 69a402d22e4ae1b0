#include "gateway/proxy/retry.h"

#include "base/clock.h"
#include "gateway/proxy/proxy_request_inside.h"

#include <string.h>
#include <strings.h>

enum {
        PATIENCE_MS = 5000, /* a request with a key: it will tell whether an earlier try was done */
        FIRST_WAIT_MS = 25,
        LONGEST_WAIT_MS = 800,
        TRIES = 2,
        KEYED_TRIES = 8, /* that may have reached the upstream */
};

/* The methods for which an upstream may keep keys; target.keeps_keys has a bit for each. */
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

/* The upstream recognises the second try of such a request, and does not do it again. */
static bool is_keyed(const struct proxy_request *p)
{
        const char *method = p->request->method;

        if (!p->key.text || p->route->idempotency == IDEMPOTENCY_NO)
                return false;
        if (p->route->idempotency == IDEMPOTENCY_YES && strcmp(method, "POST") == 0)
                return true;
        return atomic_load_explicit(&p->target->keeps_keys, memory_order_relaxed) &
               method_bit(method);
}

static bool names_key(const struct proxy_request *p)
{
        static const char name[] = "Idempotency-Key";
        const struct upstream_request *x = &p->upstream;

        for (size_t i = 0; i < x->answer_count; i++)
                if (header_is(&x->answer[i], name, sizeof name - 1) &&
                    strcmp(x->answer[i].value, p->key.text) == 0)
                        return true;
        return false;
}

void retry_learn(const struct proxy_request *p)
{
        unsigned bit;

        if (!p->key.text || p->upstream.outcome != UPSTREAM_ANSWERED)
                return;
        bit = method_bit(p->request->method);
        if (!(atomic_load_explicit(&p->target->keeps_keys, memory_order_relaxed) & bit) &&
            names_key(p))
                atomic_fetch_or_explicit(&p->target->keeps_keys, bit, memory_order_relaxed);
}

/* The key allows another try, and neither the time nor the number of tries is used up. */
static bool may_use_key(const struct proxy_request *p)
{
        return is_keyed(p) && !p->request->partial && p->tries.reached < KEYED_TRIES &&
               clock_mono_us() - p->start_us < PATIENCE_MS * 1000LL;
}

static bool may_fail_again(const struct proxy_request *p)
{
        const struct upstream_request *x = &p->upstream;

        if (x->outcome == UPSTREAM_SLOW || x->begun)
                return false;
        if (!p->tries.reached)
                return p->tries.begun < TRIES;
        if (p->request->partial)
                return false;
        if (is_safe(p->request->method))
                return p->tries.begun < TRIES;
        return may_use_key(p);
}

/* The upstream is still at work on our own earlier try, and refuses this one for that. */
static bool is_own_conflict(const struct proxy_request *p)
{
        return p->upstream.status == 409 && p->tries.reached > 1 && may_use_key(p);
}

static bool filter_wants(const struct proxy_request *p)
{
        const struct retry_policy *retry = p->route->retry;

        return retry && !p->request->partial &&
               retry_policy_wants(retry, p->request->method, p->upstream.status,
                                  p->tries.begun - 1);
}

/* The longest wait doubles with each try. Half of it is random, so that requests which failed
   together do not come back together. */
static int64_t backoff_ms(const struct proxy_request *p)
{
        int64_t ms = FIRST_WAIT_MS;

        for (int i = 1; i < p->tries.begun && ms < LONGEST_WAIT_MS; i++)
                ms *= 2;
        return ms / 2 + (int64_t)(p->asked.random >> 32) % (ms / 2 + 1);
}

/* -1: it may not be sent again. */
static int64_t wait_ms(const struct proxy_request *p)
{
        bool answered = p->upstream.outcome == UPSTREAM_ANSWERED;

        if (answered && filter_wants(p))
                return retry_policy_wait_ms(p->route->retry, p->tries.begun);
        return (answered ? is_own_conflict(p) : may_fail_again(p)) ? backoff_ms(p) : -1;
}

int64_t retry_wait_us(const struct proxy_request *p)
{
        int64_t ms = wait_ms(p);

        if (ms < 0 || !retry_budget_spend(&p->worker->budget, loop_now_us(p->worker->loop)))
                return -1;
        return ms * 1000;
}
