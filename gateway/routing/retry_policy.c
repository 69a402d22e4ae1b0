#include "gateway/routing/retry_policy.h"

#include <strings.h>

enum { LONGEST_MS = 3600000 };

static bool has_method(const struct retry_policy *r, const char *method)
{
        for (const char *const *m = r->methods; *m; m++)
                if (strcasecmp(*m, method) == 0)
                        return true;
        return false;
}

bool retry_policy_wants(const struct retry_policy *r, const char *method, int status, int done)
{
        return done < r->retries && statuses_have(&r->on, status) && has_method(r, method);
}

/* Spring's basedOnPreviousValue makes no difference here: multiplying the first wait or the last
   one gives the same sequence up to max_ms. */
int64_t retry_policy_wait_ms(const struct retry_policy *r, int number)
{
        int64_t most = r->max_ms ? r->max_ms : LONGEST_MS, wait = r->first_ms;

        while (--number > 0 && wait < most)
                wait *= r->factor;
        return wait < most ? wait : most;
}
