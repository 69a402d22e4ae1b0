/* regex - the regular expressions of Spring's files, which are Java's, as POSIX extended ones
   (regcomp).

   Known beside what both have: \d \w \s and their negations, \t, an escaped character that is no
   letter or digit, (?:...), (?<name>...), (?i) in front. Refused, with the reason: look-around,
   possessive and (where groups are taken from the match) lazy quantifiers, backreferences, \b \p \Q
   and their like, sets of sets, repeats above 100, patterns above 256 characters. Of alternatives
   the longest wins, not the first.

   regexec needs time with the square of a subject's length, so that subjects above REGEX_SUBJECT
   are refused: they match nothing, and regex_replace says so. Threads: any. */
#ifndef GATEWAY_ROUTING_REGEX_H
#define GATEWAY_ROUTING_REGEX_H

#include "base/arena.h"

#include <stdbool.h>

enum { REGEX_PATTERN = 256, REGEX_SUBJECT = 2048 };

struct regex;

/* For whole subjects. It becomes one of `owned`, which regexes_close ends. NULL: `reason` says
   why. */
const struct regex *regex_read(struct arena *arena, struct regex **owned, const char *java,
                               const char **reason);
/* For parts of subjects, and what is put in their place: $1, ${name} or $\{name} is a group's text,
   \x is x. */
const struct regex *regex_read_replace(struct arena *arena, struct regex **owned, const char *java,
                                       const char *replacement, const char **reason);
void regexes_close(struct regex **owned);

bool regex_matches(const struct regex *regex, const char *subject);
/* Java's replaceAll; NULL: the subject is too long. */
const char *regex_replace(const struct regex *regex, struct arena *arena, const char *subject);

#endif
