/* glob - texts against globs, and what a raw path is when it is read decoded. */
#ifndef GATEWAY_ROUTING_GLOB_H
#define GATEWAY_ROUTING_GLOB_H

#include "base/arena.h"

#include <stdbool.h>

/* `*` and `?` over a whole text, ignoring case where asked to. */
bool glob_matches(const char *glob, const char *text, bool ignore_case);

/* One decoded byte of a segment, and what is behind it; -1 at its end (a slash or NUL). */
int path_byte(const char *path, const char **next);

/* Percent-encodes what cannot stand in a segment; of a whole path slashes and escapes stay. */
const char *path_escape(struct arena *arena, const char *text, bool whole);

#endif
