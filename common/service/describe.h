/* describe - what a daemon is, as JSON: the answer to --describe, and the part "mall" of
   /actuator/info.

   {"name", "summary", "port",
    "collections": [{"path": "/orders", "entity": "order", "readOnly", "listed", "searches": []}],
    "hears": ["DeliveryStarted", ...], "says": ["Orderplaced", ...],
    "settings": [{"name", "variable", "spring", "flag", "type", "choices", "default",
                  "dockerDefault", "meaning"}],
    "metrics": [{"name", "type", "labels": [], "unit", "meaning"}]}

   Scripts ask this instead of naming ports, paths and events themselves. */
#ifndef SERVICE_DESCRIBE_H
#define SERVICE_DESCRIBE_H

#include "service/daemon.h"

#include <stdio.h>

struct text;

/* settings: all of them, as settings_of has them. */
void describe(const struct daemon *daemon, const struct setting *settings, FILE *out);

/* {"store": "sqlite" or "postgresql", "bus": "log" or "kafka", "collections", "hears", "says"}, the
   last three as above but without searches; a daemon that has no store or no bus names none. */
void describe_mall(const struct daemon *daemon, const struct config *config, struct text *out);

#endif
