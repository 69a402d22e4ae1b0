/* route_text - for tests: reads routes from a text, and checks the error where they are wrong. */
#ifndef GATEWAY_TESTING_ROUTE_TEXT_H
#define GATEWAY_TESTING_ROUTE_TEXT_H

#include "gateway/routing/routes.h"
#include "testing/check.h"

#include <stdio.h>
#include <string.h>

#define UNDER_GATEWAY(yaml) "spring:\n  cloud:\n    gateway:\n" yaml
#define ONE_ROUTE                                                                                  \
        "      routes:\n      - id: a\n        uri: http://a:1\n        predicates: "              \
        "[Path=/a/**]\n"
/* With a breaker, a limiter and a default filter. */
#define SERVED_ROUTE                                                                               \
        "      default-filters: ['AddResponseHeader=X-A, 1']\n"                                    \
        "      routes:\n"                                                                          \
        "      - id: a\n"                                                                          \
        "        uri: http://a:1\n"                                                                \
        "        predicates: [Path=/a]\n"                                                          \
        "        filters:\n"                                                                       \
        "        - name: CircuitBreaker\n"                                                         \
        "          args: {name: shared, statusCodes: [500, 502], slidingWindowSize: 2, "           \
        "minimumNumberOfCalls: 2}\n"                                                               \
        "        - name: RequestRateLimiter\n"                                                     \
        "          args: {redis-rate-limiter.replenishRate: 1, key-resolver: client-address}\n"

static struct error error; /* of the last text */

static inline struct routes *read_profile(const char *yaml, const char *profile)
{
        error = (struct error){.kind = ERROR_NONE};
        return routes_read("r.yml", yaml, strlen(yaml), profile, &error);
}

static inline struct routes *read_text(const char *yaml)
{
        return read_profile(yaml, NULL);
}

static inline struct routes *good(struct routes *read)
{
        check_text(read ? "" : error.text, "");
        return read;
}

static inline struct routes *read_good(const char *yaml)
{
        return good(read_text(yaml));
}

/* A wrong text, and what its error must say. */
struct wrong {
        const char *text, *says;
};

static inline void check_wrong(const struct wrong *wrong, size_t count,
                               struct routes *(*read)(const char *text))
{
        for (size_t i = 0; i < count; i++) {
                struct routes *r = read(wrong[i].text);

                if (r)
                        printf("taken: %s\n", wrong[i].text);
                check(!r);
                check_int(error.kind, ERROR_BAD_INPUT);
                check_contains(error.text, "r.yml:");
                check_contains(error.text, wrong[i].says);
        }
}

static inline const char *shown(const struct routes *r, const struct filter *f)
{
        struct text out = text_open(r->arena, 64);

        f->kind->show(f, &out);
        return out.at;
}

#endif
