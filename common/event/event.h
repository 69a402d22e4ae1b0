/* event - what happened in another service, as a reaction sees it. What it looks like on the
   wire: data/event_form.h. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "data/unit.h"
#include "event/bus.h"

/* Bytes of an event's source and id together; with longer ones it counts as having none. */
enum { EVENT_IDENTITY_MOST = 1000 };

struct event {
        const char *type;   /* "Orderplaced" */
        int64_t timestamp;  /* Unix time, ms, by the producer's clock */
        const char *source; /* ce_source: which store its ids belong to; "" for a producer without
                               CloudEvents headers */
        const char *id;     /* its ce_id; NULL where source is "" */
        const char *identity_source, *identity; /* together they identify the event */
        int32_t content; /* a hash of its value, where the producer gave the identity; else 0 */
        const char *traceparent; /* of version 00, 55 characters; NULL: the record has none that is
                                    well-formed */
        const struct json *body;
        const struct record *record;
};

/* What a service does when something happened in another; a table ends with a NULL type. It may run
   several times for one event, and before that as a rehearsal (unit_rehearse): so it does nothing
   but by its unit. */
struct reaction {
        const char *type;
        void (*react)(struct unit *unit, const struct event *event);
};

/* Its ce_id; NULL where the producer gave none. */
const char *event_id(const struct event *event);

/* NULL when no reaction is for that type. */
const struct reaction *reaction_for(const struct reaction *reactions, const char *type);
const struct reaction *reaction_named(const struct reaction *reactions, const char *type,
                                      size_t len);

/* The type as a metric's label, which must come from a known set: "other" if no reaction is for
   it, "unknown" if it could not be read (NULL). */
const char *event_label(const struct reaction *reactions, const char *type);

enum event_verdict {
        EVENT_OURS,
        EVENT_FOREIGN, /* no reaction is for it: skipped */
        EVENT_BROKEN,  /* cannot be understood: becomes a dead letter; error says why */
};

/* Fills `event` from the record; its memory is the arena's and the record's. */
enum event_verdict event_read(const struct record *record, const struct reaction *reactions,
                              struct arena *arena, struct event *event, struct error *error);

/* Headers of a dead letter's replay (dead_letters.h). */
#define REPLAY_GROUP_HEADER "x-replay-group"
#define REPLAY_OF_HEADER "x-replay-of" /* the letter's TOPIC/PARTITION/OFFSET */
#define REPLAY_AT_HEADER "x-replay-at" /* the letter's time, ms: its topic may be made anew */

/* Is the event for that group? The replay of a dead letter is for the letter's group alone. It gets
   an identity of its own, /replay/GROUP and the letter's place: the group knows the original's
   already, and applies a letter once, however often it is replayed. */
bool event_is_for(struct event *event, const char *group, struct arena *arena);

/* The payload as a row: id, visible members, and hidden ones from headers. Fails the unit if a
   member has the wrong type. */
void *event_row(struct unit *unit, const struct event *event, const struct shape *shape);

/* Is the event about another row, which got the same id after `then`? Only producers without
   CloudEvents headers use an id again, after their store was made anew; their clock tells. */
bool event_is_newer(const struct event *event, int64_t then);
/* ... or about a row that had the id before `then`, so that the event no longer matters? */
bool event_is_older(const struct event *event, int64_t then);

#endif
