#include "gateway/routing/filter_kinds.h"

#include <string.h>

enum { MOST_KINDS = 48 };

bool filter_read(const struct filter_place *place, const struct yaml *at, struct filter *f,
                 struct error *error)
{
        static const struct filter_kind *const tables[] = {filter_path_kinds,
                                                           filter_header_kinds,
                                                           filter_answer_kinds,
                                                           filter_retry_kinds,
                                                           filter_breaker_kinds,
                                                           filter_limiter_kinds,
                                                           NULL};
        const char *names[MOST_KINDS + 1] = {NULL};
        size_t count = 0;

        if (!definition_read(place->routes->arena, at, &f->definition, error))
                return false;
        for (int t = 0; tables[t]; t++)
                for (const struct filter_kind *kind = tables[t]; kind->name; kind++) {
                        if (count < MOST_KINDS)
                                names[count++] = kind->name;
                        if (strcmp(kind->name, f->definition.name) == 0) {
                                f->kind = kind;
                                return kind->read(place, f, error);
                        }
                }
        return definition_unknown(&f->definition, "filter", names, error);
}
