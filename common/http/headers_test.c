#include "http/headers.h"

#include "http/header_kinds.h"
#include "testing/check.h"

#include <stdio.h>

static struct arena *arena;

static struct headers list(const char *const *names)
{
        struct headers h = {.arena = (arena_close(&arena), arena = arena_open())};

        for (int i = 0; names[i]; i++)
                headers_add(&h, names[i], arena_printf(arena, "%d", i));
        return h;
}

static void a_field_is_known_when_it_is_added(void)
{
        struct http_header f = header_whole("X-forwarded-HOST", "gw:1");

        check_text(f.name, "X-forwarded-HOST");
        check_text(f.value, "gw:1");
        check_int(f.name_len, 16);
        check_int(f.value_len, 4);
        check_int(f.kinds, HEADER_WRITTEN);
        check_int(header_whole("X-Any", "").kinds, 0);
        check_int(header_whole("X-Any", "").value_len, 0);
}

static void a_name_is_itself_in_any_case_and_no_other(void)
{
        struct http_header f = header_whole("Accept", "1"), unread = {"Accept", "1"};

        check(header_is(&f, "aCCEPT", 6));
        check(header_is(&f, "Accept-Encoding", 6));
        check(!header_is(&f, "Accept", 5));
        check(!header_is(&f, "Accept-", 7));
        check(!header_is(&f, "Accepz", 6));
        check(!header_is(&f, "\001ccept", 6));   /* differs from A in more than its case */
        check(!header_is(&unread, "Accept", 6)); /* nothing is known of it */
}

/* All that share a bit with others of the list, too. */
static void every_name_of_a_list_is_found(void)
{
        enum { MOST = 40 };
        char names[26 * MOST][MOST + 1], *some[26 * MOST + 1] = {NULL};
        struct headers h;

        for (int n = 0; n < 26 * MOST; n++) {
                size_t len = (size_t)n / 26 + 1;

                memset(names[n], 'A' + n % 26, len);
                names[n][len] = '\0';
                some[n] = names[n];
        }
        h = list((const char *const *)some);
        for (int n = 0; n < 26 * MOST; n++) {
                check_text(headers_if_there(&h, names[n]), arena_printf(arena, "%d", n));
                names[n][0] |= 0x20;
                check_text(headers_value(&h, names[n]), arena_printf(arena, "%d", n));
        }
        check_text(headers_if_there(&h, "AB"), NULL); /* as long as AA */
        check_text(headers_if_there(&h, "7"), NULL);
        check_text(headers_if_there(&h, ""), NULL);
}

static void values_of_one_name_are_joined_in_order(void)
{
        static const char *const names[] = {"X-A", "X-B", "x-a", "X-Ab", "X-A", NULL};
        struct headers h = list(names);

        check_text(headers_value(&h, "X-A"), "0, 2, 4");
        check_text(headers_value(&h, "X-B"), "1");
        check_text(headers_value(&h, "X-C"), "");
        headers_add(&h, "X-B", "");
        check_text(headers_value(&h, "X-B"), "1, ");
        headers_add(&h, "X-Empty", "");
        check_text(headers_if_there(&h, "X-Empty"), ""); /* an empty field is there */
}

static void all_of_a_name_are_removed(void)
{
        static const char *const names[] = {"X-A", "X-B", "x-a", "X-Ab", NULL};
        struct headers h = list(names);

        headers_remove(&h, "X-a");
        check_int((int64_t)h.count, 2);
        check_text(headers_if_there(&h, "X-A"), NULL);
        check_text(headers_value(&h, "X-B"), "1");
        check_text(headers_value(&h, "X-Ab"), "3");
        headers_remove(&h, "X-None");
        check_int((int64_t)h.count, 2);
        headers_add(&h, "X-A", "new");
        check_text(headers_value(&h, "X-A"), "new");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_field_is_known_when_it_is_added),
                STORY(a_name_is_itself_in_any_case_and_no_other),
                STORY(every_name_of_a_list_is_found),
                STORY(values_of_one_name_are_joined_in_order),
                STORY(all_of_a_name_are_removed),
                {NULL, NULL},
        };
        int failed = (arena = arena_open(), check_main(stories, argc, argv));

        arena_close(&arena);
        return failed;
}
