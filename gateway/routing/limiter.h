/* limiter - token buckets by key, as in Spring's RedisRateLimiter, but each replica has its own.

   A bucket starts full with `burst` tokens and is refilled with `replenish` tokens a second; a
   request takes `requested`. At most 32,768 keys are known; they are compared by their first 255
   bytes. A new key replaces the fullest of the eight buckets of its set, since a full bucket has
   the least to forget. Threads: any. The caller passes the time in: monotonic milliseconds. */
#ifndef GATEWAY_ROUTING_LIMITER_H
#define GATEWAY_ROUTING_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limiter;

struct limiter_config {
        int64_t replenish, burst, requested;
};

struct limiter *limiter_open(const struct limiter_config *config);
struct limiter *limiter_hold(struct limiter *limiter); /* one more owner */
void limiter_close(struct limiter **limiter);          /* one less */
const struct limiter_config *limiter_config(const struct limiter *limiter);

/* Whether the request may pass; `remaining`: the whole tokens that its key has left. */
bool limiter_take(struct limiter *limiter, const char *key, int64_t now_ms, int64_t *remaining);

/* X-RateLimit-Remaining, -Requested-Tokens, -Burst-Capacity, -Replenish-Rate: for every answer,
   refused or not. */
enum { LIMITER_HEADERS = 4 };
struct limiter_header {
        const char *name;
        int64_t value;
};
void limiter_headers(const struct limiter *limiter, int64_t remaining,
                     struct limiter_header headers[LIMITER_HEADERS]);

#endif
