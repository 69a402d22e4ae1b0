/* pattern - Spring's patterns for paths and for hosts.

   `?` is one character, `*` any number of characters inside a segment, `{name}` a segment or a part
   of one, `**` and, at the end, `{*name}` any number of segments, even none: /orders/ followed by
   `**` matches /orders and all below, but not /ordersX. A slash at the end makes no difference.
   Segments are compared decoded: /%6frders equals /orders, and %2F separates nothing. A host's
   segments lie between its dots; case makes no difference. */
#ifndef GATEWAY_ROUTING_PATTERN_H
#define GATEWAY_ROUTING_PATTERN_H

#include "base/arena.h"

#include <stdbool.h>

struct pattern;

/* NULL: it is not a pattern, and `reason` says why. */
const struct pattern *pattern_read(struct arena *arena, const char *text, const char **reason);
const struct pattern *pattern_read_host(struct arena *arena, const char *text, const char **reason);
const char *pattern_text(const struct pattern *pattern);
/* `subject`: a raw path, or a host without its port. */
bool pattern_matches(const struct pattern *pattern, const char *subject);
/* How many characters are not wildcards: the larger, the more exact. */
size_t pattern_weight(const struct pattern *pattern);

bool pattern_has_variable(const struct pattern *pattern, const char *name);
/* The value of {name} in a subject that matches, escaped for use in a path. The value of {*name} is
   empty or begins with a slash. NULL: there is no such name. */
const char *pattern_variable(const struct pattern *pattern, struct arena *arena,
                             const char *subject, const char *name);

#endif
