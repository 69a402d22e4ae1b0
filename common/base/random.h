/* random - bytes that nobody can guess, from the kernel; and a quick generator for what is no
   secret. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* At most 256 at once, which getrandom(2) never cuts short. A kernel that gives none ends the
   process. */
void random_bytes(void *bytes, size_t size);

/* xorshift64 (Marsaglia 2003). One thread at a time; anybody who sees its numbers can tell the
   next. */
struct prng {
        uint64_t state; /* never 0 */
};

struct prng prng_open(uint64_t seed);
uint64_t prng_draw(struct prng *prng);

#endif
