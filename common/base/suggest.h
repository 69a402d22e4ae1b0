/* suggest - what was probably meant by a name that does not exist. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

/* The name with the fewest slips (a letter too many, missing or wrong, or two swapped), or the
   first name that begins with it; NULL if none is near. names ends with NULL. */
const char *suggest(const char *wanted, const char *const *names);

#endif
