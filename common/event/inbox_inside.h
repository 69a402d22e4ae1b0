/* inbox_inside - for the inbox's own files:

     inbox.c         reads, applies, retries
     inbox_report.c  what came of it, as metrics, log lines and spans
     inbox_faults.c  what goes wrong on purpose */
#ifndef EVENT_INBOX_INSIDE_H
#define EVENT_INBOX_INSIDE_H

#include "base/log.h"
#include "event/inbox.h"
#include "event/messaging.h"
#include "event/process_span.h"

#include <pthread.h>
#include <stdatomic.h>

struct inbox {
        struct store *store;
        struct bus *bus;
        const char *group;
        const char *system; /* messaging.system, for spans */
        const struct reaction *reactions;
        struct metrics *metrics;
        struct faults *faults; /* may be NULL */
        enum log_level applied_level;
        struct own *own;
        pthread_t thread;
        _Atomic bool closing;
        enum error_kind trouble; /* with the bus; the log says so */
        bool keyless;            /* the log says that events come without keys */

        pthread_mutex_t lock; /* for the members below */
        char broken[256];     /* why the bus cannot be read, "": it can */
};

enum outcome {
        CONSUMED,  /* its reaction ran */
        DUPLICATE, /* it was applied before */
        DEAD,      /* it can never be applied: a dead letter */
        CLASHING,  /* another event came under its identity before: a dead letter too */
        OUTCOMES
};

/* One record to which a reaction belongs, or that cannot be read. */
struct received {
        struct event event;
        struct process_span span;
        enum outcome outcome;
        struct error error; /* why it is a dead letter */
        bool bare;          /* the dead letter could not be stored with all that the record has */
};

struct inbox_batch {
        struct inbox *inbox;
        struct received *arrivals;
        size_t count;
};

extern const char inbox_clash[]; /* why it is a dead letter */

/* What came of one event: call it once, after the commit, which was at committed_ms (Unix time). */
void inbox_report_none(struct inbox *inbox); /* of what is bad there was none so far */
void inbox_report(struct inbox *inbox, struct received *received, int64_t committed_ms);
/* The batch could not be applied now. */
void inbox_say_again(const struct inbox_batch *batch, const struct error *error);
/* The dead letter could not be stored with all that the record has. */
void inbox_say_bare(const struct received *received, const struct error *error);
/* With several partitions only a key keeps the events of one order in sequence. A producer with
   CloudEvents headers leaves the key out where there is nothing to keep in sequence, such as a
   delivery without an order. */
void inbox_look_for_key(struct inbox *inbox, const struct event *event);
/* Logs once when an outage begins, and once when it is over. */
void inbox_say_bus(struct inbox *inbox, const struct error *error);

/* Applies the records of one poll. False: closing; not all are applied, and none may be
   committed. */
bool inbox_apply(struct inbox *inbox, const struct record *records, size_t count,
                 struct arena *arena);

/* ---- inbox_faults.c: where inbox->faults is not NULL ---- */

/* Waits while nothing is to be read. False: closing. */
bool inbox_faults_pause(struct inbox *inbox);
/* As inbox_apply; records has room for `most`. */
bool inbox_faults_apply(struct inbox *inbox, struct record *records, size_t count, size_t most,
                        struct arena *arena);

#endif
