/* yaml - a settings file as Spring Boot understands it: YAML documents, each a tree of maps, lists
   and scalars.

   Names are compared as Boot does: corsConfigurations, cors-configurations and cors_configurations
   are the same; a name in square brackets is taken literally. A dotted key (`spring.profiles:
   docker`) becomes the nested maps that it abbreviates. Anchors, aliases and `<<` are resolved.
   Custom tags, a key given twice, an alias that contains itself, and files that exceed the limits
   in gateway/README.md are errors with file and line. All nodes live in the arena. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml {
        enum yaml_kind kind;
        const char *file;
        int line;
        const char *name; /* in a map: the key as written, without its brackets; else NULL */
        bool verbatim;    /* the name was in brackets */
        const char *text; /* of a scalar; NULL: null */
        struct yaml *first, *last; /* children of a list or map */
        struct yaml *next;
};

/* Returns the documents, linked by next; at least one. `file` is only used in messages. */
struct yaml *yaml_read(struct arena *arena, const char *file, const char *text, size_t len,
                       struct error *error);

struct yaml *yaml_member(const struct yaml *map,
                         const char *name); /* NULL: there is none, or it is no map */
struct yaml *yaml_at(const struct yaml *map, const char *path); /* "spring.cloud.gateway" */
bool yaml_is_named(const struct yaml *member, const char *name);

/* Merges `above` into `below` and lets it win. Maps are merged member by member; lists and scalars
   are replaced. */
void yaml_merge(struct arena *arena, struct yaml *below, const struct yaml *above);

/* Reads a list of scalars, or one scalar with commas in it, as texts ended by NULL. */
bool yaml_texts(struct arena *arena, const struct yaml *tree, const char ***texts,
                struct error *error);

/* Whether the memory taken for the file is still within its limit; else an error at `at`. Call it
   wherever a short text can become a long one. */
bool yaml_fits(const struct yaml *at, const struct arena *arena, struct error *error);
/* Adds one to texts that are ended by NULL, in constant time on average. */
void yaml_add_text(struct arena *arena, const char ***texts, size_t *count, const char *text);

/* Sets ERROR_BAD_INPUT "application.yml:12: ..." and returns false. */
bool yaml_error(const struct yaml *at, struct error *error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
