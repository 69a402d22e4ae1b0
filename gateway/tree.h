/* tree - a settings file as Spring Boot understands it: YAML documents, each a tree of maps, lists and scalars.

   Names are compared as Boot does: corsConfigurations, cors-configurations and cors_configurations are one; a name in square
   brackets is taken as it stands. A dotted key (`spring.profiles: docker`) is the nested maps that it abbreviates.
   Anchors, aliases and `<<` are resolved. Refused with file and line: custom tags, a key given twice, an alias
   that contains itself, and what is too deep, too much, or unfolds beyond all measure. All of it lives in the arena. */
#ifndef GATEWAY_TREE_H
#define GATEWAY_TREE_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum tree_kind { TREE_SCALAR, TREE_LIST, TREE_MAP };

struct tree {
        enum tree_kind kind;
        const char *file;
        int line;
        const char *name; /* in a map: the key as written, without its brackets; else NULL */
        bool verbatim;    /* the name was in brackets */
        const char *text; /* a scalar's; NULL is null */
        struct tree *first, *last; /* of a list or map */
        struct tree *next;
};

/* The documents, linked by next; at least one. `file` is only for messages. */
struct tree *tree_read(struct arena *arena, const char *file, const char *text, size_t len, struct error *error);

struct tree *tree_member(const struct tree *map, const char *name);     /* NULL: none, or no map */
struct tree *tree_at(const struct tree *map, const char *path);         /* "spring.cloud.gateway" */
bool tree_is_named(const struct tree *member, const char *name);

/* Lays `above` over `below`: maps member by member, all else is replaced as a whole, lists too. */
void tree_merge(struct arena *arena, struct tree *below, const struct tree *above);

/* Replaces ${NAME} and ${NAME:default} in all scalars of `part`, from the environment (NAME, and for a.b-c also A_BC),
   then from the settings of `root` itself. */
bool tree_expand(struct arena *arena, struct tree *part, const struct tree *root, struct error *error);

/* A list of scalars, or one scalar with commas in it, as texts ended by NULL. */
bool tree_texts(struct arena *arena, const struct tree *tree, const char ***texts, struct error *error);

/* Whether all that was made of the file so far is still within measure, else an error: to be asked wherever a little text may
   become much. `at`: what it becomes so much of. */
bool tree_fits(const struct tree *at, const struct arena *arena, struct error *error);
/* Adds one to texts that are ended by NULL; linear, however many there are. */
void tree_add_text(struct arena *arena, const char ***texts, size_t *count, const char *text);

/* ERROR_BAD_INPUT "application.yml:12: ..." */
bool tree_error(const struct tree *at, struct error *error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
