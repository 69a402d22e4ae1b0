/* unit - a unit of work: rows and the events about them, committed together or not at all.

   A unit runs on the store's writer thread; its memory is its arena. Its error is sticky: after
   a failure every further call does nothing and returns NULL, and in the end the unit is rolled
   back. So domain code need not check every step. A unit that is rolled back leaves no trace: no
   row, no event, no id used. */
#ifndef DATA_UNIT_H
#define DATA_UNIT_H

#include "data/entity.h"

struct unit;
struct config;

struct arena *unit_arena(struct unit *unit);
const char *unit_source(struct unit *unit);          /* the store's CloudEvents source */
const struct config *unit_config(struct unit *unit); /* the daemon's settings */

/* The trace (W3C traceparent) of the events announced from now on; NULL: none. It must outlive
   the unit. */
void unit_trace(struct unit *unit, const char *traceparent);
/* The ce_id of the event to which they are the reaction; NULL: there is none. It must outlive the
   unit. */
void unit_cause(struct unit *unit, const char *event);

bool unit_failed(const struct unit *unit);
/* Refuses: the unit fails with this error, unless it already failed. */
void unit_refuse(struct unit *unit, enum error_kind kind, const char *member, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

void *unit_new(struct unit *unit, const struct entity *entity); /* an empty row, not stored */
void *unit_copy(struct unit *unit, const struct entity *entity, const void *row);

/* Stores a row (and sets its id), changes it, removes it, and announces what the entity says then:
   no caller can forget to. */
void unit_create(struct unit *unit, const struct entity *entity, void *row);
void unit_update(struct unit *unit, const struct entity *entity, void *row);
void unit_delete(struct unit *unit, const struct entity *entity, const void *row);

/* The same for rows of which nothing is said, or not now. unit_add sets the row's id, unit_save
   counts its version up. */
void unit_add(struct unit *unit, const struct entity *entity, void *row);
void unit_save(struct unit *unit, const struct entity *entity, void *row);
void unit_remove(struct unit *unit, const struct entity *entity, const void *row);

void *unit_get(struct unit *unit, const struct entity *entity, int64_t id); /* NULL: none */

/* The values of a lookup's members: of two, the text is the first's. Of one it is the text, or if
   that is NULL the number, also where the member is a text. */
struct key {
        const char *text;
        int64_t number;
};
/* The row with the lowest id above `after` (0: from the start) that entity->lookups[lookup] finds;
   NULL: none. */
void *unit_find(struct unit *unit, const struct entity *entity, int lookup, int64_t after,
                struct key key);

/* The number as text, in the unit's memory. */
const char *unit_decimal(struct unit *unit, int64_t number);

/* Would each event about this row fit into a record, even after a reaction has changed its
   status? */
bool unit_fits(struct unit *unit, const struct entity *entity, const void *row);
/* Writes the event to the outbox now; it goes onto the bus after the commit. An event that is
   too large for the bus fails the unit. */
void unit_announce(struct unit *unit, const struct event_type *type, const void *row);

/* For the library: a record for another topic (dead letters); headers are packed (outbox.h). */
void unit_publish(struct unit *unit, const char *topic, const char *key, const void *value,
                  size_t len, const struct text *headers);

/* The stored answer to an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header). */
struct stored_answer {
        int64_t hash; /* of the request's body */
        int status;
        const char *row; /* JSON: the row as it was answered, with its id */
};
bool unit_recall(struct unit *unit, const char *path, const char *key,
                 struct stored_answer *answer);
void unit_remember(struct unit *unit, const char *path, const char *key,
                   const struct stored_answer *answer);

/* For a unit of many steps: runs a step as it will run later, but it changes nothing, finds nothing
   and its failure does not matter. What it looks for is noted: the next unit_first_times asks for
   all of it, and for the ids of what it adds. Only a shared store needs that; otherwise it does
   nothing. */
void unit_rehearse(struct unit *unit, void (*step)(struct unit *unit, void *arg), void *arg);

/* Remembers that an event is applied; false when it was applied before (then do not apply it). */
bool unit_first_time(struct unit *unit, const char *source, const char *id);

/* The same for many at once; of two that are equal, the earlier is the first. */
struct identity {
        const char *source, *id;
        int32_t content; /* a hash of the event's value; 0: it does not matter */
        bool first;
        bool other; /* it came before with another content: two events have the same identity */
};
void unit_first_times(struct unit *unit, struct identity *identities, size_t count);

#endif
