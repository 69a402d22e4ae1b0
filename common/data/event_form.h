/* event_form - what an event looks like on the wire. It is written and read here only.

   key      the member that the event's type names, or the row's id
   value    {"eventType":"Orderplaced","timestamp":1795358923623,"id":7,"productId":"1001",...}
            compact JSON; after the id the visible members of the type's shape, in their order
   headers  contentType "application/json" (the quotes belong to it), spring_json_header_types,
            CloudEvents 1.0 in binary mode: ce_specversion, ce_id, ce_source, ce_type, ce_time,
            ce_subject, ce_<name> for each hidden member that is text, ce_pod and ce_version of
            who announced it, ce_causationid where an event led to it; traceparent

   The outbox keeps the key, the value and the headers from ce_type on. The others are added when
   the event is published. Where the span of publishing it is recorded, the outbox has the id of
   that span's parent as well, which is not published. Producers without CloudEvents headers (the
   reference) are understood too. */
#ifndef DATA_EVENT_FORM_H
#define DATA_EVENT_FORM_H

#include "base/trace.h"
#include "data/entity.h"
#include "data/outbox.h"
#include "data/record.h"

/* CloudEvents 1.0.2, Kafka protocol binding, 3.2.3.1. */
#define EVENT_TYPE_HEADER "ce_type"
#define EVENT_SOURCE_HEADER "ce_source"
#define EVENT_ID_HEADER "ce_id"
#define EVENT_CAUSE_HEADER "ce_causationid"

/* ---- writing ---- */

/* What led to an event, and who announces it. */
struct event_origin {
        const char *traceparent; /* NULL: none */
        const char *above;       /* where the span of publishing it is to be recorded: its parent's
                                    id; the traceparent has its own. NULL: it is not */
        const char *cause; /* the ce_id of the event to which this is the reaction; NULL: none;
                              left out if it is longer than EVENT_CAUSE_MOST */
        const struct text *announcer; /* event_form_announcer; NULL: not said */
};

enum { EVENT_POD_MOST = 253, EVENT_VERSION_MOST = 64, EVENT_CAUSE_MOST = 200 };

/* The headers that say who announces, the same for all events of a process. A text of NULL, or one
   that is too long, is left out. */
struct text event_form_announcer(const char *pod, const char *version, struct arena *arena);

/* The event as the outbox keeps it, still without an id. now: Unix time, ms. All its bytes are in
   the arena. */
struct outbox_record event_form_write(const struct event_type *type, const void *row,
                                      const struct event_origin *origin, int64_t now,
                                      struct arena *arena);
/* The record for the bus. source: the store's CloudEvents source. A record for another topic (a
   dead letter) has only its own headers. */
void event_form_record(const struct outbox_record *event, const char *source, struct record *record,
                       struct arena *arena);

/* The span of publishing it; false: it is not recorded. */
bool event_form_trace(const struct outbox_record *event, struct trace *trace);

/* Bytes of key, value and headers on the bus, at most. */
size_t event_form_size(const struct outbox_record *event);
/* The same for a later event about the same row, whose origin may take more room. */
size_t event_form_size_later(const struct outbox_record *event);
/* An upper limit for any event about this row, from the lengths of its texts alone. */
size_t event_form_size_most(const struct shape *shape, const void *row);

/* ---- reading ---- */

/* The value as a JSON object. type: its eventType. timestamp: its own, else the record's. NULL and
   ERROR_BAD_INPUT where it is no event. */
const struct json *event_form_read(const struct record *record, const char **type,
                                   int64_t *timestamp, struct arena *arena, struct error *error);
/* The record's traceparent as one of version 00, 55 characters; NULL: there is none that is
   well-formed. */
const char *event_form_traceparent(const struct record *record, struct arena *arena);
/* Fills the row: id and visible members from the body, hidden ones from the headers. False and
   ERROR_BAD_INPUT when a member has the wrong type. */
bool event_form_row(const struct record *record, const struct json *body, const struct shape *shape,
                    void *row, struct arena *arena, struct error *error);

#endif
