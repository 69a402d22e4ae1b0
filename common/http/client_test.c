#include "http/client.h"

#include "testing/check.h"

#include <string.h>

static struct arena *arena;
static struct trusted_proxies *proxies;

static void finds(const char *list, const char *address, int hops)
{
        struct client c = client_find(arena, proxies, "10.0.0.9", list);

        check_text(c.address, address);
        check_int(c.hops, hops);
}

static void the_client_is_the_rightmost_that_is_no_proxy(void)
{
        finds("1.2.3.4", "1.2.3.4", 0);
        finds("6.6.6.6, 1.2.3.4", "1.2.3.4", 0);
        finds("10.0.0.1,6.6.6.6 ,\t1.2.3.4 ", "1.2.3.4", 0);
        finds("6.6.6.6, 1.2.3.4, 10.0.0.8", "1.2.3.4", 1);
        finds("6.6.6.6, 1.2.3.4, ::1, 10.0.0.8", "1.2.3.4", 2);
        finds("10.0.0.7, 10.0.0.8", "10.0.0.7",
              1); /* all are our proxies: the one that began the list */
        finds(" 10.0.0.7", "10.0.0.7", 0);
}

static void addresses_are_read_as_proxies_write_them(void)
{
        finds("1.2.3.4:5678", "1.2.3.4", 0);
        finds("2001:db8::1", "2001:db8::1", 0);
        finds("2001:DB8:0::1", "2001:db8::1", 0);
        finds("[2001:db8::1]:80", "2001:db8::1", 0);
        finds("[2001:db8::1]", "2001:db8::1", 0);
        finds("::ffff:1.2.3.4", "1.2.3.4", 0);
        finds("1.2.3.4, ::ffff:10.1.1.1", "1.2.3.4", 1);
        finds("1.2.3.4, [::1]:9", "1.2.3.4", 1);
}

static void what_is_no_address_ends_it(void)
{
        static const char *const wrong[] = {
                "",
                " ",
                ",",
                "unknown",
                "_hidden",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.4 5.6.7.8",
                "\"1.2.3.4\"",
                "[::1",
                "::1]:80x",
                "1.2.3.4,",
                "1.2.3.4, ",
                "1.2.3.4, x",
                "999.1.1.1",
                "[1.2.3.4",
                "[",
                "[]",
                "]",
                ":",
                "1.2.3.4:80:80",
                "1.2.3.4 x",
                "00000000000000000000000000000000000000000000000000000000000000000000000001.2.3.4",
                "1.2.3.4                                                                           "
                "            .",
                "1111111111111111111111111111111111111111111111111111111111111111111111111111111111"
                "111111",
                NULL};

        for (int i = 0; wrong[i]; i++)
                finds(wrong[i], "10.0.0.9", 0);
        for (size_t len = 1; len < 120; len++) {
                char zeros[200] = "";

                memset(zeros, '0', len);
                finds(zeros, "10.0.0.9", 0);
                strcpy(zeros + len, ",10.0.0.8");
                finds(zeros, "10.0.0.8", 0);
        }
        finds("1.2.3.4, x, 10.0.0.8", "10.0.0.8", 0);
        finds("1.2.3.4, , 10.0.0.7, 10.0.0.8", "10.0.0.7", 1);
}

static void a_list_is_not_read_for_ever(void)
{
        char list[8000] = "1.2.3.4";

        while (strlen(list) < 7000)
                strcat(list, ",10.0.0.8");
        finds(list, "10.0.0.8", 31);
}

static void an_element_is_counted_from_the_right(void)
{
        check_text(client_element("a, b,c", 0), "c");
        check_text(client_element("a, b,c", 1), "b,c");
        check_text(client_element("a, b,c", 2), "a, b,c");
        check_text(client_element("a, b,c", 3), "a, b,c");
        check_text(client_element(" a", 0), "a");
        check_text(client_element("", 0), "");
        check_text(client_element("", 1), "");
        check_text(client_element("a,", 0), "");
        check_text(client_element(",a", 1), ",a");
        check_text(client_element("a,,b", 1), ",b");
        check_text(client_element(",,", 1), ",");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_client_is_the_rightmost_that_is_no_proxy),
                STORY(addresses_are_read_as_proxies_write_them),
                STORY(what_is_no_address_ends_it),
                STORY(a_list_is_not_read_for_ever),
                STORY(an_element_is_counted_from_the_right),
                {NULL, NULL},
        };
        struct error error;
        int failed;

        arena = arena_open();
        proxies = trusted_proxies_open("10.0.0.0/8,::1", &error);
        failed = check_main(stories, argc, argv);
        trusted_proxies_close(&proxies);
        arena_close(&arena);
        return failed;
}
