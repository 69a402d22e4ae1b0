/* inbox_blocks - which of the mall's own events were applied, 1,000 in a row of the table (a
   block), in a store of one process. On the writer thread, in a unit's transaction. */
#ifndef DATA_INBOX_BLOCKS_H
#define DATA_INBOX_BLOCKS_H

#include "data/unit.h"

struct error;
struct store;

enum {
        INBOX_BLOCKS_BITS =
                43, /* of a block's number, in its row's id; the source's number is above */
        INBOX_BLOCKS_OPEN = 4,
};

/* The blocks that a unit looks at, from _begin to _end. */
struct inbox_blocks {
        struct unit *unit;
        struct inbox_block *open[INBOX_BLOCKS_OPEN];
        size_t next; /* to be replaced */
};

void inbox_blocks_begin(struct inbox_blocks *blocks, struct unit *unit);
/* Writes them. Errors are the unit's. */
void inbox_blocks_end(struct inbox_blocks *blocks);

/* False: an event like this has no place in a block. source: the number of its source. Else says
   whether it is the first, and notes it. */
bool inbox_blocks_see(struct inbox_blocks *blocks, struct identity *identity, int64_t source);

/* Looks whether the inbox still has rows of a program without blocks; at start and after a purge.
 */
bool inbox_blocks_look(struct store *store, struct error *error);

#endif
