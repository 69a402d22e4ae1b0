/* filter_kinds - the tables of filter.c, by theme, each ended by a NULL name; and what several of
   them need. */
#ifndef GATEWAY_ROUTING_FILTER_KINDS_H
#define GATEWAY_ROUTING_FILTER_KINDS_H

#include "gateway/routing/filter.h"
#include "gateway/routing/routes.h"

extern const struct filter_kind
        filter_path_kinds[]; /* StripPrefix, PrefixPath, SetPath, RewritePath */
extern const struct filter_kind filter_header_kinds[]; /* Add, Set, Remove; Request, Response */
extern const struct filter_kind filter_answer_kinds[]; /* RequestSize, SetStatus, RedirectTo */
/* Of these a route has one each; one of its own takes the place of a default one. */
extern const struct filter_kind filter_retry_kinds[], filter_breaker_kinds[],
        filter_limiter_kinds[];

/* As definition_values. */
bool filter_values(const struct filter_place *place, const struct filter *filter,
                   const struct parameter *parameters, const char **values, struct error *error);
/* The items of a list argument, of `otherwise` if it was not given; ended by NULL. */
const char **filter_items(const struct filter_place *place, const struct filter *filter,
                          const char *list, const char *otherwise);
bool filter_statuses(const struct filter *filter, const char *const *texts,
                     struct statuses *statuses, struct error *error);
/* Whether no other of its kind stands in the same list. */
bool filter_is_first(const struct filter_place *place, const struct filter *filter,
                     struct error *error);
/* Whether each {name} in it is one that the route's Path or Host has, whichever of its patterns
   matched. */
bool filter_template(const struct filter_place *place, struct filter *filter, const char *template,
                     struct error *error);

/* "Name" and then " key = 'value'" as Spring's styler has them. */
void filter_show_pair(const struct filter *filter, const char *key, const char *value,
                      struct text *out);

#endif
