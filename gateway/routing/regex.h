/* regex - the regular expressions of Spring's files, which are Java's, matched by PCRE2.

   What PCRE2 reads as Java does is taken: groups and their names, look-around, lazy, possessive and
   atomic groups, backreferences, flags i, m and s, \b, \p of a general category, \Q...\E. What
   Java reads in another way, or not at all, is refused with its reason (regex_java.h). \d \w \s \b
   know ASCII only, as in Java. (?i) also makes letters beyond ASCII alike.

   Subjects are read as UTF-8, one that is not UTF-8 as Latin-1. A match is given up after
   REGEX_STEPS steps of backtracking, a replacement after REGEX_REPLACE_STEPS for all of the
   subject, both at 16 MiB of memory. That is a warning in the log, once for each expression.
   Threads: any. */
#ifndef GATEWAY_ROUTING_REGEX_H
#define GATEWAY_ROUTING_REGEX_H

#include "base/arena.h"

#include <stdbool.h>

/* A step takes 15 to 40 ns. */
enum { REGEX_STEPS = 200000, REGEX_REPLACE_STEPS = 10000000 };

/* Lives in the arena. */
struct regex;

/* For whole subjects. NULL: `reason` says why. */
const struct regex *regex_read(struct arena *arena, const char *java, const char **reason);
/* For parts of subjects, and what is put in their place: $1, ${name} or $\{name} is a group's text,
   \x is x. */
const struct regex *regex_read_replace(struct arena *arena, const char *java,
                                       const char *replacement, const char **reason);

/* A match that is given up is none. */
bool regex_matches(const struct regex *regex, struct arena *arena, const char *subject);
/* Java's replaceAll; NULL: given up. */
const char *regex_replace(const struct regex *regex, struct arena *arena, const char *subject);

#endif
