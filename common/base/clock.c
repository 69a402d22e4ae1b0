#include "base/clock.h"

#include <stdatomic.h>
#include <string.h>

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

int64_t clock_wall_ns(void)
{
        int64_t set = atomic_load_explicit(&wall_of_test, memory_order_relaxed);
        struct timespec t;

        if (set)
                return set * 1000000;
        clock_gettime(CLOCK_REALTIME, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_mono_us(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct timespec clock_after(int64_t ms)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_nsec += ms % 1000 * 1000000;
        t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        return t;
}

void clock_set_wall_ms(int64_t ms)
{
        atomic_store(&wall_of_test, ms);
}

/* Most calls of a busy daemon fall into the second of the one before. */
void clock_rfc3339(int64_t wall_ms, char text[CLOCK_RFC3339])
{
        static _Thread_local struct {
                time_t second;
                char text[CLOCK_RFC3339];
        } last;
        int64_t within = wall_ms < 0 ? 0 : wall_ms > CLOCK_LAST_MS ? CLOCK_LAST_MS : wall_ms;
        time_t seconds = (time_t)(within / 1000);
        int ms = (int)(within % 1000);
        struct tm t;

        if (seconds != last.second || !last.text[0]) {
                gmtime_r(&seconds, &t);
                strftime(last.text, sizeof last.text, "%Y-%m-%dT%H:%M:%S.000Z", &t);
                last.second = seconds;
        }
        memcpy(text, last.text, CLOCK_RFC3339);
        text[20] = (char)('0' + ms / 100);
        text[21] = (char)('0' + ms / 10 % 10);
        text[22] = (char)('0' + ms % 10);
}
