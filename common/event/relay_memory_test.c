/* The relay from memory, step by step: what it keeps of what was committed, and what it reads from the table. */
#include "event/relay_steps.h"

static struct outbox_batch *batch_of(int64_t id, size_t bytes)
{
        struct outbox_batch *b = memory_alloc(sizeof *b);

        b->arena = arena_open();
        b->records = arena_alloc(b->arena, sizeof *b->records);
        b->records[0] = (struct outbox_record){.id = id, .at = 100 + id, .value_len = bytes};
        b->count = 1;
        return b;
}

/* Of a relay that does not come to take it. */
static void what_waits_in_memory_is_bounded_too(void)
{
        struct relay away = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};
        size_t before = 0;

        for (int64_t id = 7; id < 10; id++) {
                relay_committed(&away, batch_of(id, RELAY_MEMORY / 4));
                check(away.memory >= before + RELAY_MEMORY / 4 && away.memory <= RELAY_MEMORY);
                before = away.memory;
        }
        check_int(away.overflowed, 0);
        check(away.first && away.first->next && away.end == away.first->next->next);
        relay_committed(&away, batch_of(10, RELAY_MEMORY / 4)); /* what batches take besides is too much now */
        check(!away.first && !away.memory);
        check_int(away.overflowed, 7);
        check_int(away.overflowed_at, 107);
        relay_committed(&away, batch_of(11, 1));
        relay_committed(&away, batch_of(12, 2 * RELAY_MEMORY));
        check(!away.first && !away.memory);
        check_int(away.overflowed, 7); /* the first of all */
        for (int64_t id = 13; id < 13 + 3000; id++)
                relay_committed(&away, batch_of(id, 0)); /* small ones cost as well */
        check(away.first && away.first->records[0].id > 13);
        relay_free_batches(away.first);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"what waits in memory is bounded too", what_waits_in_memory_is_bounded_too},
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
