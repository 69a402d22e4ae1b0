/* glob - matching texts against globs, and decoding and encoding of path segments. */
#ifndef GATEWAY_ROUTING_GLOB_H
#define GATEWAY_ROUTING_GLOB_H

#include "base/arena.h"

#include <stdbool.h>

/* Whether the whole text matches the glob; `*` is any number of characters, `?` is one. */
bool glob_matches(const char *glob, const char *text, bool ignore_case);

/* The next byte of a segment, decoded, and the place after it; -1 at the segment's end (a slash or
   NUL). */
int path_byte(const char *path, const char **next);

/* Percent-encodes all characters that a segment may not contain. whole: it is a whole path, its
   slashes and escapes stay. */
const char *path_escape(struct arena *arena, const char *text, bool whole);

#endif
