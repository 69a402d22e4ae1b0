/* What is said of a name that is not known. */
#include "mallctl/names.h"
#include "testing/check.h"

static const char *const commands[] = {"list", "add", "clear", NULL};

static void a_name_that_is_near_is_suggested(void)
{
        struct arena *arena = arena_open();

        check_text(names_hint(arena, "lst", commands), "; did you mean list?");
        check_text(names_hint(arena, "remove", commands), ": list, add, clear");
        arena_close(&arena);
}

static void a_list_reads_as_a_sentence(void)
{
        struct arena *arena = arena_open();

        check_text(names_list(arena, commands, "or"), "list, add or clear");
        check_text(names_list(arena, commands, "and"), "list, add and clear");
        check_text(names_list(arena, commands + 2, "or"), "clear");
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_name_that_is_near_is_suggested),
                STORY(a_list_reads_as_a_sentence),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
