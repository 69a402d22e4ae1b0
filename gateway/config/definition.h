/* definition - a predicate or filter as the routes file has it: `Path=/a,/b` or a map of name and
   args. */
#ifndef GATEWAY_CONFIG_DEFINITION_H
#define GATEWAY_CONFIG_DEFINITION_H

#include "gateway/config/yaml.h"

struct argument {
        const char *name; /* "_genkey_0" in the short form, as Spring shows it; "backoff.factor" of
                             a map in a map */
        const char *value;
};

/* Of the short form, where order decides. */
bool argument_is_positional(const struct argument *argument);

struct definition {
        const struct yaml *at;
        const char *name;
        struct argument *arguments;
        size_t count;
};

bool definition_read(struct arena *arena, const struct yaml *at, struct definition *definition,
                     struct error *error);

/* What a kind takes, in the order of the short form. */
struct parameter {
        const char *name;
        enum {
                REQUIRED,
                OPTIONAL,
                LIST
        } need; /* LIST: optional, and may be several in the long form */
};

/* The arguments' values in the order of `parameters` (ended by a NULL name); NULL where an optional
   one is not given, a list's items joined by commas. No others are allowed. */
bool definition_values(struct arena *arena, const struct definition *definition,
                       const struct parameter *parameters, const char **values,
                       struct error *error);

/* A value as a scalar of the file, for value_duration and its like. */
struct yaml definition_scalar(const struct definition *definition, const char *name,
                              const char *value);

/* The error for a name that its table lacks, with those it has (ended by NULL). */
bool definition_unknown(const struct definition *definition, const char *what,
                        const char *const *known, struct error *error);

#endif
