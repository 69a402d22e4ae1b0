/* messaging - what a span says of a record on the bus. Source: OpenTelemetry, semantic conventions
   for messaging, Kafka and CloudEvents. */
#ifndef EVENT_MESSAGING_H
#define EVENT_MESSAGING_H

#include "base/span.h"

#include <stddef.h>

/* The texts must live until the span's end; NULL, 0: none. */
struct messaging {
        const char *system; /* "kafka", or "mall_log" */
        const char *topic;
        const char *operation, *kind; /* "publish" and "send", or "process" and "process" */
        const char *key, *id, *source, *type;
};

/* Of the bus at that URL, and its own topic, whose text is the URL's. */
const char *messaging_system(const char *bus_url);
const char *messaging_topic(const char *bus_url);
void messaging_tell(struct span *span, const struct messaging *messaging);

#endif
