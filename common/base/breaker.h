/* breaker - a circuit breaker as resilience4j has it: CLOSED, OPEN, HALF_OPEN, over the last calls
   by number.

   closed     all pass; once `minimum` of the last `window` calls are known and `failure_rate`
              percent of them failed: open
   open       none passes until `wait_ms` are over; the next breaker_ask makes it half open
   half open  `permitted` calls pass; once they are known (or `minimum` of them, if that is less) it
              is closed or open again

   A call that began before the state changed does not count when it ends. Threads: any; a mutex
   held for nanoseconds. Time is passed in: monotonic milliseconds. */
#ifndef BASE_BREAKER_H
#define BASE_BREAKER_H

#include "base/metrics.h"

#include <stdbool.h>
#include <stdint.h>

struct breaker;

struct breaker_config {
        double failure_rate; /* percent: 50 */
        int window;          /* 100 */
        int minimum;         /* 100 */
        int64_t wait_ms;     /* 60,000 */
        int permitted;       /* 10 */
};

extern const struct breaker_config breaker_defaults;
bool breaker_config_is_same(const struct breaker_config *a, const struct breaker_config *b);

/* How a breaker is shown by who has it; the last one has no name. */
extern const struct metric_family breaker_families[];

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

enum breaker_outcome {
        BREAKER_GOOD,
        BREAKER_BAD,
        BREAKER_UNKNOWN, /* the client left, or we never asked: gives the permission back */
};

struct breaker *breaker_open(const struct breaker_config *config);
struct breaker *breaker_hold(struct breaker *breaker); /* one more owner */
void breaker_close(struct breaker **breaker);          /* one less */
const struct breaker_config *breaker_config(const struct breaker *breaker);

/* A call's ticket, for breaker_note, exactly once; 0: it may not be made. */
uint64_t breaker_ask(struct breaker *breaker, int64_t now_ms);
void breaker_note(struct breaker *breaker, uint64_t ticket, enum breaker_outcome outcome,
                  int64_t now_ms);

/* Whole milliseconds until breaker_ask can succeed again, for Retry-After; 0: now. */
int64_t breaker_wait_ms(struct breaker *breaker, int64_t now_ms);
enum breaker_state breaker_state(struct breaker *breaker);

#endif
