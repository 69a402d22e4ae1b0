/* pattern - patterns as Spring writes them, for paths and for hosts.

   `?` is one character, `*` any number of them inside one segment, `{name}` a segment or a part of
   it, `**` and, at the end, `{*name}` any number of segments, none too: /orders/ with `**` behind
   it matches /orders and all below, not /ordersX. A slash at the end does not matter. Segments are
   compared decoded, so that /%6frders is /orders and %2F separates nothing. A host's segments lie
   between its dots; its letters count in either case. */
#ifndef GATEWAY_ROUTING_PATTERN_H
#define GATEWAY_ROUTING_PATTERN_H

#include "base/arena.h"

#include <stdbool.h>

struct pattern;

/* NULL, and why, when it is no pattern. */
const struct pattern *pattern_read(struct arena *arena, const char *text, const char **reason);
const struct pattern *pattern_read_host(struct arena *arena, const char *text, const char **reason);
const char *pattern_text(const struct pattern *pattern);
/* `subject`: a raw path, or a host without its port. */
bool pattern_matches(const struct pattern *pattern, const char *subject);
/* The larger the more exact: how many characters are no wildcards. */
size_t pattern_weight(const struct pattern *pattern);

bool pattern_has_variable(const struct pattern *pattern, const char *name);
/* What {name} stands for in a subject that matches, escaped so that it can stand in a path; of
   {*name} it begins with a slash, or is empty. NULL: no such name. */
const char *pattern_variable(const struct pattern *pattern, struct arena *arena,
                             const char *subject, const char *name);

#endif
