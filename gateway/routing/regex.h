/* regex - the regular expressions of Spring's files, which are Java's, matched by PCRE2.

   PCRE2 reads most of Java's notation as Java does: groups and their names, look-around, lazy,
   possessive and atomic groups, backreferences, the flags i, m and s, \b, \p of a general category,
   \Q...\E. An expression that Java reads in another way, or not at all, is refused with a reason
   (regex_java.h). \d, \w, \s and \b know ASCII only, as in Java (\b since 19). Unlike in Java, (?i)
   ignores the case of letters beyond ASCII too.

   Subjects are read as UTF-8, or as Latin-1 if they are not UTF-8. A match is given up after
   REGEX_STEPS steps of backtracking, fewer for long subjects (REGEX_SCAN), a replacement after
   REGEX_REPLACE_STEPS steps for the whole subject, both at 16 MiB of memory. The log warns once for
   each expression.
   Threads: any. */
#ifndef GATEWAY_ROUTING_REGEX_H
#define GATEWAY_ROUTING_REGEX_H

#include "base/arena.h"

#include <stdbool.h>

/* A step takes 15 to 40 ns, and 0.2 ns more for each byte that it passes over, which may be the
   rest of the subject: hence steps times bytes have a limit too. */
enum { REGEX_STEPS = 200000, REGEX_SCAN = 100000000, REGEX_REPLACE_STEPS = 4000000 };

/* Lives in the arena. */
struct regex;

/* For whole subjects. NULL: `reason` says why. */
const struct regex *regex_read(struct arena *arena, const char *java, const char **reason);
/* For parts of subjects, and what is put in their place: $1, ${name} or $\{name} is a group's text,
   \x is x. */
const struct regex *regex_read_replace(struct arena *arena, const char *java,
                                       const char *replacement, const char **reason);

/* A match that is given up is none. `subjects`: how many of one request share the steps. */
bool regex_matches(const struct regex *regex, struct arena *arena, const char *subject,
                   size_t subjects);
/* Java's replaceAll; NULL: given up. */
const char *regex_replace(const struct regex *regex, struct arena *arena, const char *subject);

#endif
