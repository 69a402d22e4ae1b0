#include "http/target.h"

#include "testing/check.h"

#include <stdio.h>

static struct arena *arena;

static const struct {
        const char *raw, *method, *host;
        const char *path, *query, *origin_form; /* path NULL: refused; origin_form NULL: as sent */
} rows[] = {
        {"/", "GET", "a", "/", NULL, NULL},
        {"/orders/1?x=1&y", "GET", "a", "/orders/1", "x=1&y", NULL},
        {"/a?b=../c?d", "GET", "a", "/a", "b=../c?d", NULL},
        {"/a?", "GET", "a", "/a", "", NULL},
        {"?a", "GET", "a", NULL, NULL, NULL},
        {"*", "OPTIONS", "a", "*", NULL, NULL},
        {"*", "GET", "a", NULL, NULL, NULL},
        {"*x", "OPTIONS", "a", NULL, NULL, NULL},
        {"", "GET", "a", NULL, NULL, NULL},
        {"orders", "GET", "a", NULL, NULL, NULL},
        {"a:80", "GET", "a:80", NULL, NULL, NULL},
        /* absolute form: the part after the host, which must be Host's */
        {"http://a/x", "GET", "a", "/x", NULL, "/x"},
        {"http://a:1/x?y", "GET", "a:1", "/x", "y", "/x?y"},
        {"https://a/x", "GET", "a", "/x", NULL, "/x"},
        {"HTTP://A/x", "GET", "a", "/x", NULL, "/x"},
        {"hTTps://a/x", "GET", "A", "/x", NULL, "/x"},
        {"http://a/", "GET", "a", "/", NULL, "/"},
        {"http://a//x", "GET", "a", "//x", NULL, "//x"},
        {"http://b/x", "GET", "a", NULL, NULL, NULL},
        {"http://ab/x", "GET", "a", NULL, NULL, NULL},
        {"http://a/x", "GET", "ab", NULL, NULL, NULL},
        {"http://a:1/x", "GET", "a", NULL, NULL, NULL},
        {"http://a@a/x", "GET", "a", NULL, NULL, NULL},
        {"http://a/x", "GET", NULL, NULL, NULL, NULL},
        {"http://a/x", "GET", "", NULL, NULL, NULL},
        {"http:///x", "GET", "a", NULL, NULL, NULL},
        {"http://a", "GET", "a", NULL, NULL, NULL},
        {"http://a?x", "GET", "a", NULL, NULL, NULL},
        {"http:/a/x", "GET", "a", NULL, NULL, NULL},
        {"ftp://a/x", "GET", "a", NULL, NULL, NULL},
        {"http://a/../x", "GET", "a", NULL, NULL, NULL},
        /* bytes */
        {"/a b", "GET", "a", NULL, NULL, NULL},
        {"/a\tb", "GET", "a", NULL, NULL, NULL},
        {"/a\x01", "GET", "a", NULL, NULL, NULL},
        {"/a\x1f", "GET", "a", NULL, NULL, NULL},
        {"/a\x7f", "GET", "a", NULL, NULL, NULL},
        {"/a~!\"$&'()*+,-.0:;<=>@[]^_`{|}", "GET", "a", "/a~!\"$&'()*+,-.0:;<=>@[]^_`{|}", NULL,
         NULL},
        {"/\x80", "GET", "a", NULL, NULL, NULL},
        {"/\xec\xb9\x98", "GET", "a", NULL, NULL, NULL},
        {"/a#b", "GET", "a", NULL, NULL, NULL},
        {"/a?b c", "GET", "a", NULL, NULL, NULL},
        {"/a?b#c", "GET", "a", NULL, NULL, NULL},
        {"/a?\xc3", "GET", "a", NULL, NULL, NULL},
        /* escapes */
        {"/a%20b/%EC%B9%98", "GET", "a", "/a%20b/%EC%B9%98", NULL, NULL},
        {"/%0a%0A%f0%F0%9f%a9%Af", "GET", "a", "/%0a%0A%f0%F0%9f%a9%Af", NULL, NULL},
        {"/%01%10", "GET", "a", "/%01%10", NULL, NULL},
        {"/a%3f..", "GET", "a", "/a%3f..", NULL, NULL},
        {"/a%3Fb?c", "GET", "a", "/a%3Fb", "c", NULL},
        {"/a%", "GET", "a", NULL, NULL, NULL},
        {"/a%4", "GET", "a", NULL, NULL, NULL},
        {"/a%zz", "GET", "a", NULL, NULL, NULL},
        {"/a%4g", "GET", "a", NULL, NULL, NULL},
        {"/a%g4", "GET", "a", NULL, NULL, NULL},
        {"/a%4:", "GET", "a", NULL, NULL, NULL},
        {"/a%4/", "GET", "a", NULL, NULL, NULL},
        {"/a%4@", "GET", "a", NULL, NULL, NULL},
        {"/a%`4", "GET", "a", NULL, NULL, NULL},
        {"/a%00", "GET", "a", NULL, NULL, NULL},
        {"/a?b=%0", "GET", "a", NULL, NULL, NULL},
        {"/a?b=%00", "GET", "a", NULL, NULL, NULL},
        {"/a?b=%2e%2E/..", "GET", "a", "/a", "b=%2e%2E/..", NULL},
        /* dot segments */
        {"/.well-known/...", "GET", "a", "/.well-known/...", NULL, NULL},
        {"/a../b", "GET", "a", "/a../b", NULL, NULL},
        {"/..a/.b", "GET", "a", "/..a/.b", NULL, NULL},
        {"/a/....", "GET", "a", "/a/....", NULL, NULL},
        {"/.a.", "GET", "a", "/.a.", NULL, NULL},
        {"/a;../b", "GET", "a", "/a;../b", NULL, NULL},
        {"/.", "GET", "a", NULL, NULL, NULL},
        {"/..", "GET", "a", NULL, NULL, NULL},
        {"/./", "GET", "a", NULL, NULL, NULL},
        {"/a/../b", "GET", "a", NULL, NULL, NULL},
        {"/a/./b", "GET", "a", NULL, NULL, NULL},
        {"/a/..?x", "GET", "a", NULL, NULL, NULL},
        {"/a/.?x", "GET", "a", NULL, NULL, NULL},
        {"/a/%2e%2E/b", "GET", "a", NULL, NULL, NULL},
        {"/a/.%2e?x", "GET", "a", NULL, NULL, NULL},
        {"/a/%2e", "GET", "a", NULL, NULL, NULL},
        {"/a%2f..%2fb", "GET", "a", NULL, NULL, NULL},
        {"/a%5C..", "GET", "a", NULL, NULL, NULL},
        {"/a\\..\\b", "GET", "a", NULL, NULL, NULL},
        {"/a/..\\b", "GET", "a", NULL, NULL, NULL},
        {"/a/..;x/b", "GET", "a", NULL, NULL, NULL},
        {"/a/.;", "GET", "a", NULL, NULL, NULL},
        {"/a/..%3bx", "GET", "a", NULL, NULL, NULL},
};

static void targets_are_taken_apart_or_refused(void)
{
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct request_target t;
                const char *why = target_read(&t, arena, rows[i].raw, rows[i].method, rows[i].host);

                if (!why != !!rows[i].path)
                        printf("%s: %s\n", rows[i].raw, why ? why : "taken");
                check_text(why ? NULL : t.path, rows[i].path);
                if (why)
                        continue;
                check_text(t.query, rows[i].query);
                check_text(t.raw, rows[i].origin_form ? rows[i].origin_form : rows[i].raw);
        }
}

static void a_refusal_says_why(void)
{
        static const struct {
                const char *raw, *why;
        } said[] = {
                {"*", "the target * is for OPTIONS"},
                {"x", "the target is no path"},
                {"/%zz", "the target has a bad escape"},
                {"/..", "the path has dot segments"},
                {"/ ",
                 "the target has blanks, control characters, a fragment or bytes beyond ASCII"},
                {"/../%zz", "the path has dot segments"},
        };
        struct request_target t;

        for (size_t i = 0; i < sizeof said / sizeof *said; i++)
                check_text(target_read(&t, arena, said[i].raw, "GET", "a"), said[i].why);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(targets_are_taken_apart_or_refused),
                STORY(a_refusal_says_why),
                {NULL, NULL},
        };
        int failed = (arena = arena_open(), check_main(stories, argc, argv));

        arena_close(&arena);
        return failed;
}
