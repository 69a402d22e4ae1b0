/* event - what happened elsewhere, as a reaction sees it.

   On the wire (contract section 4): compact JSON in the value, CloudEvents 1.0 binary mode in the
   headers. Producers without such headers (the reference) are understood too. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "data/unit.h"
#include "event/bus.h"

struct event {
        const char *type;   /* "Orderplaced" */
        int64_t timestamp;  /* Unix time, ms, as its sayer's clock said */
        const char *source; /* ce_source: which store its ids belong to; "" for a producer without
                               CloudEvents headers */
        const char *identity_source, *identity; /* what makes it this event and no other */
        int32_t content; /* a hash of its value, where its sayer gave the identity; else 0 */
        const char *traceparent; /* of version 00, 55 characters; NULL: the record has none that is
                                    well-formed */
        const struct json *body;
        const struct record *record;
};

/* What a service does when something happened elsewhere; ends with a NULL type. */
struct reaction {
        const char *type;
        void (*react)(struct unit *unit, const struct event *event);
};

/* NULL when no reaction is for that type. */
const struct reaction *reaction_for(const struct reaction *reactions, const char *type);
const struct reaction *reaction_named(const struct reaction *reactions, const char *type,
                                      size_t len);

/* The type for a metric's label, which must come from a known set: "other" where nothing reacts to
   it, "unknown" where it could not be read (NULL). */
const char *event_label(const struct reaction *reactions, const char *type);

enum event_verdict {
        EVENT_OURS,
        EVENT_FOREIGN, /* nothing here reacts to it: skipped */
        EVENT_BROKEN,  /* cannot be understood: a dead letter; error says why */
};

/* Fills event from the record; its memory is in the arena and in the record. */
enum event_verdict event_read(const struct record *record, const struct reaction *reactions,
                              struct arena *arena, struct event *event, struct error *error);

/* The payload as a row: id, members and hidden ones (ce_<name>). Fails the unit when a member has
   the wrong type. */
void *event_row(struct unit *unit, const struct event *event, const struct shape *shape);

/* Does the event speak of a later namesake of what happened at `then`? Only producers without
   CloudEvents headers use an id again, after their store began anew; their clock tells. */
bool event_is_newer(const struct event *event, int64_t then);
/* ... or of an earlier one, so that it is too late to matter? */
bool event_is_older(const struct event *event, int64_t then);

/* The value of a record's header as text in the arena; NULL when there is none or it is not UTF-8
   (CloudEvents wants that). */
const char *record_header(const struct record *record, const char *name, struct arena *arena);

#endif
