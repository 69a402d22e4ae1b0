/* definition - a predicate or filter as it is written in the routes file: `Path=/a,/b` (the short
   form) or a map of name and args (the long form). */
#ifndef GATEWAY_CONFIG_DEFINITION_H
#define GATEWAY_CONFIG_DEFINITION_H

#include "base/yaml.h"

struct argument {
        const char *name; /* "_genkey_0" in the short form, as Spring shows it; "backoff.factor" in
                             nested maps */
        const char *value;
};

/* Whether it comes from the short form, where its place says what it is for. */
bool argument_is_positional(const struct argument *argument);

struct definition {
        const struct yaml *at;
        const char *name;
        struct argument *arguments;
        size_t count;
};

bool definition_read(struct arena *arena, const struct yaml *at, struct definition *definition,
                     struct error *error);

/* An argument that a predicate or filter takes; in the order of the short form. */
struct parameter {
        const char *name;
        enum {
                REQUIRED,
                OPTIONAL,
                LIST
        } need; /* LIST: optional; the long form may give several values */
};

/* The values in the order of `parameters` (ended by a NULL name). NULL: an optional one is not
   given. The items of a list are joined by commas. Any other argument is an error. */
bool definition_values(struct arena *arena, const struct definition *definition,
                       const struct parameter *parameters, const char **values,
                       struct error *error);

/* The value as a YAML scalar, for value_duration and the other readers of value.h. */
struct yaml definition_scalar(const struct definition *definition, const char *name,
                              const char *value);

/* Sets the error for an unknown name, with the known ones (ended by NULL). */
bool definition_unknown(const struct definition *definition, const char *what,
                        const char *const *known, struct error *error);

#endif
