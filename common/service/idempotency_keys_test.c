#include "service/idempotency_keys.h"

#include "testing/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static void a_key_is_in_progress_once(void)
{
        struct idempotency_keys *keys = idempotency_keys_open();

        check(idempotency_keys_begin(keys, "/orders", "k"));
        check(!idempotency_keys_begin(keys, "/orders", "k"));
        check(idempotency_keys_begin(keys, "/orders", "K"));
        check(idempotency_keys_begin(keys, "/deliveries", "k")); /* of its path */
        idempotency_keys_end(keys, "/orders", "k");
        check(idempotency_keys_begin(keys, "/orders", "k"));
        check(!idempotency_keys_begin(keys, "/deliveries", "k"));
        idempotency_keys_end(keys, "/orders", "unknown");
        idempotency_keys_close(&keys); /* with some in progress */
        check(keys == NULL);
        idempotency_keys_close(&keys);
}

static void many_keys_do_not_mix(void)
{
        enum { MANY = 5000 };
        struct idempotency_keys *keys = idempotency_keys_open();
        char name[20];

        for (int i = 0; i < MANY; i++) {
                snprintf(name, sizeof name, "%d", i);
                check(idempotency_keys_begin(keys, "/orders", name));
        }
        for (int i = 0; i < MANY; i += 2) {
                snprintf(name, sizeof name, "%d", i);
                idempotency_keys_end(keys, "/orders", name);
        }
        for (int i = 0; i < MANY; i++) {
                snprintf(name, sizeof name, "%d", i);
                check(idempotency_keys_begin(keys, "/orders", name) == (i % 2 == 0));
        }
        idempotency_keys_close(&keys);
}

static struct idempotency_keys *shared;
static _Atomic int inside, overlaps, turns;

static void *take_turns(void *arg)
{
        (void)arg;
        for (int i = 0; i < 2000; i++) {
                if (!idempotency_keys_begin(shared, "/orders", "one"))
                        continue;
                if (atomic_fetch_add(&inside, 1) != 0)
                        overlaps++;
                turns++;
                atomic_fetch_sub(&inside, 1);
                idempotency_keys_end(shared, "/orders", "one");
        }
        return NULL;
}

static void only_one_thread_has_a_key(void)
{
        pthread_t threads[4];

        shared = idempotency_keys_open();
        for (int i = 0; i < 4; i++)
                check(pthread_create(&threads[i], NULL, take_turns, NULL) == 0);
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        check_int(overlaps, 0);
        check(turns > 0);
        check(idempotency_keys_begin(shared, "/orders", "one"));
        idempotency_keys_close(&shared);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_key_is_in_progress_once),
                STORY(many_keys_do_not_mix),
                STORY(only_one_thread_has_a_key),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
