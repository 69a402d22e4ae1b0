/* What store.c, writer.c, unit.c and outbox.c share; nobody else includes this. */
#ifndef DATA_STORE_INSIDE_H
#define DATA_STORE_INSIDE_H

#include "data/outbox.h"
#include "data/recent.h"
#include "data/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum { STORE_TABLES = 8, STORE_READERS = 16 };

/* The writer's own, in memory; written to `sequences` once a commit. */
struct sequence {
        int64_t last; /* the highest id ever given */
        int64_t rows;
};

struct store {
        const char *service;
        char *source;
        struct arena *arena; /* of tables and their SQL */
        const struct config *config;
        size_t value_max;
        int lock_fd;
        struct recent *recent;

        struct table *tables[STORE_TABLES];
        int table_count;

        /* the writer thread's */
        pthread_t thread;
        struct db *writer;
        struct sequence sequences[STORE_TABLES + 1]; /* the last one: the outbox */
        struct sequence written[STORE_TABLES + 1];
        struct outbox_batch *batch; /* what the open transaction announced */
        size_t batch_room;
        int64_t outbox_removed, outbox_removing; /* up to which id; the latter by the open transaction */

        pthread_mutex_t lock; /* for all below */
        pthread_cond_t work, reader_back;
        struct job *first, *last;
        bool closing;
        void (*committed)(void *arg, struct outbox_batch *batch);
        void *committed_arg;
        struct db *readers[STORE_READERS];
        int reader_count;

        _Atomic int64_t outbox_sent, outbox_last; /* ids */
        _Atomic int64_t outbox_parked;            /* how many above outbox_sent */
        _Atomic int64_t busy_since;
        _Atomic bool well;
};

struct unit {
        struct store *store;
        struct arena *arena;
        const char *traceparent;
        struct error error;
        bool apart; /* with a savepoint of its own */
        bool wrote; /* then the savepoint is open */
        struct sequence sequences[STORE_TABLES + 1]; /* as they were, for a rollback */
        size_t announced;
};

bool outbox_remove_sent(struct store *store, bool few_too, struct error *error);

/* Begins what unit_commit or unit_rollback ends. A unit that is not apart cannot be rolled back alone once it wrote. */
void unit_begin(struct unit *unit, struct store *store, struct job *job, bool apart);
bool unit_commit(struct unit *unit);
void unit_rollback(struct unit *unit);

void *writer_main(void *store);

#endif
