/* clock - the wall clock for people, the monotonic clock for waiting.

   Nothing waits on the wall clock, so that a step of an hour disturbs nobody. Tests set the wall
   clock instead of sleeping. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_wall_ms(void); /* Unix time in milliseconds */
int64_t clock_wall_ns(void); /* the same in nanoseconds */
int64_t clock_mono_us(void); /* monotonic, microseconds */
/* The monotonic time in so many milliseconds, for pthread_cond_clockwait(..., CLOCK_MONOTONIC,
   ...). */
struct timespec clock_after(int64_t ms);
void clock_set_wall_ms(int64_t ms); /* tests only; 0 gives the real clock back */

/* "2026-11-22T17:05:12.345Z" (RFC 3339), from 1970 to the end of 9999; other times are written as
   the nearer of these two. */
enum { CLOCK_RFC3339 = 40 };
#define CLOCK_LAST_MS INT64_C(253402300799999)
void clock_rfc3339(int64_t wall_ms, char text[CLOCK_RFC3339]);

#endif
