/* random - bytes that nobody can guess, from the kernel; and a quick generator of numbers that are
   no secret. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* At most 256 at once, which getrandom(2) never cuts short. If the kernel gives none, the process
   ends. */
void random_bytes(void *bytes, size_t size);

/* A UUID of version 4 (RFC 9562, 5.4): "f81d4fae-7dec-4a0a-a765-00a0c91e6bf6" */
enum { RANDOM_UUID = 37 };
void random_uuid(char text[RANDOM_UUID]);

/* xoroshiro128+ (Blackman and Vigna, 2018). One thread at a time. Anybody who sees its numbers can
   tell the next. */
struct prng {
        uint64_t state[2]; /* never both 0, once opened */
};

struct prng prng_open(uint64_t seed);
struct prng prng_open_random(void); /* seeded by the kernel */
uint64_t prng_draw(struct prng *prng);

#endif
