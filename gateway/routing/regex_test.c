#include "gateway/routing/regex.h"

#include "testing/check.h"

#include <stdio.h>
#include <string.h>

static struct arena *arena;

struct match_case {
        const char *regex, *subject;
        bool matches;
};

static void check_matches(const struct match_case *cases, size_t count)
{
        const char *reason;

        arena = arena_open();
        for (size_t i = 0; i < count; i++) {
                const struct regex *r = regex_read(arena, cases[i].regex, &reason);

                if (!r || regex_matches(r, arena, cases[i].subject, 1) != cases[i].matches)
                        printf("%s on %s: %s\n", cases[i].regex, cases[i].subject, r ? "" : reason);
                check(r != NULL);
                check_int(regex_matches(r, arena, cases[i].subject, 1), cases[i].matches);
        }
        arena_close(&arena);
}

static void subjects_match_as_in_java(void)
{
        static const struct match_case cases[] = {
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

        check_matches(cases, sizeof cases / sizeof *cases);
}

static void look_around_possessives_classes_and_flags(void)
{
        static const struct match_case cases[] = {
                {"(?=ab)a.", "ab", true},
                {"(?=ab)a.", "ac", false},
                {"(?!admin).*", "user", true},
                {"(?!admin).*", "admin7", false},
                {".*(?<=/a)", "/b/a", true},
                {".*(?<!\\.js)", "x.js", false},
                {"a++a", "aaa", false}, /* possessive: gives nothing back */
                {"a++b", "aaab", true},
                {"(?>a|ab)c", "abc", false},
                {"(a|b)\\1", "aa", true},
                {"(a|b)\\1", "ab", false},
                {"(?<x>a|b)\\k<x>", "bb", true},
                {"\\bword\\b.*", "word!", true},
                {"\\bword\\b.*", "words", false},
                {"a\\Bb", "ab", true},
                {"\\p{L}+", "주문", true},
                {"\\p{L}+", "주문1", false},
                {"\\p{Lu}\\P{Lu}", "Aa", true},
                {"\\pL", "é", true},
                {"(?-i)\\p{Lu}", "A", true},
                {"(?i)\\p{L}", "a", true},
                {"(?>(.+){2})", "ab", true},
                {"(.+)++[ab]{2}+", "ab", false},
                {"[\\p{N}_]+", "1_2", true},
                {"\\w+", "é", false}, /* ASCII only */
                {"[주문]+", "문주", true},
                {".", "주", true},   /* one character */
                {".", "\xe9", true}, /* not UTF-8: Latin-1 */
                {"\\p{L}x", "\xe9x", true},
                {".*", "a\nb", false}, /* a line end is not matched */
                {".*", "a\rb", false},
                {"(?s).*", "a\nb", true},
                {"a$", "a\n", false}, /* the whole subject */
                {"\\Qa.b\\E+", "a.bbb", true},
                {"\\Q[&&", "[&&", true},
                {"[\\Q[&&\\E]+", "&[", true},
                {"a(?i)b", "aB", true},
                {"a(?i)b", "AB", false},
                {"(?i:a)b|c", "C", false},
                {"(?-i)a", "A", false},
                {"[\\D]", "a", true},
                {"[\\w-.]+", "a-.", true}, /* the hyphen is a member */
                {"[\\w-.]", ",", false},
                {"[\\w-]+", "a-", true},
                {"[ab]\\b!", "a!", true},
                {"[]a]+", "]a", true},
                {"[^]a]", "]", false},
                {"[a&b]", "&", true},
                {"a{101}", "a", false},
                {"((a{50}b){50})", "a", false},
                {"\\x41\\x{c8fc}", "A주", true},
                {"((((((((((((((((a))))))))))))))))", "a", true},
        };

        check_matches(cases, sizeof cases / sizeof *cases);
}

static void what_java_means_otherwise_is_refused_with_its_reason(void)
{
        static const struct {
                const char *regex, *reason;
        } wrong[] = {
                {"[a[b]]", "sets in sets"},
                {"[a&&b]", "sets in sets"},
                {"[^&&b]", "sets in sets"},
                {"[a-z&&[^b]]", "sets in sets"},
                {"[[:alpha:]]", "sets in sets"},
                {"\\p{Lower}", "general category"},
                {"\\p{Alpha}", "general category"},
                {"\\p{^L}", "general category"},
                {"\\pl", "general category"},
                {"\\p{}", "general category"},
                {"(?i)\\p{Lu}", "not supported after (?i)"},
                {"(?s-i:a)(?is)[\\P{Ll}]", "not supported after (?i)"},
                {"(.+){2}+", "write (?>(...){...})"},
                {"\\u0041", "after \\ only these letters"},
                {"\\N", "after \\ only these letters"},
                {"\\Kb", "after \\ only these letters"},
                {"\\C", "after \\ only these letters"},
                {"\\x4", "after \\ only these letters"},
                {"\\k{x}", "after \\ only these letters"},
                {"[\\b]", "in [...], after \\ only"},
                {"[\\1]", "\\1 to \\9"},
                {"(a)\\11", "\\1 to \\9"},
                {"\\012", "\\1 to \\9"},
                {"(?U)a+", "of (?...) only"},
                {"(?iU)a+", "of (?...) only"},
                {"\\x{4g}", "after \\ only these letters"},
                {"(?x)a b", "of (?...) only"},
                {"(?P<x>a)", "of (?...) only"},
                {"(?<a_b>a)", "of (?...) only"},
                {"(?<1a>a)", "of (?...) only"},
                {"(?R)", "of (?...) only"},
                {"(?1)", "of (?...) only"},
                {"(?|a)", "of (?...) only"},
                {"(?#a)", "of (?...) only"},
                {"(*UCP)a", "quantifier does not follow"},
                {"(*a)", "quantifier does not follow"},
                {"a**", "quantifier does not follow"},
                {"*a", "quantifier does not follow"},
                {"a|*", "quantifier does not follow"},
                {"a{", "{ wants a number"},
                {"a{x}", "{ wants a number"},
                {"a{,3}", "{ wants a number"},
                {"a{1", "one number"},
                {"a{3,2}", "numbers out of order"},
                {"a{65536}", "number too big"},
                {"((ab){1000}c){1000}", "too large"},
                {"[a", "[ without"},
                {"[]", "[ without"},
                {"[z-a]", "range out of order"},
                {"(a", "missing closing parenthesis"},
                {"a)", "unmatched closing parenthesis"},
                {"a\\", "ends with a backslash"},
                {"a\\1", "non-existent"},
                {"(?<=a+)b", "lookbehind"},
        };
        const char *reason;

        arena = arena_open();
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                const struct regex *r = regex_read(arena, wrong[i].regex, &reason);

                if (r)
                        printf("taken: %s\n", wrong[i].regex);
                check(r == NULL);
                check_contains(reason, wrong[i].reason);
        }
        check(regex_read(arena, "[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", &reason) != NULL);
        arena_close(&arena);
}

static const char *replaced(const char *java, const char *by, const char *subject)
{
        const char *reason;
        const struct regex *r = regex_read_replace(arena, java, by, &reason);

        return r ? regex_replace(r, arena, subject) : reason;
}

static void parts_are_replaced_as_java_does(void)
{
        arena = arena_open();
        check_text(replaced("/red/?(?<segment>.*)", "/$\\{segment}", "/red/blue"), "/blue");
        check_text(replaced("/red/?(?<segment>.*)", "/${segment}", "/red"), "/");
        check_text(replaced("/red/?(?<segment>.*)", "/${segment}", "/green"), "/green");
        check_text(replaced("/api/(?:v\\d+/)?(\\w+)/(?<rest>.*)", "/$1-service/${rest}",
                            "/api/v2/order/7"),
                   "/order-service/7");
        check_text(replaced("o", "0", "/foo/boo"), "/f00/b00"); /* all of them */
        check_text(replaced("^/a", "/b", "/a/a"), "/b/a");
        check_text(replaced("^a", "b", "aaa"), "baa");
        check_text(replaced("(a)(b)?", "[$1$2]", "ac"),
                   "[a]c");                            /* a group that took no part is empty */
        check_text(replaced("(a)", "$11", "a"), "a1"); /* no group 11: group 1 and a 1 */
        check_text(replaced("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)(l)", "$12", "abcdefghijkl"), "l");
        check_text(replaced("a", "$0$0", "bab"), "baab");
        check_text(replaced("a", "\\$1\\\\", "a"), "$1\\");
        check_text(replaced(".*", "x", "abc"), "xx"); /* Java finds the empty rest, too */
        check_text(replaced("b*", "-", "abc"), "-a--c-");
        check_text(replaced("x", "y", ""), "");
        check_contains(replaced("(a)", "$2", "a"), "names a group");
        check_contains(replaced("(a)", "${b}", "a"), "names a group");
        check_contains(replaced("(a)", "$x", "a"), "names a group");
        check_contains(replaced("(a)", "b\\", "a"), "ends with a backslash");
        check_text(replaced("/(.*?)/b", "/$1", "/a/b/b"), "/a/b"); /* lazy */
        check_text(replaced("/(.*)/b", "/$1", "/a/b/b"), "/a/b");
        check_text(replaced("a*?", "-", "aa"), "-a-a-");
        check_text(replaced("a|ab", "x", "ab"), "xb"); /* the first alternative, not the longest */
        check_text(replaced("(a|ab)(c|bcd)(d*)", "[$1][$2][$3]", "abcd"), "[a][bcd][]");
        check_text(replaced("(?<=/)v\\d+/", "", "/v1/v2/x"), "/x");
        check_text(replaced("(?i)/api", "", "/API/x"), "/x");
        check_text(replaced("x*", "-", "주"), "-주-"); /* moves on by one character */
        arena_close(&arena);
}

/* Expressions that need exponential time, and a subject that does not match them. */
static void time_is_bounded(void)
{
        static const char *const slow[] = {"(a|aa)+b", "(.*)(.*)(.*)(.*)x", "((a|b|ab)*)*c",
                                           "(a*)*b",   "([a-z]+)*\\d",      NULL};
        static char subject[32769];
        const char *reason;

        arena = arena_open();
        memset(subject, 'a', sizeof subject - 1);
        subject[0] = ';';
        /* PCRE2 must not stop early because a character that each needs is missing. */
        memcpy(subject + sizeof subject - 7, ";7bxc;", 6);
        for (int i = 0; slow[i]; i++) {
                const struct regex *whole = regex_read(arena, slow[i], &reason);

                check(!regex_matches(whole, arena, subject, 1));
                replaced(slow[i], "x", subject); /* it ends */
        }
        arena_close(&arena);
}

/* All of these would match after enough steps. */
static void what_takes_too_long_is_given_up(void)
{
        static char subject[60001];
        const struct regex *slow, *deep;
        const char *reason;

        arena = arena_open();
        slow = regex_read(arena, "(?:a|aa)+c|a*", &reason);
        deep = regex_read(arena, "(?:a|b)*", &reason);
        memset(subject, 'a', sizeof subject - 1);
        check(!regex_matches(deep, arena, subject, 1));
        subject[30000] = '\0';
        check(!regex_matches(deep, arena, subject, 1)); /* a step may pass over all of it */
        subject[2000] = '\0';
        check(regex_matches(deep, arena, subject, 1));
        check(!regex_matches(deep, arena, subject, 100)); /* each has a hundredth of the steps */
        subject[30] = '\0';
        check(!regex_matches(slow, arena, subject, 1));
        subject[16] = '\0';
        check(regex_matches(slow, arena, subject, 1)); /* steps are counted anew */
        check_text(replaced("(?:a|aa)+c|a+", "x", subject), "x");
        memset(subject + 16, ';', 8000); /* with more places to begin at, each has fewer steps */
        subject[8016] = '\0';
        check(replaced("(?:a|aa)+c|a+", "x", subject) == NULL);
        memset(subject, 'a', 8000);
        subject[8000] = '\0';
        check_text(replaced("a(.*)a", "$1", subject), subject + 2);
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(subjects_match_as_in_java),
                STORY(look_around_possessives_classes_and_flags),
                STORY(what_java_means_otherwise_is_refused_with_its_reason),
                STORY(parts_are_replaced_as_java_does),
                STORY(time_is_bounded),
                STORY(what_takes_too_long_is_given_up),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
