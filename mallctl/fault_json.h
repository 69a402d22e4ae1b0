/* fault_json - a fault on its way to an admin listener, and as it comes back. */
#ifndef MALLCTL_FAULT_JSON_H
#define MALLCTL_FAULT_JSON_H

#include "base/error.h"
#include "base/text.h"

#include <cJSON.h>
#include <stdbool.h>

/* {"kind":"http-latency","delay":"2s"}: begin it, add members, end it. */
struct text fault_json_begin(struct arena *arena, const char *kind);
void fault_json_add(struct text *json, const char *member, const char *value);
/* False: no daemon would take it, and the error names the member and says why. */
bool fault_json_end(struct text *json, struct error *error);

/* "POST /orders/{id}", "route orders", "DeliveryStarted of key 1"; "all" */
const char *fault_target(struct arena *arena, const cJSON *fault);
/* What is added to the error's text where the value of a time has no unit: "500" is 500 s, and
   500ms was meant. Else "". value may be NULL. */
const char *fault_unit_hint(struct arena *arena, const struct error *error, const char *value);

/* "p50 100ms, p99 2s", "status 500"; "" */
const char *fault_parameters(struct arena *arena, const cJSON *fault);
const char *fault_rate(struct arena *arena, const cJSON *fault);
/* "4m10s" until it ends, by this machine's clock; now_ms: Unix time */
const char *fault_rest(struct arena *arena, const cJSON *fault, int64_t now_ms);
/* "2m30s", "1.5s", "100ms" */
const char *fault_time(struct arena *arena, int64_t ms);

#endif
