/* filter_kinds - the tables of filters, by theme, each ended by a NULL name; and what several kinds
   need. */
#ifndef GATEWAY_ROUTING_FILTER_KINDS_H
#define GATEWAY_ROUTING_FILTER_KINDS_H

#include "gateway/routing/filter.h"
#include "gateway/routing/routes.h"

/* StripPrefix, PrefixPath, SetPath, RewritePath */
extern const struct filter_kind filter_path_kinds[];
/* AddRequestHeader to RemoveResponseHeader */
extern const struct filter_kind filter_header_kinds[];
/* RequestSize, SetStatus, RedirectTo */
extern const struct filter_kind filter_answer_kinds[];
/* A route has at most one of each of these; its own replaces a default one. */
extern const struct filter_kind filter_retry_kinds[], filter_breaker_kinds[],
        filter_limiter_kinds[];

/* definition_values for a filter. */
bool filter_values(const struct filter_place *place, const struct filter *filter,
                   const struct parameter *parameters, const char **values, struct error *error);
/* The items of a list argument, of `otherwise` if it was not given; ended by NULL. */
const char **filter_items(const struct filter_place *place, const struct filter *filter,
                          const char *list, const char *otherwise);
bool filter_statuses(const struct filter *filter, const char *const *texts,
                     struct statuses *statuses, struct error *error);
/* Whether it is the first of its kind in its list; else an error. */
bool filter_is_first(const struct filter_place *place, const struct filter *filter,
                     struct error *error);
/* Whether every pattern of the route's Path or of its Host has each {name} of the template, so that
   there always is a value; else an error. */
bool filter_template(const struct filter_place *place, struct filter *filter, const char *template,
                     struct error *error);

/* "Name key = 'value'", as Spring shows it. */
void filter_show_pair(const struct filter *filter, const char *key, const char *value,
                      struct text *out);

#endif
