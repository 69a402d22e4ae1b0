#include "gateway/testing/route_text.h"

/* A file of one route with those predicates, `- ...` lines between commas. */
static struct routes *route_with(const char *predicates)
{
        static char yaml[1024];

        snprintf(yaml, sizeof yaml,
                 "spring.cloud.gateway.routes:\n- id: a\n  uri: http://a\n  predicates:\n%s",
                 predicates);
        return read_text(yaml);
}

struct a_case {
        const char *predicate, *method, *target, *header, *value;
        bool holds;
};

static bool takes(const struct routes *r, const struct a_case *c)
{
        char path[128];
        const char *query = strchr(c->target, '?');
        struct headers headers = {.arena = r->arena};
        struct asked asked = {.arena = r->arena,
                              .method = c->method,
                              .path = path,
                              .query = query ? query + 1 : NULL,
                              .headers = &headers};

        snprintf(path, sizeof path, "%.*s", (int)strcspn(c->target, "?"), c->target);
        headers_add(&headers, "Accept", "*/*");
        if (c->header)
                headers_add(&headers, c->header, c->value);
        return routes_find(r, &asked) != NULL;
}

static void check_cases(const struct a_case *c)
{
        for (; c->predicate; c++) {
                struct routes *r = good(route_with(c->predicate));

                if (takes(r, c) != c->holds)
                        printf("%s on %s %s %s: %s\n", c->predicate, c->method, c->target,
                               c->header ? c->header : "", c->value ? c->value : "");
                check_int(takes(r, c), c->holds);
                routes_close(&r);
        }
}

static void path_and_method(void)
{
        static const struct a_case cases[] = {
                {"  - Path=/a/{id},/b/**", "GET", "/a/1", NULL, NULL, true},
                {"  - Path=/a/{id},/b/**", "GET", "/b/x/y", NULL, NULL, true},
                {"  - Path=/a/{id},/b/**", "GET", "/a/1/2", NULL, NULL, false},
                {"  - Path=/a,true", "GET", "/a/", NULL, NULL, true},
                {"  - name: Path\n    args: {pattern: /a, matchTrailingSlash: true}", "GET", "/a",
                 NULL, NULL, true},
                {"  - Method=GET,post", "POST", "/", NULL, NULL, true},
                {"  - Method=GET,post", "PUT", "/", NULL, NULL, false},
                {"  - name: Method\n    args: {methods: [PUT, PATCH]}", "PATCH", "/", NULL, NULL,
                 true},
                {"  - Path=/a\n  - Method=GET", "GET", "/a", NULL, NULL, true}, /* all must hold */
                {"  - Path=/a\n  - Method=GET", "GET", "/b", NULL, NULL, false},
                {"  - Path=/a\n  - Method=GET", "PUT", "/a", NULL, NULL, false},
                {NULL},
        };

        check_cases(cases);
}

static void host(void)
{
        static const struct a_case cases[] = {
                {"  - Host=**.shop.kr,localhost", "GET", "/", "Host", "www.shop.kr", true},
                {"  - Host=**.shop.kr,localhost", "GET", "/", "host", "WWW.SHOP.KR:8088", true},
                {"  - Host=**.shop.kr,localhost", "GET", "/", "Host", "localhost:1", true},
                {"  - Host=**.shop.kr,localhost", "GET", "/", "Host", "shop.kr.evil.org", false},
                {"  - Host=**.shop.kr,localhost", "GET", "/", NULL, NULL, false},
                {"  - name: Host\n    args: {patterns: '**.shop.kr'}", "GET", "/", "Host",
                 "a.b.shop.kr", true},
                {NULL},
        };

        check_cases(cases);
}

static void header(void)
{
        static const struct a_case cases[] = {
                {"  - Header=X-Request-Id, \\d+", "GET", "/", "x-request-id", "17", true},
                {"  - Header=X-Request-Id, \\d+", "GET", "/", "X-Request-Id", "17a", false},
                {"  - Header=X-Request-Id, \\d+", "GET", "/", NULL, NULL, false},
                {"  - Header=X-Request-Id", "GET", "/", "X-Request-Id", "", true},
                {"  - Header=X-Request-Id", "GET", "/", "X-Request", "1", false},
                {"  - name: Header\n    args: {header: X-Code, regexp: '[a-z]{1,3}'}", "GET", "/",
                 "X-Code", "abc", true},
                {"  - name: Header\n    args: {header: X-Code, regexp: '[a-z]{1,3}'}", "GET", "/",
                 "X-Code", "abcd", false},
                {NULL},
        };

        check_cases(cases);
}

static void query(void)
{
        static const struct a_case cases[] = {
                {"  - Query=green", "GET", "/?green", NULL, NULL, true},
                {"  - Query=green", "GET", "/?a=1&green=2", NULL, NULL, true},
                {"  - Query=green", "GET", "/?%67reen=2", NULL, NULL, true},
                {"  - Query=green", "GET", "/?greens=2", NULL, NULL, false},
                {"  - Query=green", "GET", "/", NULL, NULL, false},
                {"  - Query=red, gree.", "GET", "/?red=green", NULL, NULL, true},
                {"  - Query=red, gree.", "GET", "/?red=blue&red=greet", NULL, NULL,
                 true}, /* one of them */
                {"  - Query=red, gree.", "GET", "/?red=greens", NULL, NULL, false},
                {"  - Query=red, a b", "GET", "/?red=a+b", NULL, NULL, true},
                {"  - Query=red, a b", "GET", "/?red=a%20b", NULL, NULL, true},
                {"  - Query=red, .*", "GET", "/?red", NULL, NULL, false}, /* no value at all */
                {"  - Query=red, .*", "GET", "/?red=", NULL, NULL, true},
                {"  - name: Query\n    args: {param: red, regexp: 'a{1,2}'}", "GET", "/?red=aa",
                 NULL, NULL, true},
                {NULL},
        };

        check_cases(cases);
}

static void they_are_shown_as_spring_does(void)
{
        static const struct {
                const char *predicates, *shown;
        } cases[] = {
                {"  - Path=/a/**,/b", "Paths: [/a/**, /b], match trailing slash: true"},
                {"  - Host=**.a.kr,b.kr", "Hosts: [**.a.kr, b.kr]"},
                {"  - Method=get,PUT", "Methods: [GET, PUT]"},
                {"  - Header=X-A, \\d+", "Header: X-A regexp=\\d+"},
                {"  - Header=X-A", "Header: X-A regexp=null"},
                {"  - Query=red, gree.", "Query: param=red regexp=gree."},
                {"  - Query=red", "Query: param=red regexp=null"},
                {"  - Weight=group1, 8", "Weight: group1 8"},
                {"  - Path=/a\n  - Method=GET",
                 "(Paths: [/a], match trailing slash: true && Methods: [GET])"},
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct routes *r = good(route_with(cases[i].predicates));
                struct text shown;

                shown = text_open(r->arena, 64);
                route_show_predicates(&r->at[0], &shown);
                check_text(shown.at, cases[i].shown);
                routes_close(&r);
        }
}

static void what_is_wrong_is_named(void)
{
        static const struct wrong wrong[] = {
                {"  - Path=", "r.yml:5: Path wants a pattern"},
                {"  - Path=/a,false", "Path: matchTrailingSlash=false is not supported"},
                {"  - Path=/{id:\\d+}", "no regular expressions"},
                {"  - name: Path\n    args: {path: /a}", "r.yml:5: Path has no argument path"},
                {"  - Host=", "Host wants a pattern"},
                {"  - Host=a.kr:80", "Host=a.kr:80: a host pattern has neither"},
                {"  - Method=", "Method wants a method"},
                {"  - name: Method\n    args: {verb: GET}", "Method has no argument verb"},
                {"  - Header=", "Header lacks its argument header"},
                {"  - Header=X, [a&&b]",
                 "r.yml:5: Header: the regular expression [a&&b]: sets in sets"},
                {"  - Header=X, a{1,3}", "Header takes 2 arguments, not 3; with name and args"},
                {"  - name: Query\n    args: {param: [a, b]}", "Query: param wants one value"},
                {"  - Query=a, [", "[ without its ]"},
                {"  - Weight=g", "Weight lacks its argument weight"},
                {"  - Weight=g, -1", "Weight wants a number from 0 to 1000000, not -1"},
                {"  - Cookie=a, b", "the predicate Cookie is not supported; these are: Path, Host, "
                                    "Method, Header, Query, Weight"},
        };

        check_wrong(wrong, sizeof wrong / sizeof *wrong, route_with);
}

/* How many of a thousand evenly drawn numbers each route gets. */
static void count_shares(const struct routes *r, int64_t *shares)
{
        struct headers none = {.arena = r->arena};

        memset(shares, 0, (r->count + 1) * sizeof *shares);
        for (uint64_t i = 0; i < 1000; i++) {
                struct asked asked = {.arena = r->arena,
                                      .method = "GET",
                                      .path = "/",
                                      .headers = &none,
                                      .random = i * (UINT64_MAX / 1000) + UINT64_MAX / 2000};
                const struct route *route = routes_find(r, &asked);

                shares[route ? route - r->at : (ptrdiff_t)r->count]++;
        }
}

static struct routes *weighted(const char *rest)
{
        static char yaml[1024];

        snprintf(yaml, sizeof yaml,
                 "spring.cloud.gateway.routes:\n"
                 "- {id: big, uri: 'http://a', predicates: ['Weight=g, 8', Path=/**]}\n"
                 "- {id: small, uri: 'http://b', predicates: [{name: Weight, args: {weight.group: "
                 "g, weight.weight: 2}}]}\n%s",
                 rest);
        return read_good(yaml);
}

static void weights_give_exact_shares(void)
{
        struct routes *r = weighted("");
        int64_t shares[8];

        count_shares(r, shares);
        check_int(shares[0], 800);
        check_int(shares[1], 200);
        check_int(shares[2], 0);
        routes_close(&r);
}

/* The dice are thrown before it is known whether the rest of the route holds, as in Spring. */
static void who_is_chosen_and_does_not_hold_leaves_a_gap(void)
{
        struct routes *r = weighted(
                "- {id: never, uri: 'http://c', predicates: ['Weight=g, 10', Path=/never]}\n"
                "- {id: zero, uri: 'http://d', predicates: ['Weight=g, 0']}\n");
        int64_t shares[8];

        count_shares(r, shares);
        check_int(shares[0], 400);
        check_int(shares[1], 100);
        check_int(shares[2], 0);
        check_int(shares[3], 0);
        check_int(shares[4], 500);
        routes_close(&r);
}

static void groups_throw_dice_of_their_own(void)
{
        struct routes *r = weighted("- {id: h1, uri: 'http://c', order: -1, predicates: "
                                    "['Weight=h, 1', 'Weight=i, 1']}\n"
                                    "- {id: h2, uri: 'http://c', order: -1, predicates: "
                                    "['Weight=h, 1', 'Weight=i, 1']}\n");
        int64_t shares[8];

        check_text(r->at[0].id, "h1");
        count_shares(r, shares);
        check(shares[0] > 200 && shares[0] < 300); /* half of a half */
        check(shares[1] > 200 && shares[1] < 300);
        check(shares[2] > 350 && shares[2] < 450);
        check_int(shares[4], 0);
        routes_close(&r);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(path_and_method),
                STORY(host),
                STORY(header),
                STORY(query),
                STORY(they_are_shown_as_spring_does),
                STORY(what_is_wrong_is_named),
                STORY(weights_give_exact_shares),
                STORY(who_is_chosen_and_does_not_hold_leaves_a_gap),
                STORY(groups_throw_dice_of_their_own),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
