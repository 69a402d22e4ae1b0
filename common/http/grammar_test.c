#include "http/grammar.h"

#include "testing/check.h"

static void a_token_is_what_the_rfc_lists(void)
{
        check(is_token("Content-Length", 14) && is_token("!#$%&'*+-.^_`|~09azAZ", 21));
        check(!is_token("", 0) && !is_token("a b", 3) && !is_token("a:", 2) && !is_token("a\t", 2));
        check(!is_token("\xc3\xa9", 2) && !is_token("a(b)", 4) && !is_token("a\x7f", 2) &&
              !is_token("a\"", 2));
        check_int(token_length("Host: a"), 4);
        check_int(token_length(": a"), 0);
}

static void a_value_has_no_control_characters_but_tabs(void)
{
        char text[] = "a value of three times eight";

        check(!has_control(text, sizeof text - 1) && !has_control("a\tb", 3));
        for (size_t i = 0; i < sizeof text - 1; i++)
                for (int c = 0; c < 256; c++) {
                        char before = text[i];

                        text[i] = (char)c;
                        check(has_control(text, sizeof text - 1) ==
                              ((c < ' ' && c != '\t') || c == 0x7f));
                        check(has_control(text, sizeof text - 1) == is_control((char)c));
                        text[i] = before;
                }
}

static void blanks_at_the_end_are_no_part_of_a_value(void)
{
        check_int(trimmed_length("a b \t ", 6), 3);
        check_int(trimmed_length(" \t", 2), 0);
        check_int(trimmed_length("a\n", 2), 2);
}

static void names_ignore_case(void)
{
        check(is_named("hOST", 4, "Host") && is_named("Hostile", 4, "Host"));
        check(!is_named("Hos", 3, "Host") && !is_named("Hostile", 7, "Host"));
        check(is_same_name("hOST", "Host") && is_same_name("", ""));
        check(!is_same_name("Hos", "Host") && !is_same_name("", "Host") &&
              !is_same_name("Most", "Host"));
}

static const char *length_of(const char *text, uint64_t *length)
{
        return content_length_read(text, strlen(text), length);
}

static void a_content_length_is_digits_alone(void)
{
        static const char *const wrong[] = {"+1", "-1", "1,1", "0x1", "1 ", " 1", "1:", "/1"};
        uint64_t length = 7;

        check(!length_of("0", &length) && length == 0);
        check(!length_of("00042", &length) && length == 42);
        check(!length_of("999999999999999999", &length) && length == 999999999999999999);
        check_text(length_of("", &length), "Content-Length is no sensible number");
        check_text(length_of("0000000000000000001", &length),
                   "Content-Length is no sensible number");
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                check_text(length_of(wrong[i], &length), "Content-Length is no number");
        check(length == 999999999999999999);
}

static void an_escape_is_a_percent_sign_and_two_digits(void)
{
        static const char *const none[] = {"", "%", "%4", "41", "%4g", "%g4"};

        check_int(escape_byte("%41"), 'A');
        check_int(escape_byte("%fF1"), 0xff);
        check_int(escape_byte("%00"), 0);
        for (size_t i = 0; i < sizeof none / sizeof *none; i++)
                check_int(escape_byte(none[i]), -1);
}

static void a_host_may_have_a_port(void)
{
        static const char *const right[] = {"a",     "a.b:80",  "1.2.3.4:65535",
                                            "[::1]", "[::1]:1", "a%41"};
        static const char *const wrong[] = {"",      ":80",   "a:123456", "a:8x", "[::1",
                                            "[]:80", "[a]80", "a b",      "a/b",  "::1"};
        char longest[HOST_MOST + 1];

        for (size_t i = 0; i < sizeof right / sizeof *right; i++)
                if (!is_host_port(right[i], strlen(right[i])))
                        check_text(right[i], "a host");
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                if (is_host_port(wrong[i], strlen(wrong[i])))
                        check_text(wrong[i], "no host");
        check(is_host_port("a:801", 4) && !is_host_port("/b", 2));
        memset(longest, 'a', sizeof longest);
        check(is_host_port(longest, HOST_MOST) && !is_host_port(longest, HOST_MOST + 1));
}

static void a_host_has_the_characters_of_the_rfc(void)
{
        static const char marks[] = "-._~%!$&'()*+,;=";

        for (int c = 0; c < 256; c++) {
                char name[] = {'a', (char)c}, literal[] = {'[', (char)c, ']'};
                bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
                bool good = is_alnum || (c && strchr(marks, c));

                check_int(is_host_port(name, 2), good || c == ':');
                check_int(is_host_port(literal, 3), is_alnum || (c && strchr(":.%-_~", c)));
        }
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_token_is_what_the_rfc_lists),
                STORY(a_value_has_no_control_characters_but_tabs),
                STORY(blanks_at_the_end_are_no_part_of_a_value),
                STORY(names_ignore_case),
                STORY(a_content_length_is_digits_alone),
                STORY(an_escape_is_a_percent_sign_and_two_digits),
                STORY(a_host_may_have_a_port),
                STORY(a_host_has_the_characters_of_the_rfc),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
