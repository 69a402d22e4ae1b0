#include "base/trace_sampler.h"

#include <stdatomic.h>
#include <stdint.h>

static _Atomic int chosen = TRACE_OFF;
static _Atomic uint64_t bound; /* of the 63 bits that decide */

void trace_sampler_set(enum trace_sampler sampler, double ratio)
{
        const double all = 9223372036854775808.0; /* 2^63 */

        ratio = ratio < 0 ? 0 : ratio > 1 ? 1 : ratio;
        atomic_store(&bound, (uint64_t)(ratio * all));
        atomic_store(&chosen, (int)sampler);
}

bool trace_sampler_is_on(void)
{
        return atomic_load_explicit(&chosen, memory_order_relaxed) != TRACE_OFF;
}

static uint64_t hex_read(const char *digits)
{
        uint64_t number = 0;

        for (int i = 0; i < 16; i++)
                number = number << 4 |
                         (uint64_t)(digits[i] <= '9' ? digits[i] - '0' : digits[i] - 'a' + 10);
        return number;
}

/* As the SDK for Go does, so that a service in Go with the same ratio records the same traces. */
static bool is_in_ratio(const char *id)
{
        return hex_read(id + 16) >> 1 < atomic_load_explicit(&bound, memory_order_relaxed);
}

bool trace_sampler_takes(const char *id, bool has_parent, bool parent_is_sampled)
{
        int sampler = atomic_load_explicit(&chosen, memory_order_relaxed);

        if (has_parent && sampler >= TRACE_PARENT_ALWAYS_ON)
                return parent_is_sampled;
        if (sampler == TRACE_RATIO || sampler == TRACE_PARENT_RATIO)
                return is_in_ratio(id);
        return sampler == TRACE_ALWAYS_ON || sampler == TRACE_PARENT_ALWAYS_ON;
}
