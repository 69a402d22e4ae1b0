/* suggest - what was probably meant by a name that does not exist. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

/* The name fewest slips away (a letter too many, missing, wrong, or two swapped) or the first that
   it begins, or NULL where all are too far to be a slip. names ends with NULL. */
const char *suggest(const char *wanted, const char *const *names);

#endif
