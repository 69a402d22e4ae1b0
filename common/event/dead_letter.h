/* dead_letter - what becomes of an event that never can be applied: a record for the topic
   error.mall.GROUP, written into the outbox by the unit that counts the event as done.

   It has the record's key, value and headers, and says where it was and why: x-original-topic,
   -partition and -offset, x-exception-message. Its identity (ce_source, ce_id) is the event's; one
   without gets /GROUP and TOPIC/PARTITION/OFFSET, so that the same record makes the same letter
   however often it dies. */
#ifndef EVENT_DEAD_LETTER_H
#define EVENT_DEAD_LETTER_H

#include "event/event.h"

/* bare: without what the record brought, in case that cannot be kept. */
void dead_letter_write(struct unit *unit, const char *group, const struct event *event,
                       const char *why, bool bare);

#endif
