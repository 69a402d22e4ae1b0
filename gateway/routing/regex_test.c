#include "gateway/routing/regex.h"

#include "base/clock.h"
#include "testing/check.h"

#include <stdio.h>
#include <string.h>

static struct arena *arena;
static struct regex *owned;

static void begin(void)
{
        arena = arena_open();
        owned = NULL;
}

static void end(void)
{
        regexes_close(&owned);
        arena_close(&arena);
}

static void subjects_match_as_in_java(void)
{
        static const struct {
                const char *regex, *subject;
                bool matches;
        } cases[] = {
                {"\\d+", "123", true},
                {"\\d+", "12a", false},
                {"gree.", "green", true},
                {"gree.", "greens", false}, /* the whole subject */
                {"ch.p", "chip", true},
                {"a|b", "b", true},
                {"a|bc", "ac", false},
                {"\\w+@\\w+\\.kr", "me_1@shop.kr", true},
                {"\\w+@\\w+\\.kr", "me@shopxkr", false},
                {"\\S+\\s\\S+", "a b", true},
                {"\\D*", "abc", true},
                {"\\D*", "ab1", false},
                {"\\W", "-", true},
                {"[\\w.-]+", "a.b-c_9", true},
                {"[\\w.-]+", "a b", false},
                {"[^\\d]", "7", false},
                {"[\\]\\[]+", "[]", true},
                {"[\\^a]", "^", true},
                {"[\\^]", "^", true},
                {"[\\^-]", "-", true},
                {"[a^-]+", "-^a", true},
                {"[a-]", "-", true},
                {"[+--]", ",", true},
                {"[!-~]+", "[a-z]^\\", true},
                {"[!-~]", " ", false},
                {"[^\\]]", "]", false},
                {"(?:ab)+", "abab", true},
                {"(?<x>ab){2}", "abab", true},
                {"(?i)get|post", "POST", true},
                {"GET", "get", false},
                {"\\/a\\/b\\-c", "/a/b-c", true},
                {"\\{x\\}", "{x}", true},
                {"a{2,3}", "aaaa", false},
                {"a{2,}", "aaaa", true},
                {"a.*?c", "abc", true},
                {"^abc$", "abc", true},
                {"", "", true},
                {"a\\tb", "a\tb", true},
                {"(a|)b", "b", true},
                {".+", "주문", true},
                {"주문.*", "주문 1", true},
                {"}]", "}]", true},
                {"\\$1", "$1", true},
                {"\\\\", "\\", true},
        };
        const char *reason;

        begin();
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                const struct regex *r = regex_read(arena, &owned, cases[i].regex, &reason);

                if (!r || regex_matches(r, cases[i].subject) != cases[i].matches)
                        printf("%s on %s: %s\n", cases[i].regex, cases[i].subject, r ? "" : reason);
                check(r != NULL);
                check_int(regex_matches(r, cases[i].subject), cases[i].matches);
        }
        end();
}

static void what_posix_lacks_is_refused_with_its_reason(void)
{
        static const struct {
                const char *regex, *reason;
        } wrong[] = {
                {"(?=a)b", "of (?...) only"},
                {"(?!a)b", "of (?...) only"},
                {"(?<=a)b", "look-behind"},
                {"(?<!a)b", "look-behind"},
                {"(?>a)", "of (?...) only"},
                {"a(?i)b", "of (?...) only"},
                {"(a)\\1", "backreferences"},
                {"\\bword\\b", "of \\x only"},
                {"\\p{L}", "of \\x only"},
                {"\\Qa.b\\E", "of \\x only"},
                {"\\u0041", "of \\x only"},
                {"a++", "possessive"},
                {"a**", "a repeat of nothing"},
                {"*a", "a repeat of nothing"},
                {"(*a)", "a repeat of nothing"},
                {"a|*", "a repeat of nothing"},
                {"a{", "{ wants a number"},
                {"a{x}", "{ wants a number"},
                {"a{3,2}", "one number"},
                {"a{101}", "more than 100"},
                {"a{1", "one number"},
                {"((a{50}b){50})", "repeats of repeats"},
                {"((a{50}b)c){50}", "repeats of repeats"},
                {"[a", "[ without"},
                {"[]", "an empty"},
                {"[a[b]]", "sets of sets"},
                {"[a&&b]", "sets of sets"},
                {"[z-a]", "a range"},
                {"[\\D]", "of \\x in [...] only"},
                {"[주]", "only ASCII"},
                {"(a", "( without"},
                {"a)", ") without"},
                {"a\\", "ends with a backslash"},
                {"((((((((((((((((a))))))))))))))))", "too many groups"},
        };
        char longest[REGEX_PATTERN + 2];
        const char *reason;

        begin();
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                const struct regex *r = regex_read(arena, &owned, wrong[i].regex, &reason);

                if (r)
                        printf("taken: %s\n", wrong[i].regex);
                check(r == NULL);
                check_contains(reason, wrong[i].reason);
        }
        memset(longest, 'a', sizeof longest);
        longest[REGEX_PATTERN + 1] = '\0';
        check(!regex_read(arena, &owned, longest, &reason));
        check_text(reason, "more than 256 characters");
        check(regex_read(arena, &owned, longest + 1, &reason) != NULL);
        check(regex_read(arena, &owned, "[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", &reason) !=
              NULL);
        end();
}

static const char *replaced(const char *java, const char *by, const char *subject)
{
        const char *reason;
        const struct regex *r = regex_read_replace(arena, &owned, java, by, &reason);

        return r ? regex_replace(r, arena, subject) : reason;
}

static void parts_are_replaced_as_java_does(void)
{
        begin();
        check_text(replaced("/red/?(?<segment>.*)", "/$\\{segment}", "/red/blue"), "/blue");
        check_text(replaced("/red/?(?<segment>.*)", "/${segment}", "/red"), "/");
        check_text(replaced("/red/?(?<segment>.*)", "/${segment}", "/green"), "/green");
        check_text(replaced("/api/(?:v\\d+/)?(\\w+)/(?<rest>.*)", "/$1-service/${rest}",
                            "/api/v2/order/7"),
                   "/order-service/7");
        check_text(replaced("o", "0", "/foo/boo"), "/f00/b00"); /* all of them */
        check_text(replaced("^/a", "/b", "/a/a"), "/b/a");
        check_text(replaced("^a", "b", "aaa"), "baa");
        check_text(replaced("(a)(b)?", "[$1$2]", "ac"), "[a]c"); /* a group without part is empty */
        check_text(replaced("(a)", "$11", "a"), "a1");           /* no group 11: group 1 and a 1 */
        check_text(replaced("a", "$0$0", "bab"), "baab");
        check_text(replaced("a", "\\$1\\\\", "a"), "$1\\");
        check_text(replaced(".*", "x", "abc"), "xx"); /* Java finds the empty rest, too */
        check_text(replaced("b*", "-", "abc"), "-a--c-");
        check_text(replaced("x", "y", ""), "");
        check_contains(replaced("(a)", "$2", "a"), "names a group");
        check_contains(replaced("(a)", "${b}", "a"), "names a group");
        check_contains(replaced("(a)", "$x", "a"), "names a group");
        check_contains(replaced("(a)", "b\\", "a"), "ends with a backslash");
        check_contains(replaced("/(.*?)/b", "x", "a"), "lazy");
        end();
}

/* The worst that these patterns can do to a subject at the limit. */
static void time_is_bounded(void)
{
        static const char *const slow[] = {"(a|aa)+b", "(.*)(.*)(.*)(.*)x", "((a|b|ab)*)*c",
                                           "(a*)*b",   "([a-z]+)*\\d",      NULL};
        char subject[REGEX_SUBJECT + 2];
        const char *reason;

        begin();
        memset(subject, 'a', sizeof subject);
        subject[REGEX_SUBJECT] = '\0';
        for (int i = 0; slow[i]; i++) {
                int64_t start = clock_mono_us();

                check_text(replaced(slow[i], "x", subject), subject);
                check(!regex_matches(regex_read(arena, &owned, slow[i], &reason), subject));
                check(clock_mono_us() - start < 5000000);
        }
        subject[REGEX_SUBJECT] = 'a';
        subject[REGEX_SUBJECT + 1] = '\0';
        check(replaced("a", "b", subject) == NULL);
        check(!regex_matches(regex_read(arena, &owned, "a*", &reason), subject));
        check(regex_matches(regex_read(arena, &owned, "a*", &reason), subject + 1));
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(subjects_match_as_in_java),
                STORY(what_posix_lacks_is_refused_with_its_reason),
                STORY(parts_are_replaced_as_java_does),
                STORY(time_is_bounded),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
