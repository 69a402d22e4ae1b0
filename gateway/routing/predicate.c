#include "gateway/routing/predicate_kinds.h"

#include "gateway/routing/routes.h"

#include <string.h>

enum { MOST_KINDS = 32 };

bool predicate_read(struct routes *routes, const struct yaml *at, struct predicate *p,
                    struct error *error)
{
        static const struct predicate_kind *const tables[] = {predicate_target_kinds,
                                                              predicate_value_kinds, NULL};
        const char *names[MOST_KINDS + 1] = {NULL};
        size_t count = 0;

        if (!definition_read(routes->arena, at, &p->definition, error))
                return false;
        for (int t = 0; tables[t]; t++)
                for (const struct predicate_kind *kind = tables[t]; kind->name; kind++) {
                        if (count < MOST_KINDS)
                                names[count++] = kind->name;
                        if (strcmp(kind->name, p->definition.name) == 0) {
                                p->kind = kind;
                                return kind->read(routes, p, error);
                        }
                }
        return definition_unknown(&p->definition, "predicate", names, error);
}
