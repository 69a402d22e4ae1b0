#include "gateway/match.h"

#include "base/check.h"

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

static void what_cannot_stand_in_a_path_is_escaped(void)
{
        struct arena *arena = arena_open();

        check_text(path_escape(arena, "a/b c%20?주", false), "a%2Fb%20c%2520%3F%EC%A3%BC");
        check_text(path_escape(arena, "/a/b c%20%zz?", true), "/a/b%20c%20%25zz%3F");
        check_text(path_escape(arena, "a-b_c.d~e:f@g;h=i,j+k", false), "a-b_c.d~e:f@g;h=i,j+k");
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                {"the first segment is told through disguises", the_first_segment_is_told_through_disguises},
                {"dot segments are told", dot_segments_are_told},
                {"globs match whole texts", globs_match_whole_texts},
                {"what cannot stand in a path is escaped", what_cannot_stand_in_a_path_is_escaped},
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
