#include "base/random.h"

#include "base/hex.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

void random_bytes(void *bytes, size_t size)
{
        if (getrandom(bytes, size, 0) != (ssize_t)size)
                abort();
}

void random_uuid(char text[RANDOM_UUID])
{
        static const int groups[] = {4, 2, 2, 2, 6};
        unsigned char bytes[16], *from = bytes;
        char *to = text;

        random_bytes(bytes, sizeof bytes);
        bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
        for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
                to = hex_write(to, from, (size_t)groups[i]);
                from += groups[i];
                *to++ = '-';
        }
        to[-1] = '\0';
}

/* splitmix64, with which the authors of xoroshiro fill its state. */
static uint64_t mix(uint64_t *seed)
{
        uint64_t z = *seed += 0x9E3779B97F4A7C15u;

        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        return z ^ z >> 31;
}

struct prng prng_open(uint64_t seed)
{
        struct prng prng;

        prng.state[0] = mix(&seed);
        prng.state[1] = mix(&seed); /* mix gives 0 for one seed only: not both are 0 */
        return prng;
}

struct prng prng_open_random(void)
{
        struct prng prng = {0};

        do
                random_bytes(prng.state, sizeof prng.state);
        while (!(prng.state[0] | prng.state[1]));
        return prng;
}

static uint64_t rotate(uint64_t x, int bits)
{
        return x << bits | x >> (64 - bits);
}

uint64_t prng_draw(struct prng *prng)
{
        uint64_t a = prng->state[0], b = prng->state[1] ^ a, sum = a + prng->state[1];

        prng->state[0] = rotate(a, 24) ^ b ^ b << 16;
        prng->state[1] = rotate(b, 37);
        return sum;
}
