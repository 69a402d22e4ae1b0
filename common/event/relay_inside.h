/* What relay.c, relay_flights.c, relay_results.c and the two ways to feed them share; nobody else
   includes this. All of it is the relay thread's, but for what the lock is for. */
#ifndef EVENT_RELAY_INSIDE_H
#define EVENT_RELAY_INSIDE_H

#include "base/metrics.h"
#include "data/outbox_parts.h"
#include "event/relay.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
        RELAY_PAGE = 1000,   /* records read at once, or handed over at once */
        RELAY_FEW = 3,       /* so few are sent at once, ... */
        RELAY_PAUSE_MS = 50, /* ... after more it pays to let the next ones gather (linger, but not
                                when idle) */
        RELAY_WINDOW = 8 << 20, /* bytes handed over and not acknowledged; */
        RELAY_WINDOW_MOST =
                2 *
                RELAY_WINDOW,   /* ... with the first records of lanes that others leave no room */
        RELAY_MEMORY = 4 << 20, /* bytes that wait in memory */
        RELAY_RECORD = 1 << 10, /* what a record takes beside its own bytes, about */
        RELAY_UNREMOVED_MOST = 8000, /* records acknowledged and not yet out of the table */
        RELAY_AGAIN_MS = 100,        /* after a failure */
        RELAY_RESTS = 15, /* looks that could have been while the bus takes nothing, for each one
                             that is */
        RELAY_BUCKETS = 1 << 12,
};

/* FLYING: handed over. LANDED: acknowledged, and still in the table. REFUSED: to be parked. */
enum flight_state { FLYING, LANDED, REFUSED, FLIGHT_STATES };

/* A record of which the bus was told, until it is out of the outbox: what the table says of it does
   not count. */
struct flight {
        struct flight *next_in_bucket;
        struct flight *before,
                *next; /* among those of its state, in the order in which they came to it */
        int64_t id, at;
        size_t bytes;
        struct metric *published; /* NULL: nobody counts */
        const char *reason;       /* REFUSED */
        enum flight_state state;
        int part, lane;
        int parts; /* the bus had by then */
};

/* Records that queue behind each other on the bus (bus_lane). */
struct lane {
        size_t flying, bytes;
        int64_t moved_at; /* monotonic us of its last result, or of the first flight since there was
                             none */
        int64_t closed_until;  /* monotonic us; 0: it is open */
        bool probing;          /* it was closed: one flight at a time, until one lands */
        bool said;             /* in the log */
        int64_t left, left_at; /* the first record left in the table, and when it was committed
                                  (Unix ms); 0: none. Those behind it stay too */
        /* memory only */
        bool read;       /* by the pass over the table that is under way, or was last */
        int64_t read_to; /* what passes have read; memory has it as well */
};

struct relay {
        struct store *store;
        struct bus *bus;
        struct metrics *metrics;
        pthread_t thread;
        bool shared;
        bool away;    /* said so */
        bool failing; /* said so, of the outbox */

        int parts; /* of the bus */
        struct lane lanes[BUS_LANES];
        struct flight *buckets[RELAY_BUCKETS];
        struct flight all[FLIGHT_STATES];    /* heads of rings */
        size_t counts[FLIGHT_STATES], bytes; /* bytes: of those that fly */
        size_t of_part[OUTBOX_PARTS];
        size_t removed;      /* of all that landed */
        size_t taken;        /* since the last pause */
        struct arena *arena; /* of what waits for relay_send */
        struct record *waiting;
        size_t waiting_count, waiting_bytes;

        pthread_mutex_t lock; /* for what is below */
        pthread_cond_t work;  /* told, or closing */
        struct outbox_batch *first, *end;
        size_t memory;                     /* bytes of these batches */
        int64_t overflowed, overflowed_at; /* the first id that is only in the table, and when it
                                              was committed; 0: none */
        bool told;                         /* something was committed */
        bool listening;                    /* at the bus, which a commit should wake */
        bool closing;
        int64_t give_up;           /* monotonic us, once closing */
        _Atomic int64_t oldest_at; /* Unix ms of the first unsent record; 0: none */
        atomic_bool set_aside;     /* records for other topics wait for these to be open */
};

/* relay.c */
bool relay_is_closing(struct relay *r);
bool relay_is_out_of_time(struct relay *r);
int64_t relay_patience(struct relay *r, int64_t ms); /* no longer than closing allows */
/* Until closing begins; work: or something was committed. */
void relay_nap(struct relay *r, int64_t ms, bool work);
void relay_say_bus(struct relay *r, const struct error *error);
void relay_say_outbox(struct relay *r, const struct error *error);
void relay_free_batches(struct outbox_batch *batches);

/* relay_flights.c */
enum offer {
        OFFER_TAKEN,
        OFFER_KNOWN, /* the bus was told of it before */
        OFFER_LEFT,  /* its lane stands still: it stays in the table, and so do those behind it */
        OFFER_FULL,  /* not now: offer it again after some results */
};
void relay_flights_open(struct relay *r);
void relay_flights_close(struct relay *r);
/* Asks the bus; false: it cannot be told anything now. */
bool relay_look_at_bus(struct relay *r);
struct flight **relay_find(struct relay *r,
                           int64_t id); /* where it hangs; NULL there: the bus was not told */
void relay_move(struct relay *r, struct flight *f, enum flight_state state);
void relay_forget(struct relay *r, struct flight *f);
struct lane *relay_lane_of(struct relay *r, const struct outbox_record *o);
bool relay_lane_is_open(const struct lane *lane);
bool relay_lane_is_still(const struct lane *lane,
                         int64_t us); /* something is under way, and nothing came for so long */
bool relay_lane_is_of_others(const struct relay *r, const struct lane *lane);
/* How much longer than that not to look again at what lanes left, after a look that took so long;
   or until a result comes. */
int64_t relay_more_rest(const struct relay *r, int64_t look_ms);
void relay_leave(struct lane *lane, int64_t id, int64_t at);
void relay_leave_by_all(struct relay *r, int64_t id, int64_t at);
/* What it takes must stay where it is until relay_send. */
enum offer relay_offer(struct relay *r, const struct outbox_record *o);
/* Is something to be waited for when closing? */
bool relay_is_at_work(const struct relay *r);
void relay_note_oldest(struct relay *r);

/* relay_results.c */
void relay_send(struct relay *r);
/* Sends, and deals with results as they come, for at most so long. listen: something committed ends
   it as well. */
void relay_collect(struct relay *r, int64_t ms, bool listen);
/* The same for a pause, in which the next ones gather; closing ends it. */
void relay_gather(struct relay *r);
/* Forgets those that are out of the outbox. Not while records read earlier are still to be offered.
   False: too many are still in there to hand over more. */
bool relay_tidy(struct relay *r);
/* Nothing more will come of it: what is under way is given up. */
void relay_give_up(struct relay *r);

/* From memory right after each commit; from the table at start, and for what memory or the bus did
   not take. For a store of one process. */
void relay_from_memory(struct relay *r);
void relay_committed(void *relay, struct outbox_batch *batch); /* on the writer thread */
/* From the table only, the parts that are ours. For a store that several processes share. */
void relay_from_parts(struct relay *r);
void relay_told(void *relay, struct outbox_batch *batch); /* on the writer thread */

#endif
