#include "base/random.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

void random_bytes(void *bytes, size_t size)
{
        if (getrandom(bytes, size, 0) != (ssize_t)size)
                abort();
}

struct prng prng_open(uint64_t seed)
{
        return (struct prng){seed ? seed : 0x9E3779B97F4A7C15u};
}

uint64_t prng_draw(struct prng *prng)
{
        prng->state ^= prng->state << 13;
        prng->state ^= prng->state >> 7;
        prng->state ^= prng->state << 17;
        return prng->state;
}
