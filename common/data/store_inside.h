/* store_inside - for the files of data/ that make up the store, and their tests:

     store.c          opening, jobs, readers            unit.c    rows and events of one job
     writer.c         the writer thread's batches       dedup.c   keys and identities seen before
     reads.c          readings on threads of their own
     ids.c, counts.c  ids, and how many rows there are  purge.c   what has a time to live
     inbox_blocks.c   identities of the mall's own      store_renew.c
     foresight.c      rows read before a unit runs
     outbox.c, outbox_rows.c, outbox_rows_remove.c, outbox_parts.c
     commit_spans.c   the commit, for traces          figures.c what metrics tell of the rows */
#ifndef DATA_STORE_INSIDE_H
#define DATA_STORE_INSIDE_H

#include "base/text.h"
#include "base/trace.h"
#include "data/foresight.h"
#include "data/outbox_parts.h"
#include "data/outbox_rows.h"
#include "data/row_cache.h"
#include "data/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
        STORE_TABLES = 8,
        STORE_READERS = 16,
        STORE_OUTBOX = STORE_TABLES, /* its place among the sequences */
        STORE_SLOTS = 64,            /* of a shared store's counts: more than there are processes */
        SOURCES_KNOWN = 16,
};

/* Of one table, or of the outbox. */
struct sequence {
        int64_t last; /* the highest id ever given; written to `sequences` once a commit. Unused
                         where the store is shared */
        size_t given; /* how many ids of the stock are */
};

/* Ids that a shared store's sequence gave this process, in case it needs them. */
struct id_stock {
        int64_t *ids;
        size_t count, room;
        bool is_asked;       /* for more, which nobody has read */
        unsigned connection; /* that fetched them. Another one may lead to a standby, which gives
                                the same ids again */
};

/* The identities of a source are filed under its number. */
struct source_number {
        char *source;
        int64_t number;
};

/* A row that came or went; those of the open transaction are summed up and written once. */
struct change {
        int table;
        int64_t block, rows; /* rows: +1 or -1 */
};

/* A step whose rows the open transaction commits, and whose trace is recorded. */
struct traced {
        struct trace trace; /* the commit's span */
        int64_t begun_ns;   /* when its unit began, Unix ns */
};

enum { PURGE_RULES = 5 };

struct purge_place {
        int rule;
        int64_t from; /* Unix time, ms, as below */
};

/* The writer thread's while `busy`; else of the thread that sets `busy` (purge.c). */
struct purge {
        struct store *store;
        struct job job;
        struct purge_place place, next; /* now, and once the job under way has committed */
        int64_t before[PURGE_RULES];    /* what is older is deleted */
        int64_t went_to;                /* how far earlier purges deleted the gateway's keys */
        int64_t portion, took_us;       /* rows, and how long the last portion took */
        bool mine;                      /* no other process purges */
        _Atomic bool busy;
};

/* In the arena `scratch` of the store. */
struct outbox_removal {
        int64_t *ids; /* sorted, each once */
        size_t count;
        size_t taken; /* so many of `sent`, from the first on */
        struct outbox_left left;
};

struct outbox_state {
        pthread_mutex_t telling; /* for these two; also held while `committed` runs */
        void (*committed)(void *arg, struct outbox_batch *batch);
        void *committed_arg;

        pthread_mutex_t lock; /* for these */
        int64_t *sent;        /* ids on the bus, and still in the table as far as we know */
        size_t sent_count, sent_room;
        size_t left;   /* of these, the first so many share rows with others that are not sent */
        int64_t *gone; /* ids removed by a commit, and not yet told */
        size_t gone_count, gone_room;

        struct outbox_removal removal; /* the writer thread's: by the open transaction */

        /* any thread */
        _Atomic int64_t waiting; /* records neither sent nor parked. Unused where it is shared */
};

struct read_queue {
        struct read_job *first, *last;
};

struct reads {
        pthread_t threads[STORE_READERS];
        int thread_count;
        int64_t patience_us; /* how long a read of a shared store waits for its turn */

        /* Any thread, under the lock. */
        pthread_mutex_t lock;
        pthread_cond_t work;
        struct read_queue items, others;
        bool items_busy; /* a question for items is under way */
        int others_busy;
        bool closing;
};

struct store {
        /* Set by store_open, and constant from then on: any thread reads it. */
        const char *service;
        char *url;
        char *source;
        struct arena *arena; /* of tables and their SQL */
        const struct config *config;
        struct faults *faults;        /* may be NULL */
        struct text announcer;        /* event_form_announcer */
        size_t value_max, record_max; /* 0: any */
        struct row_cache *recent;     /* has a lock of its own */
        struct table *tables[STORE_TABLES];
        int table_count;
        bool shared; /* other processes write too (db_is_shared) */
        int slot;    /* where this process counts rows */
        pthread_t thread;

        /* The writer thread's; others reach it by a job only. */
        struct db *writer;
        struct arena *scratch;   /* of what one transaction needs */
        int64_t contended_until; /* monotonic us: until then batches run alone, because one lost to
                                    another process's locks */
        struct sequence sequences[STORE_TABLES + 1];
        struct sequence written[STORE_TABLES + 1]; /* as of the last commit */
        struct id_stock stocks[STORE_TABLES];
        size_t batch_jobs;
        bool batch_wrote;
        int64_t failed;                            /* batches since the last commit that wrote */
        struct source_number known[SOURCES_KNOWN]; /* of `sources`. Unused where it is shared */
        size_t known_count;
        bool inbox_rows;        /* `inbox` has rows of a program without blocks (inbox_blocks.c) */
        int64_t sources_passed; /* their purge has looked at numbers up to this one */
        struct change *changes;
        size_t change_count, change_room;
        struct outbox_batch *batch; /* what the open transaction announced */
        size_t batch_room;
        struct traced *traced;
        size_t traced_count, traced_room;

        /* Any thread, under the lock. */
        pthread_mutex_t lock;
        pthread_cond_t work, reader_back;
        struct job *first, *last; /* the queue */
        bool closing;
        struct db *readers[STORE_READERS]; /* those not taken */
        int reader_count;

        /* Any thread, by functions of their own. */
        struct purge purge;
        struct outbox_state outbox;
        struct reads reads;

        /* The writer thread sets them, any thread reads them. */
        _Atomic int64_t events_given; /* the highest id of an event as of the last commit. Unused
                                         where the store is shared */
        _Atomic int64_t ids_from;     /* of a store that was renewed: all ids are above it
                                         (renew.h) */
        _Atomic int64_t commits;      /* that wrote */
        _Atomic int64_t busy_since;   /* monotonic us of the batch that runs; 0: idle */
        _Atomic bool well;            /* the last commit that wrote did not fail */

        /* The thread that sets `probing` owns `probe`, until its job is done. */
        _Atomic bool probing;
        struct job probe;
};

struct unit {
        struct store *store;
        struct arena *arena;
        const char *traceparent, *cause;
        struct error error;
        bool apart; /* with a savepoint of its own */
        bool wrote;
        struct sequence sequences[STORE_TABLES + 1]; /* as they were, for a rollback */
        size_t announced, changes, traced;           /* the store's, as they were */
        struct outbox_removal removal;               /* the same */
        int64_t begun_ns;                            /* Unix ns; 0: nobody has asked */
        struct foresight *foresight;                 /* NULL: none */
        bool rehearses;
        size_t adds[STORE_TABLES]; /* rows, in rehearsals */
};

/* unit.c, for unit_first_times: what rehearsals looked for is asked, and read. */
bool unit_foresee_ask(struct unit *unit);
void unit_foresee_read(struct unit *unit);

/* The next id of a table; 0 and an error when a shared store gives none. */
int64_t ids_next(struct store *store, int table, struct error *error);
/* In a shared store: a unit will want so many, which are asked for; then they come. */
bool ids_expect(struct store *store, int table, size_t count, struct error *error);
bool ids_come(struct store *store, int table, struct error *error);
/* Before a batch: what the last one left comes first. */
void ids_begin(struct store *store, size_t jobs);

/* What was learnt of sources, with every rollback: some of them may be the open transaction's
   own. */
void sources_forget(struct store *store);
/* Those that no identity is filed under any more. */
void sources_purge(struct unit *unit);
/* Whether `inbox` has a row of it, and with which content; 0: none was recorded. */
bool inbox_row_find(struct unit *unit, const struct identity *identity, int64_t source,
                    int32_t *content);

void count_change(struct store *store, int table, int64_t id, int64_t rows);
bool counts_write(struct store *store, struct error *error);

bool outbox_write(struct store *store, struct error *error);
bool outbox_remove_sent(struct store *store, bool few_too, struct error *error);
void outbox_commit_ended(struct store *store, bool done);
/* False when there is no listener. */
bool outbox_hand_over(struct store *store, struct outbox_batch *batch);

/* Begins what unit_commit or unit_rollback ends. A unit that is not apart cannot be rolled back
   alone once it wrote. */
void unit_begin(struct unit *unit, struct store *store, struct job *job, bool apart);
bool unit_commit(struct unit *unit);
void unit_rollback(struct unit *unit);
/* Notes that it writes; false when it failed already. */
bool unit_may_write(struct unit *unit);

/* Whether the spans of what the unit does are recorded. */
bool unit_is_traced(const struct unit *unit);
/* The unit has another traceparent: if it is recorded, so is the commit. */
void commit_spans_note(struct unit *unit);
/* Ends and forgets those of the batch. at_ns: when it was committed, Unix ns. */
void commit_spans_end(struct store *store, int64_t at_ns);

/* Begins and ends their threads. */
void reads_begin(struct store *store);
void reads_end(struct store *store);

void *writer_main(void *store);

/* Before the commit, where store->faults is not NULL. False: it is to fail. */
bool writer_faults_pass(struct store *store, struct error *error);

#endif
