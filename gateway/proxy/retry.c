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
static bool is_keyed(const struct proxy_request *c)
{
        const char *method = c->request->method;

        if (!c->key || c->route->idempotency == IDEMPOTENCY_NO)
                return false;
        if (c->route->idempotency == IDEMPOTENCY_YES && strcmp(method, "POST") == 0)
                return true;
        return atomic_load_explicit(&c->target->keeps_keys, memory_order_relaxed) &
               method_bit(method);
}

static bool names_key(const struct proxy_request *c)
{
        const struct upstream_request *x = &c->upstream;

        for (size_t i = 0; i < x->answer_count; i++)
                if (strcasecmp(x->answer[i].name, "Idempotency-Key") == 0 &&
                    strcmp(x->answer[i].value, c->key) == 0)
                        return true;
        return false;
}

void retry_learn(struct proxy_request *c)
{
        unsigned bit = method_bit(c->request->method);

        if (c->key && c->upstream.outcome == UPSTREAM_ANSWERED &&
            !(atomic_load_explicit(&c->target->keeps_keys, memory_order_relaxed) & bit) &&
            names_key(c))
                atomic_fetch_or_explicit(&c->target->keeps_keys, bit, memory_order_relaxed);
}

/* May be asked once more by its key: it has one that is kept, and neither its time nor its tries
   are over. */
static bool may_use_key(const struct proxy_request *c)
{
        return is_keyed(c) && !c->request->partial && c->reached < KEYED_TRIES &&
               clock_mono_us() - c->start_us < PATIENCE_MS * 1000LL;
}

static bool may_fail_again(const struct proxy_request *c)
{
        const struct upstream_request *x = &c->upstream;

        if (x->outcome == UPSTREAM_SLOW || x->begun)
                return false;
        if (!c->reached)
                return c->tries < TRIES;
        if (c->request->partial)
                return false;
        if (is_safe(c->request->method))
                return c->tries < TRIES;
        return may_use_key(c);
}

/* Our own first try is still at work there. */
static bool is_own_conflict(const struct proxy_request *c)
{
        return c->upstream.status == 409 && c->reached > 1 && may_use_key(c);
}

static bool filter_wants(const struct proxy_request *c)
{
        const struct retry_policy *retry = c->route->retry;

        return retry && !c->request->partial &&
               retry_policy_wants(retry, c->request->method, c->upstream.status, c->tries - 1);
}

static int64_t wait_ms(const struct proxy_request *c)
{
        int64_t ms = FIRST_WAIT_MS;

        for (int i = 1; i < c->tries && ms < LONGEST_WAIT_MS; i++)
                ms *= 2;
        return ms / 2 + (int64_t)(c->asked.random >> 32) % (ms / 2 + 1);
}

static void due(struct timer *timer)
{
        proxy_request_send(
                (struct proxy_request *)((char *)timer - offsetof(struct proxy_request, timer)));
}

bool retry_again(struct proxy_request *c)
{
        struct upstream_request *x = &c->upstream;
        bool answered = x->outcome == UPSTREAM_ANSWERED, filter = answered && filter_wants(c);
        bool again = filter || (answered ? is_own_conflict(c) : may_fail_again(c));

        if (!again || !retry_budget_spend(&c->worker->budget, loop_now_us(c->worker->loop)))
                return false;
        upstream_cancel(x);
        c->timer.due = due;
        loop_timer(c->worker->loop, &c->timer,
                   (filter ? retry_policy_wait_ms(c->route->retry, c->tries) : wait_ms(c)) * 1000);
        return true;
}
