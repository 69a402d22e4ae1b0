/* An index over a ring, held against a plain search. */
#include "base/ring_index.h"

#include "testing/check.h"

#include <stdlib.h>

enum { SLOTS = 100, STEPS = 20000 };

static uint64_t hashes[SLOTS]; /* by slot */

/* The slots in which the hash is, oldest first, are those that the index has. */
static void compare(const struct ring_index *index, uint64_t hash, uint64_t first, uint64_t end)
{
        uint32_t slot = ring_index_first(index, hash);

        for (uint64_t n = first; n < end; n++) {
                if (hashes[n % SLOTS] != hash)
                        continue;
                while (slot != RING_INDEX_NONE && hashes[slot] != hash)
                        slot = ring_index_next(index, slot);
                check_int(slot, (int64_t)(n % SLOTS));
                slot = ring_index_next(index, slot);
        }
        while (slot != RING_INDEX_NONE) {
                check(hashes[slot] != hash);
                slot = ring_index_next(index, slot);
        }
}

static void entries_come_and_go(void)
{
        struct ring_index index;
        uint64_t first = 0, end = 0;

        srand(1);
        ring_index_open(&index, SLOTS);
        for (int i = 0; i < STEPS; i++) {
                if (end - first == SLOTS || (end > first && rand() % 3 == 0)) {
                        ring_index_drop(&index, hashes[first % SLOTS], (uint32_t)(first % SLOTS));
                        first++;
                } else {
                        hashes[end % SLOTS] = (uint64_t)(rand() % 200) << (rand() % 2 ? 0 : 32);
                        ring_index_add(&index, hashes[end % SLOTS], (uint32_t)(end % SLOTS));
                        end++;
                }
                compare(&index, (uint64_t)(rand() % 200), first, end);
        }
        ring_index_close(&index);
}

static void a_chain_that_was_emptied_is_used_again(void)
{
        struct ring_index index;

        ring_index_open(&index, SLOTS);
        check_int(ring_index_first(&index, 7), RING_INDEX_NONE);
        ring_index_add(&index, 7, 3);
        ring_index_drop(&index, 7, 3);
        check_int(ring_index_first(&index, 7), RING_INDEX_NONE);
        ring_index_add(&index, 7, 4);
        check_int(ring_index_first(&index, 7), 4);
        check_int(ring_index_next(&index, 4), RING_INDEX_NONE);
        ring_index_close(&index);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(entries_come_and_go),
                STORY(a_chain_that_was_emptied_is_used_again),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
