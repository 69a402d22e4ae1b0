/* path - checks a path before a route is chosen by it, and before it is sent.

   Servers read paths in different ways: some decode %2F and %5C into separators, some take a
   backslash for a separator, drop what follows a semicolon, skip empty segments or decode twice. We
   send the path byte for byte as it is. So an upstream must not read it as a path that we would
   have routed elsewhere. There are two questions about each path, whether a client sent it or
   filters made it:

   - path_check: does any reading have dot segments, or lead to /actuator or below?

   - path_reading: the reading that differs most from the raw path. If it leads to another route,
   the path is ambiguous and is refused. All other readings lie between these two.

   Pure functions. Sources: RFC 3986, sections 3.3 and 5.2.4; the behaviour of Tomcat, Jetty, Netty,
   nginx and Node's servers. */
#ifndef GATEWAY_ROUTING_PATH_H
#define GATEWAY_ROUTING_PATH_H

#include "base/arena.h"

/* 0: it may be sent; 400: it is not a path, or could be read as another one; 404: it could be read
   as /actuator, which is closed from outside. `why`: the reason, for people, if not 0. */
int path_check(struct arena *arena, const char *path, const char **why);

/* For a path that passed path_check: the path decoded, without parameters, empty segments and a
   decoded query, then escaped again for pattern_matches. Returns `path` itself if there is only one
   way to read it. */
const char *path_reading(struct arena *arena, const char *path);

#endif
