/* match - path patterns as Spring writes them.

   `?` is one character, `*` any number of them inside one segment, `{name}` a segment, `**` and `{*name}` any number of
   segments, none too: /orders/ with `**` behind it matches /orders and all below, not /ordersX. A slash at the end does
   not matter. Segments are compared decoded, so that /%6frders is /orders and %2F separates nothing. */
#ifndef GATEWAY_MATCH_H
#define GATEWAY_MATCH_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct pattern;

/* NULL, and why, when it is no pattern. */
const struct pattern *pattern_read(struct arena *arena, const char *text, const char **reason);
const char *pattern_text(const struct pattern *pattern);
bool pattern_matches(const struct pattern *pattern, const char *path);
/* The larger the more exact: how many characters are no wildcards. */
size_t pattern_weight(const struct pattern *pattern);

/* `*` and `?` over a whole text, ignoring case where asked to. */
bool glob_matches(const char *glob, const char *text, bool ignore_case);

/* Whether a decoded segment of the path, its first non-empty one, is `name` (";x" behind it does not count). */
bool path_begins_with(const char *path, const char *name);
/* Whether a segment, decoded, is "." or "..". */
bool path_has_dots(const char *path);

#endif
