#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic int64_t wall_of_test;

int64_t clock_wall_ms(void)
{
        int64_t set = atomic_load_explicit(&wall_of_test, memory_order_relaxed);
        struct timespec t;

        if (set)
                return set;
        clock_gettime(CLOCK_REALTIME, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void clock_set_wall_ms(int64_t ms)
{
        atomic_store(&wall_of_test, ms);
}

void clock_rfc3339(int64_t wall_ms, char text[CLOCK_RFC3339])
{
        time_t seconds = (time_t)(wall_ms / 1000);
        struct tm t;

        gmtime_r(&seconds, &t);
        snprintf(text, CLOCK_RFC3339, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (t.tm_year + 1900) % 10000,
                 (t.tm_mon + 1) % 100, t.tm_mday % 100, t.tm_hour % 100, t.tm_min % 100, t.tm_sec % 100,
                 (int)(wall_ms % 1000));
}
