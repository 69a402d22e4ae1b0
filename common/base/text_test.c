#include "base/digits.h"

#include "base/text.h"
#include "testing/check.h"

#include <inttypes.h>
#include <stdio.h>

static void a_text_grows_by_any_piece(void)
{
        for (size_t room = 0; room < 12; room++) {
                struct arena *arena = arena_open();
                struct text t = text_open(arena, room);

                check_text(t.at, "");
                text_add(&t, "abcd", 4);
                text_add(&t, NULL, 0);
                text_string(&t, "");
                check_text(t.at, "abcd");
                arena_room(arena, 1); /* so that it cannot grow in place */
                text_char(&t, 'e');
                text_char(&t, '\0');
                text_string(&t, "fg");
                text_int(&t, -10);
                text_printf(&t, "%d", 7);
                check(t.len == 12 && memcmp(t.at, "abcde\0fg-107", 13) == 0);
                check(t.room >= t.len);
                arena_close(&arena);
        }
}

static void room_is_made_at_once(void)
{
        struct arena *arena = arena_open();
        struct text t = text_open(arena, 1);
        const char *at;

        text_char(&t, 'a');
        text_make_room(&t, 100);
        at = t.at;
        for (int i = 0; i < 100; i++)
                text_char(&t, 'b');
        check(t.at == at);
        arena_close(&arena);
}

static void digits_are_those_of_printf(void)
{
        static const int64_t numbers[] = {0, 7, 10, -1, 1234567890123, INT64_MAX, INT64_MIN};

        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
                char want[24], got[DIGITS_MOST + 1] = "";

                snprintf(want, sizeof want, "%" PRId64, numbers[i]);
                check_text(digits_before(got + DIGITS_MOST, numbers[i]), want);
        }
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_text_grows_by_any_piece),
                STORY(room_is_made_at_once),
                STORY(digits_are_those_of_printf),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
