#include "gateway/match.h"

#include "base/check.h"

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
        static const char *const wrong[] = {"orders/**", "", "/{id:[0-9]+}", "/{id", "/id}", NULL};
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

        check(pattern_weight(pattern_read(arena, "/orders/**", &reason)) > pattern_weight(pattern_read(arena, "/**", &reason)));
        arena_close(&arena);
}

static void the_first_segment_is_told_through_disguises(void)
{
        check(path_begins_with("/actuator", "actuator"));
        check(path_begins_with("/actuator/health", "actuator"));
        check(path_begins_with("//actuator/health", "actuator"));
        check(path_begins_with("/%61ctuato%72/health", "actuator"));
        check(path_begins_with("/actuator;a=b/health", "actuator"));
        check(path_begins_with("/actuator%2Fhealth", "actuator"));
        check(!path_begins_with("/actuators", "actuator"));
        check(!path_begins_with("/actuato", "actuator"));
        check(!path_begins_with("/orders/actuator", "actuator"));
        check(!path_begins_with("/", "actuator"));
}

static void dot_segments_are_told(void)
{
        check(path_has_dots("/orders/../actuator"));
        check(path_has_dots("/orders/%2e%2E/actuator"));
        check(path_has_dots("/./orders"));
        check(path_has_dots("/orders/.."));
        check(!path_has_dots("/orders/..."));
        check(!path_has_dots("/orders/.well-known"));
        check(!path_has_dots("/a..b"));
        check(!path_has_dots("/"));
}

static void globs_match_whole_texts(void)
{
        check(glob_matches("https://*.shop.kr", "https://www.shop.kr", true));
        check(glob_matches("https://*.shop.kr", "https://WWW.SHOP.KR", true));
        check(!glob_matches("https://*.shop.kr", "https://shop.kr", true));
        check(!glob_matches("https://*.shop.kr", "https://www.shop.kr.evil.org", true));
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"paths match as Spring has it", paths_match_as_spring_has_it},
                {"what is no pattern is refused", what_is_no_pattern_is_refused},
                {"the more exact pattern weighs more", the_more_exact_pattern_weighs_more},
                {"the first segment is told through disguises", the_first_segment_is_told_through_disguises},
                {"dot segments are told", dot_segments_are_told},
                {"globs match whole texts", globs_match_whole_texts},
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
