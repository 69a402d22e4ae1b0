/* limiter - token buckets by key, as Spring's RedisRateLimiter has them, but in this process alone:
   with several replicas each has its own.

   A bucket begins full with `burst` tokens, is refilled with `replenish` a second, a request takes
   `requested`. The number of keys is bounded (32,768, told apart by their first 255 bytes): a new
   one takes the place of the fullest bucket among eight, which forgives the least.
   Threads: any. Time is passed in: monotonic milliseconds. */
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

/* Whether the request may pass, and how many whole tokens its key has left. */
bool limiter_take(struct limiter *limiter, const char *key, int64_t now_ms, int64_t *remaining);

/* X-RateLimit-Remaining, -Requested-Tokens, -Burst-Capacity, -Replenish-Rate, for the answer,
   refused or not. */
enum { LIMITER_HEADERS = 4 };
struct limiter_header {
        const char *name;
        int64_t value;
};
void limiter_headers(const struct limiter *limiter, int64_t remaining,
                     struct limiter_header headers[LIMITER_HEADERS]);

#endif
