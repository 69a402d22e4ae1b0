/* audit - do the books of a mall balance? Reads the rows of its services over HTTP and, if it is
   told the bus, what was said on the topic; balance.h says what must be.

   It writes nothing, joins no group and prints nothing, so that a daemon may run it beside its
   work, on a thread of its own. It takes as long as reading all of that takes. It is a verdict only
   on a mall at rest: what changes meanwhile can look like an offence.

   The process has called curl_global_init. */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "audit/books.h"
#include "audit/verdict.h"

struct audit_places {
        struct books_places services;
        const char *bus; /* log:PATH or kafka://HOST:PORT/TOPIC; NULL: no topic is read */
        const char *bus_properties; /* Kafka: a file (event/kafka_properties.h), or NULL */
        size_t memory;              /* bytes of rows and events that are held at most */
        size_t most_offences;       /* that are told; 0: all */
        const _Atomic bool *stop;   /* set: the audit ends within a second or two, with an error;
                                       NULL:   it is never stopped */
};

struct audit_report {
        size_t orders, deliveries, products, movements, events;
        size_t unreadable;  /* records on the topic that are no events */
        bool has_movements; /* product told them */
        bool has_events;    /* the topic was read */
        const struct audit_offence *told;
        size_t told_count;
        size_t offences;              /* in all */
        const char *const *unchecked; /* what could not be checked, and why; a line each */
        size_t unchecked_count;
};

/* The report and its texts live in the arena. False: something could not be read, or the audit was
   stopped. */
bool audit_run(const struct audit_places *places, struct arena *arena, struct audit_report *report,
               struct error *error);

#endif
