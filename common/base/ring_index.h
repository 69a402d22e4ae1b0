/* ring_index - finds the entries of a ring by a hash. An entry is the number of its slot.

   Entries leave in the order in which they came, so that the oldest of a chain is always its first:
   to add and to drop cost the same however long a chain is. Several entries may have one hash, and
   different hashes may share a chain: the caller compares. */
#ifndef BASE_RING_INDEX_H
#define BASE_RING_INDEX_H

#include <stddef.h>
#include <stdint.h>

enum { RING_INDEX_NONE = UINT32_MAX };

struct ring_chain {
        uint32_t first, last;
};

struct ring_index {
        struct ring_chain *chains;
        uint32_t *next; /* by slot */
        uint32_t mask;
};

void ring_index_open(struct ring_index *index, size_t slots);
void ring_index_close(struct ring_index *index);

void ring_index_add(struct ring_index *index, uint64_t hash, uint32_t slot);
/* The slot is the oldest of its chain. */
void ring_index_drop(struct ring_index *index, uint64_t hash, uint32_t slot);

/* The oldest of the hash's chain, and the one after a slot; RING_INDEX_NONE: there is none. */
uint32_t ring_index_first(const struct ring_index *index, uint64_t hash);
uint32_t ring_index_next(const struct ring_index *index, uint32_t slot);

#endif
