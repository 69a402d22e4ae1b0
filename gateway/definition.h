/* definition - a predicate or filter as the routes file has it: `Path=/a,/b` or a map of name and args. */
#ifndef GATEWAY_DEFINITION_H
#define GATEWAY_DEFINITION_H

#include "gateway/tree.h"

struct argument {
        const char *name; /* "_genkey_0" in the short form, as Spring shows it */
        const char *value;
};

struct definition {
        const struct tree *at;
        const char *name;
        struct argument *arguments;
        size_t count;
};

bool definition_read(struct arena *arena, const struct tree *at, struct definition *definition, struct error *error);

/* The arguments' values in the order of `names` (ended by NULL), all of them required and no others allowed;
   the short form gives them by position. */
bool definition_values(const struct definition *definition, const char *const *names, const char **values,
                       struct error *error);

/* The error for a name that its table lacks, with those it has (ended by NULL). */
bool definition_unknown(const struct definition *definition, const char *what, const char *const *known,
                        struct error *error);

#endif
