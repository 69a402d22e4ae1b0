#include "gateway/routing/pattern.h"

#include "testing/check.h"

#include <stdio.h>

static struct {
        const char *pattern, *path;
        bool matches;
} const cases[] = {
        {"/orders/**", "/orders", true},
        {"/orders/**", "/orders/", true},
        {"/orders/**", "/orders/1", true},
        {"/orders/**", "/orders/1/order", true},
        {"/orders/**", "/ordersX", false},
        {"/orders/**", "/Orders", false},
        {"/orders/**", "/", false},
        {"/orders/**", "/x/orders", false},
        {"/orders/**", "/%6frders/1", true},
        {"/orders/**", "/orders%2F1", false},
        {"/orders/**", "orders", false},
        {"/**", "/", true},
        {"/**", "/any/thing", true},
        {"/", "/", true},
        {"/", "/a", false},
        {"/orders", "/orders/", true},
        {"/orders", "/orders/1", false},
        {"/orders/*", "/orders/1", true},
        {"/orders/*", "/orders", false},
        {"/orders/*", "/orders/1/2", false},
        {"/orders/{id}", "/orders/1", true},
        {"/orders/{id}/order", "/orders/1/order", true},
        {"/orders/{id}/order", "/orders/1/other", false},
        {"/{*rest}", "/a/b", true},
        {"/v?/*.json", "/v1/a.json", true},
        {"/v?/*.json", "/v12/a.json", false},
        {"/v?/*.json", "/v1/a.jsonx", false},
        {"/a*b*c", "/axxbxxbc", true},
        {"/a*b*c", "/axxbxx", false},
        {"/**/orders/**", "/shop/eu/orders/7", true},
        {"/**/orders/**", "/orders", true},
        {"/**/orders", "/orders/x/orders", true},
        {"/**/a/**/b", "/a/x/a/b", true},
        {"/**/a/**/b", "/x/b", false},
        {"/orders", "/order", false},
        {"/orders", "/orders2", false},
        {"/a%41", "/aA", false},
        {"/a%41", "/a%41", false}, /* which is aA */
        {"/a%41", "/a%2541", true},
        {"/주문/**", "/%EC%A3%BC%EB%AC%B8/1", true},
};

static void paths_match_as_spring_has_it(void)
{
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                const char *reason;
                const struct pattern *p = pattern_read(arena, cases[i].pattern, &reason);

                check(p != NULL);
                if (pattern_matches(p, cases[i].path) != cases[i].matches)
                        printf("%s on %s\n", cases[i].pattern, cases[i].path);
                check_int(pattern_matches(p, cases[i].path), cases[i].matches);
        }
        arena_close(&arena);
}

static void what_is_no_pattern_is_refused(void)
{
        static const char *const wrong[] = {"orders/**",  "",        "/{id:[0-9]+}",
                                            "/{id",       "/id}",    "/{}",
                                            "/{*rest}/x", "/{a{b}}", NULL};
        struct arena *arena = arena_open();
        const char *reason = NULL;

        for (int i = 0; wrong[i]; i++) {
                check(!pattern_read(arena, wrong[i], &reason));
                check(reason != NULL);
        }
        arena_close(&arena);
}

static void the_more_exact_pattern_weighs_more(void)
{
        struct arena *arena = arena_open();
        const char *reason;

        check(pattern_weight(pattern_read(arena, "/orders/**", &reason)) >
              pattern_weight(pattern_read(arena, "/**", &reason)));
        arena_close(&arena);
}

static void hosts_match_between_their_dots(void)
{
        static const struct {
                const char *pattern, *host;
                bool matches;
        } hosts[] = {
                {"**.somehost.org", "www.somehost.org", true},
                {"**.somehost.org", "a.b.somehost.org", true},
                {"**.somehost.org", "somehost.org", true},
                {"**.somehost.org", "www.somehost.org.evil", false},
                {"*.somehost.org", "WWW.SomeHost.ORG", true},
                {"*.somehost.org", "a.b.somehost.org", false},
                {"*.SOMEHOST.org", "www.somehost.org", true},
                {"*.somehost.org", "somehost.org", false},
                {"www.somehost.org", "www.somehost.org.", true},
                {"shop-?.kr", "shop-1.kr", true},
                {"{team}.shop.kr", "blue.shop.kr", true},
                {"localhost", "localhost", true},
                {"localhost", "", false},
                {"10.0.*.1", "10.0.7.1", true},
                {"a%2eb", "a.b", false},
        };
        struct arena *arena = arena_open();
        const char *reason;

        for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
                const struct pattern *p = pattern_read_host(arena, hosts[i].pattern, &reason);

                check(p != NULL);
                if (pattern_matches(p, hosts[i].host) != hosts[i].matches)
                        printf("%s on %s\n", hosts[i].pattern, hosts[i].host);
                check_int(pattern_matches(p, hosts[i].host), hosts[i].matches);
        }
        check(!pattern_read_host(arena, "a.kr:8080", &reason));
        check(!pattern_read_host(arena, "http://a.kr", &reason));
        check(!pattern_read_host(arena, "", &reason));
        arena_close(&arena);
}

static void variables_are_what_stands_in_their_place(void)
{
        static const struct {
                const char *pattern, *subject, *name, *value;
        } variables[] = {
                {"/orders/{id}", "/orders/17", "id", "17"},
                {"/orders/{id}/items/{item}", "/orders/17/items/b%2Fc", "item", "b%2Fc"},
                {"/orders/{id}", "/orders/a%20%EC%A3%BC", "id", "a%20%EC%A3%BC"},
                {"/orders/{id}", "/orders/17/", "id", "17"},
                {"/v{major}.{minor}", "/v1.2.3", "major",
                 "1.2"}, /* the first takes what it can, as in Spring */
                {"/v{major}.{minor}", "/v1.2.3", "minor", "3"},
                {"/{a}-{b}-{c}", "/x-y-z-u", "a", "x-y"},
                {"/{a}-{b}-{c}", "/x-y-z-u", "b", "z"},
                {"/{a}-{b}-{c}", "/x-y-z-u", "c", "u"},
                {"/{name}.*", "/a.b.c", "name", "a.b"},
                {"/{a}x?z", "/xyzxyz", "a", "xyz"},
                {"/**/orders/{id}", "/orders/1/orders/2", "id", "2"},
                {"/api/{*rest}", "/api/orders/1", "rest", "/orders/1"},
                {"/api/{*rest}", "/api", "rest", ""},
                {"/{x}/{*rest}", "/api/a%2Fb/", "rest", "/a%2Fb/"},
                {"/orders/{id}", "/orders/17", "none", NULL},
        };
        struct arena *arena = arena_open();
        const char *reason;

        for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
                const struct pattern *p = pattern_read(arena, variables[i].pattern, &reason);

                check(p != NULL && pattern_matches(p, variables[i].subject));
                check_text(pattern_variable(p, arena, variables[i].subject, variables[i].name),
                           variables[i].value);
                check_int(pattern_has_variable(p, variables[i].name), variables[i].value != NULL);
        }
        check_text(pattern_variable(pattern_read_host(arena, "{team}.**.kr", &reason), arena,
                                    "Blue.shop.kr", "team"),
                   "blue");
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(paths_match_as_spring_has_it),
                STORY(what_is_no_pattern_is_refused),
                STORY(the_more_exact_pattern_weighs_more),
                STORY(hosts_match_between_their_dots),
                STORY(variables_are_what_stands_in_their_place),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
