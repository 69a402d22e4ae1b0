/* recent - the last events of a bus, in memory: a ring, and where in it a subject, a trace and an
   identity are.

   A subject is what the keys of certain types number, an order for example. One thread adds, any
   thread reads. An event takes about 600 bytes; no more than 1 KiB an event is kept on average, so
   that large ones shorten the memory. */
#ifndef EVENT_RECENT_H
#define EVENT_RECENT_H

#include "event/sighting.h"

#include <stdbool.h>
#include <stdint.h>

enum { RECENT_PARTITIONS = 1000, RECENT_TYPES = 64 };

struct recent_type {
        const char *type;
        int kind;     /* the caller's, below 32; 0 is for types that are not in the table */
        bool by_key;  /* its key is the subject's number */
        bool is_home; /* its CloudEvents source is the store of the subject; other types name that
                         store in a header of their own */
        bool begins;  /* the subject begins with it */
        unsigned follows; /* 1 << kind: what it can be caused by, where it is found by its trace; 0:
                             by any */
};

struct recent_config {
        size_t most;
        const struct recent_type *types; /* ends with a NULL type */
        const char *store_header;        /* "ce_ordersource" */
};

/* Texts are kept in the line alone; what they are looked up by is a hash. 0: unknown. */
struct recent_event {
        char *line; /* JSON, as sighting_write makes it; ends with NUL */
        uint32_t len;
        int32_t partition;
        int64_t offset, announced, subject; /* subject -1: its key names none */
        uint64_t trace, identity, store;
        const struct recent_type *type;
        uint32_t id, cause;
        bool duplicate;
};

struct recent;

struct recent *recent_open(const struct recent_config *config);
void recent_close(struct recent **recent);

/* Takes the record in, unless it is the very one that is there already. The adding thread only.
   Fills `sighting`, in the arena. */
void recent_add(struct recent *recent, const struct record *record, struct arena *arena,
                struct sighting *sighting);

/* Where the kept ones begin and end, counted since the start; `since` is when the oldest was
   announced (0: there is none). */
struct recent_span {
        uint64_t first, end;
        int64_t since;
};
struct recent_span recent_span(struct recent *recent);

/* Calls `each` for the events from that one on, in order, until it returns false; returns the
   number of the one to begin with next time. Under the lock: `each` must be quick. */
uint64_t recent_each(struct recent *recent, uint64_t from,
                     bool (*each)(void *arg, const struct recent_event *event), void *arg);
/* The same for the events about a subject (trace 0), or of one trace. */
void recent_find(struct recent *recent, int64_t subject, uint64_t trace,
                 bool (*each)(void *arg, const struct recent_event *event), void *arg);

/* The last offset of a partition that was taken in, and the last before the oldest that is kept;
   -1: none. */
int64_t recent_newest(struct recent *recent, int32_t partition);
int64_t recent_before(struct recent *recent, int32_t partition);

/* {"Orderplaced":123,...}, how many came of each type since the start; returns how many in all. */
uint64_t recent_counts(struct recent *recent, struct text *out);

#endif
