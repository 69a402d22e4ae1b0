/* store - a service's rows: one writer thread that commits many units in one transaction, and read
   connections.

   Where the store is shared, reads have threads too: items that are asked for while one question
   is under way are the next question's. In a file only reads that may take long have one
   (reads.c).

   Promise: a job's done() is called after its COMMIT returned (synchronous=FULL), so what is
   then answered survives kill -9 and power loss. A job that fails does not fail the others: the
   batch then runs again, each job with a savepoint of its own. */
#ifndef DATA_STORE_H
#define DATA_STORE_H

#include "data/db.h"
#include "data/entity.h"
#include "data/renew.h"
#include "data/table.h"
#include "data/unit.h"

struct store;
struct config;
struct faults;

struct store_config {
        const char *url;                      /* "sqlite:/data/order.db" */
        const char *service;                  /* "order" */
        const struct entity *const *entities; /* ends with NULL */
        int readers;                          /* read connections */
        const struct config *config;          /* for unit_config; may be NULL */
        int64_t first_id;                     /* of an empty store (renew_begin); 0: 1 */
        const char *pod, *version;            /* who announces events; NULL: not said */
        size_t value_max;      /* bytes of an event's value; a unit that announces a larger one is
                                  refused (ERROR_TOO_LARGE); 0: any */
        size_t record_max;     /* ... of its value, key and headers together; 0: any */
        struct faults *faults; /* what fails on purpose; outlives the store; NULL: nothing */
};

struct store *store_open(const struct store_config *config, struct error *error);
/* Runs the queued jobs and reads, commits, closes. No thread may submit any more. */
void store_close(struct store **store);

bool store_is_shared(const struct store *store); /* by several processes */
/* The CloudEvents source: "/order/<uuid made with the store>" */
const char *store_source(const struct store *store);
const struct table *store_table(const struct store *store, const struct entity *entity);

struct job {
        /* On the writer thread, inside the transaction; maybe twice, the first time undone. */
        void (*run)(struct unit *unit, void *arg);
        /* On the writer thread, after the commit; error->kind ERROR_NONE: committed. */
        void (*done)(void *arg, const struct error *error);
        void *arg;
        struct arena *arena;     /* the unit's; the caller must not use it until done */
        const char *traceparent; /* of the request or event; may be NULL */
        struct error error;      /* the store's own */
        struct job *next;        /* the store's own */
};

/* The job must live until done. Any thread. */
void store_submit(struct store *store, struct job *job);
/* The same with waiting; not on the writer thread. */
bool store_run(struct store *store, void (*run)(struct unit *, void *), void *arg,
               struct arena *arena, struct error *error);

/* A read connection for the caller alone, until it is given back; waits while all are taken. */
struct db *store_read_begin(struct store *store);
void store_read_end(struct store *store, struct db *db);
/* One row as of the last commit; NULL, no error, when there is none. Takes a connection itself,
   if it needs one. */
bool store_get(struct store *store, const struct entity *entity, int64_t id, struct arena *arena,
               void **row, struct error *error);
/* A read that does not hold up its caller. */
struct read_job {
        /* On a thread of the store, with a connection; its result goes where arg says. NULL: the
           item of this entity. */
        bool (*run)(struct db *db, void *arg, struct error *error);
        bool slow; /* it may read much */
        /* After it, on the same thread; not called where store_read returned true. */
        void (*done)(void *arg);
        void *arg;
        const struct entity *entity;
        struct table_item item; /* the arena is the store's until done */
        struct error error;     /* ERROR_NONE: it was read */
        /* the store's own */
        struct read_job *next;
        int64_t since_us;
};

/* Where the store is a file, and the job not slow: reads at once, and returns true. Else false, and
   a thread of the store reads and calls done, maybe before this returns. What was committed before
   the call is seen. The job must live until done. ERROR_UNAVAILABLE also where it waited too long
   for its turn. */
bool store_read(struct store *store, struct read_job *job);
/* The number of rows, as of the last commit that this connection sees. It may be asked for before
   it is read, and is then answered together with what is read next (statement_ask). */
bool store_count_ask(struct store *store, struct db *db, const struct entity *entity,
                     struct error *error);
bool store_count(struct store *store, struct db *db, const struct entity *entity, int64_t *rows,
                 struct error *error);

/* The highest id that an event of this store ever had, as far as the store knows; asks the
   database where it is shared (-1: it does not answer). */
int64_t store_events_given(struct store *store);
/* An event of this store with the id `seen` was seen on the bus. If the store never gave that
   id, it came back from the past: its ids jump (renew.h). renewal->from 0: it did give it. */
bool store_renew(struct store *store, int64_t seen, struct renewal *renewal, struct error *error);

/* Begins to delete idempotency keys and inbox identities older than so many ms, unless it is
   still doing so: a portion with each of the writer's batches, until none is left or the store
   closes. Any thread; does not wait. Call it again from time to time. */
void store_purge(struct store *store, int64_t idempotency_ms, int64_t gateway_key_ms,
                 int64_t inbox_ms);
bool store_is_purging(const struct store *store);

/* How long the writer has been running its present batch, ms; 0: idle. For liveness. */
int64_t store_busy_ms(const struct store *store);
/* Did the last commit that wrote anything succeed? */
bool store_is_well(const struct store *store);
/* Writes 64 KiB only to find out whether the store is well again, and does not wait for it. One
   at a time. Any thread. */
void store_probe(struct store *store);

#endif
