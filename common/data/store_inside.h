/* What store.c, writer.c, unit.c and outbox.c share; nobody else includes this. */
#ifndef DATA_STORE_INSIDE_H
#define DATA_STORE_INSIDE_H

#include "data/outbox_parts.h"
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

/* The writer's own, in memory. */
struct sequence {
        int64_t last; /* the highest id ever given; written to `sequences` once a commit. Not where
                         the store is shared. */
        size_t given; /* how many of the stock are */
};

/* Ids that a shared store's sequence gave this process, in case it needs them. */
struct id_stock {
        int64_t *ids;
        size_t count, room;
        unsigned connection; /* another one may lead to a standby, which gives them again */
};

/* What the identities of a source are filed under. */
struct source_number {
        char *source;
        int64_t number;
};

/* A row that came or went; the open transaction's are summed up and written once. */
struct change {
        int table;
        int64_t block, rows; /* +1 or -1 */
};

enum { PURGE_RULES = 4 };

struct purge_place {
        int rule;
        int64_t from; /* Unix time, ms, as below */
};

/* The writer's, while it is busy (purge.c). */
struct purge {
        struct store *store;
        struct job job;
        struct purge_place place,
                next;                /* where it is, and will be when the job under way commits */
        int64_t before[PURGE_RULES]; /* what is older goes */
        int64_t went_to;             /* of the gateway's keys, by the purges before */
        int64_t portion, took_us;    /* rows, and how long the last ones took */
        bool mine;                   /* and no other process's */
        _Atomic bool busy;
};

/* What outbox.c keeps. */
struct outbox_state {
        pthread_mutex_t telling; /* for these two, and held while they are called */
        void (*committed)(void *arg, struct outbox_batch *batch);
        void *committed_arg;
        pthread_mutex_t lock; /* for these three */
        int64_t *sent; /* ids that are on the bus, and still in the table as far as is known */
        size_t sent_count, sent_room;
        size_t removing;         /* of these, from the first on, by the open transaction; the writer
                                    thread's */
        _Atomic size_t removed;  /* of all that there ever were */
        _Atomic int64_t waiting; /* rows neither sent nor parked, unless the store is shared */
};

struct store {
        const char *service;
        char *url;
        char *source;
        struct arena *arena; /* of tables and their SQL */
        const struct config *config;
        size_t value_max, record_max; /* 0: any */
        struct row_cache *recent;

        struct table *tables[STORE_TABLES];
        int table_count;

        /* the writer thread's */
        pthread_t thread;
        struct db *writer;
        bool shared;             /* other processes write too (db_is_shared) */
        int slot;                /* where this process counts rows */
        int64_t contended_until; /* monotonic us: batches run alone, for they lost to others' locks
                                    a while ago */
        struct sequence sequences[STORE_TABLES + 1];
        struct sequence written[STORE_TABLES + 1];
        struct id_stock stocks[STORE_TABLES];
        size_t batch_jobs;
        bool batch_wrote;
        int64_t failed;                            /* batches, since one that wrote was committed */
        struct source_number known[SOURCES_KNOWN]; /* of `sources`, unless the store is shared */
        size_t known_count;
        int64_t sources_passed; /* by their purge: up to this number */
        struct change *changes;
        size_t change_count, change_room;
        struct outbox_batch *batch; /* what the open transaction announced */
        size_t batch_room;

        pthread_mutex_t lock; /* for all below */
        pthread_cond_t work, reader_back;
        struct job *first, *last;
        bool closing;
        struct db *readers[STORE_READERS];
        int reader_count;

        struct purge purge;
        struct outbox_state outbox;
        _Atomic int64_t events_given; /* the highest id of an event, as of the last commit; unless
                                         the store is shared */
        _Atomic int64_t ids_from; /* of a store that was renewed: all ids are above it (renew.h) */
        _Atomic int64_t busy_since;
        _Atomic bool well;
        _Atomic bool probing; /* and `probe` is under way */
        struct job probe;
};

struct unit {
        struct store *store;
        struct arena *arena;
        const char *traceparent;
        struct error error;
        bool apart; /* with a savepoint of its own */
        bool wrote;
        struct sequence sequences[STORE_TABLES + 1]; /* as they were, for a rollback */
        size_t announced, changes, removing;
};

/* The next id of a table; 0 and an error when a shared store gives none. */
int64_t ids_next(struct store *store, int table, struct error *error);
/* Before a batch: what the last one left comes first. */
void ids_begin(struct store *store, size_t jobs);

/* What was learnt of sources, with every rollback: some of them may be the open transaction's
   own. */
void sources_forget(struct store *store);
/* Those that no identity is filed under any more. */
void sources_purge(struct unit *unit);

void count_change(struct store *store, int table, int64_t id, int64_t rows);
bool counts_write(struct store *store, struct error *error);

/* A row of id, topic, key, value, headers, at. */
void outbox_record_read(struct statement *statement, struct outbox_record *record,
                        struct arena *arena);
bool outbox_remove_sent(struct store *store, bool few_too, struct error *error);
void outbox_commit_ended(struct store *store, bool done);
/* False when nobody wants it. */
bool outbox_hand_over(struct store *store, struct outbox_batch *batch);

/* Begins what unit_commit or unit_rollback ends. A unit that is not apart cannot be rolled back
   alone once it wrote. */
void unit_begin(struct unit *unit, struct store *store, struct job *job, bool apart);
bool unit_commit(struct unit *unit);
void unit_rollback(struct unit *unit);
/* Notes that it writes; false when it failed already. */
bool unit_may_write(struct unit *unit);

void *writer_main(void *store);

#endif
