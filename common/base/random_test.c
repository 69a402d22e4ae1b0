#include "base/random.h"

#include "testing/check.h"

#include <string.h>

/* The first numbers from the state 1, 2, as the authors' own code makes them:
   https://prng.di.unimi.it/xoroshiro128plus.c */
static void the_numbers_are_those_of_xoroshiro(void)
{
        struct prng prng = {{1, 2}};

        check(prng_draw(&prng) == 3);
        check(prng_draw(&prng) == 412333834243u);
        check(prng_draw(&prng) == 2360170716294286339u);
}

static void a_seed_makes_the_same_numbers_again(void)
{
        struct prng first = prng_open(0), again = prng_open(0), other = prng_open(1);
        int same = 0;

        for (int i = 0; i < 100; i++) {
                uint64_t number = prng_draw(&first);

                check(number == prng_draw(&again));
                same += number == prng_draw(&other);
        }
        check_int(same, 0);
        first = prng_open_random();
        again = prng_open_random();
        check(prng_draw(&first) != prng_draw(&again));
}

static void a_uuid_says_its_version(void)
{
        char text[RANDOM_UUID], other[RANDOM_UUID];

        for (int i = 0; i < 100; i++) {
                random_uuid(text);
                check_int((int64_t)strlen(text), 36);
                check(text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-');
                check_int((int64_t)strspn(text, "0123456789abcdef-"), 36);
                check(text[14] == '4' && strchr("89ab", text[19]));
        }
        random_uuid(other);
        check(strcmp(text, other) != 0);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_numbers_are_those_of_xoroshiro),
                STORY(a_seed_makes_the_same_numbers_again),
                STORY(a_uuid_says_its_version),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
