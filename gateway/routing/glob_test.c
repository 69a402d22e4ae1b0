#include "gateway/routing/glob.h"

#include "testing/check.h"

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
                STORY(globs_match_whole_texts),
                STORY(what_cannot_stand_in_a_path_is_escaped),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
