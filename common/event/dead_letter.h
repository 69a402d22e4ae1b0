/* dead_letter - an event that can never be applied becomes a record for the topic error.mall.GROUP.
   The unit that marks the event as done writes it to the outbox.

   It has the event's key, value and headers, and says where the event was and why it failed:
   x-original-topic, -partition and -offset, x-exception-message. Its identity (ce_source, ce_id)
   is the event's. If the event has none, the letter gets /GROUP and TOPIC/PARTITION/OFFSET, so
   that the same record makes the same letter each time. */
#ifndef EVENT_DEAD_LETTER_H
#define EVENT_DEAD_LETTER_H

#include "event/event.h"

/* bare: without the event's key, value and headers, in case these cannot be stored. */
void dead_letter_write(struct unit *unit, const char *group, const struct event *event,
                       const char *why, bool bare);

#endif
