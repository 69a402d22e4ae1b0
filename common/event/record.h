/* record - how an event of the outbox looks on the bus: its headers (contract section 4). */
#ifndef EVENT_RECORD_H
#define EVENT_RECORD_H

#include "data/outbox.h"
#include "event/bus.h"

/* source: the store's CloudEvents source. A record for another topic (a dead letter) has only its
   own headers. */
void record_of_event(const struct outbox_record *event, const char *source, struct record *record,
                     struct arena *arena);

#endif
