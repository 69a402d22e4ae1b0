/* names - what is said of a name that is not known. */
#ifndef MALLCTL_NAMES_H
#define MALLCTL_NAMES_H

#include "base/arena.h"

#include <stdbool.h>

/* "; did you mean order?", or where none is near ": order, product". known ends with NULL. */
const char *names_hint(struct arena *arena, const char *wanted, const char *const *known);

/* Is it one of them? names ends with NULL. */
bool names_have(const char *const *names, const char *name);

/* "list, add or clear"; last: "or" */
const char *names_list(struct arena *arena, const char *const *names, const char *last);

#endif
