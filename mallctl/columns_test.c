/* What no terminal should get is not printed. */
#include "mallctl/columns.h"

#include "testing/check.h"

static void what_moves_a_terminal_is_left_out(void)
{
        static const struct {
                const char *text, *clean;
        } rows[] = {
                {"TV 5", "TV 5"},
                {"텔레비전 – \xf0\x9f\x93\xba", "텔레비전 – \xf0\x9f\x93\xba"},
                {"a\x1b[31mb\n", "a?[31mb?"},
                {"a\xc2\x9b"
                 "31m",
                 "a?31m"}, /* CSI of C1 */
                {"a\xc2\xa0"
                 "b",
                 "a\xc2\xa0"
                 "b"}, /* a blank that does not break */
                {"a\xe2\x80\xae"
                 "b",
                 "a?b"}, /* U+202E: from right to left */
                {"a\xe2\x81\xa6"
                 "b",
                 "a?b"}, /* U+2066 */
                {"a\xd8\x9c"
                 "b",
                 "a?b"}, /* U+061C */
                {"a\xe2\x80", "a\xe2\x80"},
                {"a\xe2", "a\xe2"},
                {"a\xc2", "a\xc2"},
                {"", ""},
        };
        struct arena *arena = arena_open();

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                check_text(columns_clean(arena, rows[i].text), rows[i].clean);
        check(!columns_clean(arena, NULL));
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_moves_a_terminal_is_left_out),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
