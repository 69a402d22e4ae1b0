#include "base/ring_index.h"

#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct ring_chain *chain_of(const struct ring_index *index, uint64_t hash)
{
        return &index->chains[(uint32_t)(hash ^ hash >> 32) & index->mask];
}

void ring_index_open(struct ring_index *index, size_t slots)
{
        size_t chains = 16;

        while (chains < slots / 2)
                chains *= 2;
        index->mask = (uint32_t)(chains - 1);
        index->chains = memory_alloc(chains * sizeof *index->chains);
        memset(index->chains, 0xff, chains * sizeof *index->chains);
        index->next = memory_alloc(slots * sizeof *index->next);
}

void ring_index_close(struct ring_index *index)
{
        free(index->chains);
        free(index->next);
        *index = (struct ring_index){0};
}

void ring_index_add(struct ring_index *index, uint64_t hash, uint32_t slot)
{
        struct ring_chain *chain = chain_of(index, hash);

        index->next[slot] = RING_INDEX_NONE;
        if (chain->first == RING_INDEX_NONE)
                chain->first = slot;
        else
                index->next[chain->last] = slot;
        chain->last = slot;
}

void ring_index_drop(struct ring_index *index, uint64_t hash, uint32_t slot)
{
        struct ring_chain *chain = chain_of(index, hash);

        assert(chain->first == slot);
        chain->first = index->next[slot];
}

uint32_t ring_index_first(const struct ring_index *index, uint64_t hash)
{
        return chain_of(index, hash)->first;
}

uint32_t ring_index_next(const struct ring_index *index, uint32_t slot)
{
        return index->next[slot];
}
