/* path - how a path is read, before a route is chosen by it and before it goes out.

   Those behind us read paths in different ways: some decode %2F and %5C into separators, some take
   a backslash for one, drop what follows a semicolon, pass over empty segments, decode once more.
   What goes out is the path byte for byte as it is, so that nobody's reading may lead to where ours
   does not. Hence two questions about each path, a client's or one that filters made:
   - path_check: whether under some reading it has dot segments, or is /actuator or below;
   - path_reading: the reading that is furthest from the raw one. If that leads to another route,
     nobody knows which one is meant, and the path is refused.
   Between these two lie all others. Pure functions; sources: RFC 3986, sections 3.3 and 5.2.4; what
   Tomcat, Jetty, Netty, nginx and Node's servers do. */
#ifndef GATEWAY_ROUTING_PATH_H
#define GATEWAY_ROUTING_PATH_H

#include "base/arena.h"

/* 0: it may go out; 400: it is no path, or may be read as another one; 404: it may be read as
   /actuator, which nobody reaches through us. why: for people, if not 0. */
int path_check(struct arena *arena, const char *path, const char **why);

/* Of a path that passed: decoded, without parameters, empty segments and what would be a query,
   escaped again for pattern_matches. `path` itself where there is only one way to read it. */
const char *path_reading(struct arena *arena, const char *path);

#endif
