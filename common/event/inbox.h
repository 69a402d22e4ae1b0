/* inbox - reads the bus as a consumer group and runs the reactions: each event takes effect exactly
   once.

   Exactly once means: the event is applied in one transaction with its identity, and skipped if the
   identity is there already (idempotent consumer). Many events share a transaction. A record that
   cannot be understood becomes a dead letter in the same transaction. If applying fails for a
   passing reason, it is retried with backoff and never skipped.

   An event with a known identity but another content is no duplicate: its sender's store came
   back from the past (data/renew.h) and gave the identity again. Such an event is logged,
   counted, and becomes a dead letter.

   The replay of a dead letter (dead_letters.h) is applied by the letter's group only, once,
   although that group knows the event's identity. */
#ifndef EVENT_INBOX_H
#define EVENT_INBOX_H

#include "data/store.h"
#include "event/bus.h"
#include "event/event.h"

struct faults;
struct inbox;

extern const struct metric_family inbox_families[];

struct inbox_config {
        struct store *store;
        struct bus_config bus;
        const char *group;
        const struct reaction *reactions;
        struct metrics *metrics;
        struct faults *faults; /* what fails on purpose; outlives the inbox; NULL: nothing */
        bool log_events;       /* a line at info for each event that was applied, else at debug */
};

struct inbox *inbox_open(const struct inbox_config *config, struct error *error);
/* False when the bus is broken (not when it is away), and why. Any thread. */
bool inbox_is_well(struct inbox *inbox, char why[256]);
/* Ends the batch under way and leaves the group, in at most wait_ms. */
void inbox_close(struct inbox **inbox, int wait_ms);

#endif
