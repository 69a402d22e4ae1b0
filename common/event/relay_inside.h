/* relay_inside - for the relay's own files, and their tests. A file calls only those before it:

     relay_wait.c      how long to wait, and what is logged once an outage
     relay_flights.c   the records that the bus was told of, and the lanes in which they queue
     relay_results.c   sending them, and what came of them
     relay_spans.c     the span of each that is published
     relay_faults.c    what goes wrong on purpose
     relay_offer.c     handing over one more
     relay_memory.c    the feed of a store that belongs to one process
     relay_parts.c     the feed of a store that several processes share
     relay.c           opens, chooses the feed, closes */
#ifndef EVENT_RELAY_INSIDE_H
#define EVENT_RELAY_INSIDE_H

#include "base/metrics.h"
#include "data/outbox_parts.h"
#include "event/relay.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
        RELAY_PAGE = 1000,   /* records read at once, or handed over at once */
        RELAY_FEW = 3,       /* so few are sent at once; ... */
        RELAY_PAUSE_MS = 50, /* ... after more the relay pauses, so that the next ones gather. Like
                                a linger, but an idle relay does not wait */
        RELAY_WINDOW = 8 << 20,               /* bytes handed over and not acknowledged; ... */
        RELAY_WINDOW_MOST = 2 * RELAY_WINDOW, /* ... with the first records of lanes for which
                                                 the others leave no room */
        RELAY_MEMORY = 4 << 20,               /* bytes that wait in memory */
        RELAY_RECORD = 1 << 10,               /* what a record takes beside its own bytes, about */
        RELAY_UNREMOVED_MOST = 8000,          /* records acknowledged and still in the table */
        RELAY_AGAIN_MS = 100,                 /* after a failure */
        RELAY_RESTS = 15, /* a rest lasts so many looks, while the bus takes nothing */
        RELAY_BUCKETS = 1 << 12,
};

/* Places in relay_families. */
enum { RELAY_PENDING, RELAY_OLDEST, RELAY_SET_ASIDE, RELAY_PUBLISHED };

enum flight_state {
        FLYING,  /* handed over */
        LANDED,  /* acknowledged, and still in the table */
        REFUSED, /* the bus will never take it: to be parked */
        FLIGHT_STATES
};

/* A record that the bus was told of, until it is out of the outbox. While it is here, what the
   table says of it does not count. */
struct flight {
        struct flight *next_in_bucket;
        struct flight *before, *next; /* among those of its state, in the order of arrival there */
        int64_t id, at;
        size_t bytes;
        struct metric *published; /* NULL: there are no metrics */
        struct flight_span *span; /* NULL: its publishing is not recorded */
        const char *reason;       /* REFUSED */
        enum flight_state state;
        int part, lane;
        int parts; /* the bus had when it was handed over */
};

/* Records that queue one after the other on the bus (bus_lane). */
struct lane {
        size_t flying, bytes;
        int64_t moved_at;      /* monotonic us: its last result, or the first flight after a time
                                  without any */
        int64_t closed_until;  /* monotonic us; 0: it is open */
        bool probing;          /* it was closed: one flight at a time, until one lands */
        bool said;             /* the log says that it is closed */
        int64_t held_until;    /* monotonic us: by a fault (relay_faults.c); 0: it is not */
        int64_t left, left_at; /* the first record left in the table, and when it was committed
                                  (Unix ms); 0: none. Those after it are left too */

        /* relay_memory.c only */
        bool read;       /* takes part in the present pass over the table, or did in the last */
        int64_t read_to; /* the highest id that a pass has read; memory's copies up to it are
                            skipped */
};

struct relay {
        /* set by relay_open */
        struct store *store;
        struct bus *bus;
        struct metrics *metrics;
        pthread_t thread;
        bool shared;
        const char *system;          /* messaging.system, for spans */
        char *topic;                 /* the bus's own */
        struct relay_faults *faults; /* NULL: nothing goes wrong on purpose */

        /* the relay thread's */
        bool away;    /* the log says so of the bus */
        bool failing; /* the log says so of the outbox */
        int parts;    /* of the bus */
        struct lane lanes[BUS_LANES];
        struct flight *buckets[RELAY_BUCKETS];
        struct flight all[FLIGHT_STATES];    /* heads of rings */
        size_t counts[FLIGHT_STATES], bytes; /* bytes: of those that fly */
        size_t of_part[OUTBOX_PARTS];
        size_t taken;           /* since the last pause */
        struct arena *arena;    /* of `waiting` */
        struct record *waiting; /* for relay_send */
        size_t waiting_count, waiting_bytes;

        /* the relay's and the writer's, under the lock */
        pthread_mutex_t lock;
        pthread_cond_t work; /* told, or closing */
        struct outbox_batch *first, *end;
        size_t memory;                     /* bytes of these batches */
        int64_t overflowed, overflowed_at; /* the first id that is only in the table, and when it
                                              was committed; 0: none */
        bool told;                         /* something was committed */
        bool resting;   /* the thread waits for `work`: a commit wakes it there */
        bool listening; /* the thread waits in the bus: a commit wakes it there */
        bool closing;
        int64_t give_up; /* monotonic us, once closing */

        /* the relay thread writes them, the scrape of metrics reads them */
        _Atomic int64_t oldest_at; /* Unix ms of the first unsent record; 0: none */
        atomic_bool set_aside;     /* records for other topics wait until these are open */
};

/* ---- relay_wait.c ---- */

bool relay_is_closing(struct relay *r);
bool relay_is_out_of_time(struct relay *r);
int64_t relay_patience(struct relay *r, int64_t ms); /* no longer than closing allows */
/* Until closing begins; work: or something was committed. */
void relay_nap(struct relay *r, int64_t ms, bool work);
/* Something was committed. With the lock; true: call bus_wake after it. */
bool relay_note_commit(struct relay *r);
void relay_say_bus(struct relay *r, const struct error *error);
void relay_say_outbox(struct relay *r, const struct error *error);

/* ---- relay_flights.c ---- */

void relay_flights_open(struct relay *r);
void relay_flights_close(struct relay *r);
/* Asks the bus for its parts; false: the bus cannot be told anything now. */
bool relay_look_at_bus(struct relay *r);
/* The link that holds the flight; NULL in it: the bus was not told of that record. */
struct flight **relay_find(struct relay *r, int64_t id);
struct flight *relay_take_off(struct relay *r, const struct outbox_record *o, struct lane *lane,
                              size_t bytes);
void relay_move(struct relay *r, struct flight *f, enum flight_state state);
void relay_forget(struct relay *r, struct flight *f);
struct lane *relay_lane_of(struct relay *r, const struct outbox_record *o);
bool relay_lane_is_open(const struct lane *lane);
/* Something is under way, and no result came for so long. */
bool relay_lane_is_still(const struct lane *lane, int64_t us);
bool relay_lane_is_of_others(const struct relay *r, const struct lane *lane);
/* How much longer than the look took to rest before the next look at what lanes left, unless a
   result comes. */
int64_t relay_more_rest(const struct relay *r, int64_t look_ms);
void relay_leave(struct lane *lane, int64_t id, int64_t at);
void relay_leave_by_all(struct relay *r, int64_t id, int64_t at);
/* Must closing wait for something? */
bool relay_is_at_work(const struct relay *r);
void relay_note_oldest(struct relay *r);

/* ---- relay_spans.c ---- */

/* Where the outbox says that its publishing is recorded. From now until the bus has it; a record
   that the bus gives back begins anew when it is handed over again. */
struct flight_span *relay_span_begin(const struct outbox_record *o);
/* why: the bus will never take it; NULL: it has it. */
void relay_span_end(struct relay *r, struct flight *f, const char *why);

/* ---- relay_faults.c: where r->faults is not NULL ---- */

void relay_faults_open(struct relay *r, const struct relay_config *config);
void relay_faults_close(struct relay *r);
/* Opens the lanes whose fault is over. With each round of a feed. */
void relay_faults_look(struct relay *r);
/* The event is about to be offered: holds its lane up if it is to be late. */
void relay_faults_delay(struct relay *r, const struct outbox_record *o, struct lane *lane);
/* The event is handed over as this record: may put others beside it. */
void relay_faults_beside(struct relay *r, const struct outbox_record *o,
                         const struct record *record);
/* Sends these, after the events; what of them the bus does not take is forgotten. */
void relay_faults_send(struct relay *r);
/* A result of these. */
void relay_faults_settle(struct relay *r, int64_t tag);

/* ---- relay_results.c ---- */

void relay_send(struct relay *r);
/* Sends, and deals with results as they come, for at most so long. listen: a commit ends it as
   well. */
void relay_collect(struct relay *r, int64_t ms, bool listen);
/* The same for a pause, in which the next records gather; closing ends it. */
void relay_gather(struct relay *r);
/* Forgets the flights that are out of the outbox. Not while records read earlier are still to be
   offered. False: too many are still in the outbox to hand over more. */
bool relay_tidy(struct relay *r);
/* Gives up what is under way. */
void relay_give_up(struct relay *r);

/* ---- relay_offer.c ---- */

enum offer {
        OFFER_TAKEN,
        OFFER_KNOWN, /* the bus was told of it before */
        OFFER_LEFT,  /* its lane stands still: it and those after it stay in the table */
        OFFER_FULL,  /* not now: offer it again after some results */
};
/* The bytes of a taken record must stay where they are until relay_send. */
enum offer relay_offer(struct relay *r, const struct outbox_record *o);

/* ---- the feeds ---- */

void relay_from_memory(struct relay *r);
void relay_committed(void *relay, struct outbox_batch *batch); /* on the writer thread */
void relay_from_parts(struct relay *r);
void relay_told(void *relay, struct outbox_batch *batch); /* on the writer thread */

#endif
