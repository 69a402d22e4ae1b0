/* one_route - for tests: a route with the filters of a story, and a request that it takes. */
#ifndef GATEWAY_TESTING_ONE_ROUTE_H
#define GATEWAY_TESTING_ONE_ROUTE_H

#include "gateway/testing/route_text.h"

static struct routes *routes;
static struct headers received;
static struct asked asked;

/* predicates: the inside of a list; filters: "  - ..." lines. The route is the first; a second one,
   spare, is there for filters to name. */
static inline struct routes *read_route(const char *predicates, const char *filters)
{
        static char yaml[4096];

        snprintf(yaml, sizeof yaml,
                 "spring.cloud.gateway.routes:\n- id: a\n  uri: http://a\n  predicates: [%s]\n  "
                 "filters:\n%s\n"
                 "- {id: spare, uri: 'http://b', predicates: ['Host=*', Path=/spare/**, "
                 "Method=GET]}\n",
                 predicates, filters);
        return read_text(yaml);
}

static inline void take_route(struct routes *route, const char *path)
{
        routes_close(&routes);
        routes = good(route);
        received = (struct headers){.arena = routes->arena};
        asked = (struct asked){.arena = routes->arena,
                               .method = "GET",
                               .path = path,
                               .client = "10.0.0.7",
                               .headers = &received};
}

/* Its first filter. */
static inline const char *filter_shown(void)
{
        return shown(routes, &routes->at[0].filters[0]);
}

#endif
