/* regex_java - Java's notation where PCRE2's is another.

   PCRE2 silently reads [a&&b], [a[b]], \10, {x}, \p{Lower} and some others in its own way, and
   knows much that Java does not. */
#ifndef GATEWAY_ROUTING_REGEX_JAVA_H
#define GATEWAY_ROUTING_REGEX_JAVA_H

#include "base/arena.h"

/* The expression for PCRE2, which finds all other faults. NULL: `reason` says why not. */
const char *regex_java(struct arena *arena, const char *java, const char **reason);

#endif
