/* target - the request target as sent, taken apart into path and query, or refused.

   Refused with 400: control characters, blanks, bytes beyond ASCII, '#', malformed escapes, %00,
   and segments "." and ".." in any spelling, because a server behind us may resolve them to another
   path than the one we routed. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct request_target {
        /* path and query as sent: of http://host/path?query the part after the host */
        const char *raw;
        const char *path;  /* raw, begins with '/', or is "*" */
        const char *query; /* raw; NULL: none */
};

/* Why it is refused, or NULL. host is for the absolute form (http://host/path), which must name the
   same one. */
const char *target_read(struct request_target *target, struct arena *arena, const char *raw,
                        const char *method, const char *host);

#endif
