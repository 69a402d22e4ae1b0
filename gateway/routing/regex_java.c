#include "gateway/routing/regex_java.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct scan {
        const char *at;
        struct text out;
        bool in_class;
        bool ignores_case; /* (?i) was seen */
        bool after_group;  /* what was read last is a group's end */
};

static void copy(struct scan *s, size_t len)
{
        text_add(&s->out, s->at, len);
        s->at += len;
}

/* After "\Q"; without its \E it reaches to the end. */
static void copy_quoted(struct scan *s)
{
        const char *end = strstr(s->at, "\\E");

        copy(s, end ? (size_t)(end - s->at) + 2 : strlen(s->at));
}

/* "L", "{L}" or "{Lu}": of other names some mean more letters to PCRE2 than to Java. */
static size_t category_length(const char *at)
{
        size_t len;

        if (*at != '{')
                return isupper((unsigned char)*at) ? 1 : 0;
        len = strspn(at + 1, "CLMNPSZ");
        len += len == 1 && islower((unsigned char)at[2]);
        return len > 0 && at[len + 1] == '}' ? len + 2 : 0;
}

/* "41" or "{1F600}" */
static size_t hex_length(const char *at)
{
        bool braces = *at == '{';
        size_t len = strspn(at + braces, "0123456789ABCDEFabcdef");

        if (!braces)
                return len >= 2 ? 2 : 0;
        return len > 0 && at[len + 1] == '}' ? len + 2 : 0;
}

/* How long the escape is that begins at `at`, after its backslash; 0: it is not supported. */
static size_t escape_length(const char *at, bool in_class)
{
        unsigned char c = (unsigned char)*at;
        size_t more;

        if (!isalnum(c) || strchr("dDwWsShHvVtnrfae", c) || (!in_class && strchr("bBAzZ", c)))
                return 1;
        if (c == 'p' || c == 'P' || c == 'x') {
                more = c == 'x' ? hex_length(at + 1) : category_length(at + 1);
                return more ? 1 + more : 0;
        }
        if (in_class)
                return 0;
        if (c == 'k')
                return at[1] == '<' ? 2 : 0;
        return c >= '1' && c <= '9' && !isdigit((unsigned char)at[1]) ? 1 : 0;
}

/* PCRE2's versions differ in what these mean where case is ignored. */
static bool is_case(const char *at)
{
        return strncasecmp(at, "p{L", 3) == 0 && at[3] && strchr("ult", at[3]);
}

/* NULL: fine. */
static const char *read_escape(struct scan *s)
{
        size_t len;

        copy(s, 1);
        if (!*s->at)
                return "it ends with a backslash";
        if (*s->at == 'Q') {
                copy_quoted(s);
                return NULL;
        }
        len = escape_length(s->at, s->in_class);
        if (s->ignores_case && is_case(s->at))
                return "\\p{Lu}, \\p{Ll} and \\p{Lt} are not supported after (?i)";
        if (!len && isdigit((unsigned char)*s->at))
                return "of \\ and a digit only \\1 to \\9 are supported";
        if (!len)
                return s->in_class
                               ? "in [...], after \\ only these letters are supported: d w s h v "
                                 "and their capitals, t n r f a e, xhh, Q...\\E, and p{L} or "
                                 "another general category"
                               : "after \\ only these letters are supported: d w s h v b and "
                                 "their capitals, A z Z, t n r f a e, xhh, Q...\\E, k<name>, "
                                 "and p{L} or another general category";
        copy(s, len);
        return NULL;
}

static const char *read_member(struct scan *s)
{
        bool is_set = *s->at == '\\' && s->at[1] && strchr("dDwWsShHvVpP", s->at[1]);
        const char *wrong = NULL;

        if (!*s->at)
                return "[ without its ]";
        if (*s->at == '[' || strncmp(s->at, "&&", 2) == 0)
                return "sets in sets, as in [a[b]] and [a&&b], are not supported";
        if (*s->at == '\\')
                wrong = read_escape(s);
        else
                copy(s, 1);
        if (is_set && *s->at == '-' && s->at[1] != ']') /* itself to Java, an error to PCRE2 */
                text_char(&s->out, '\\');
        return wrong;
}

static const char *read_class(struct scan *s)
{
        const char *wrong = NULL;

        copy(s, s->at[1] == '^' ? 2 : 1);
        if (*s->at == ']') /* the first one is a member */
                copy(s, 1);
        s->in_class = true;
        while (!wrong && *s->at != ']')
                wrong = read_member(s);
        s->in_class = false;
        if (!wrong)
                copy(s, 1);
        return wrong;
}

static bool is_group(const char *at)
{
        const char *end;

        if (*at && strchr(":=!>", *at))
                return true;
        if (*at == '<' && (at[1] == '=' || at[1] == '!'))
                return true;
        if (*at == '<') {
                for (end = at + 1; isalnum((unsigned char)*end); end++)
                        ;
                return isalpha((unsigned char)at[1]) && *end == '>';
        }
        end = at + strspn(at, "ims");
        if (*end == '-')
                end += 1 + strspn(end + 1, "ims");
        return end > at && (*end == ':' || *end == ')');
}

static const char *read_group(struct scan *s)
{
        if (s->at[1] == '*')
                return "quantifier does not follow a repeatable item";
        if (s->at[1] == '?' && islower((unsigned char)s->at[2]))
                s->ignores_case |= memchr(s->at + 2, 'i', strcspn(s->at + 2, "-:)")) != NULL;
        if (s->at[1] == '?' && !is_group(s->at + 2))
                return "of (?...) only these are supported: (?:...), (?<name>...) with a name of "
                       "letters and digits, look-around, (?>...) and the flags i, m and s";
        copy(s, 1);
        return NULL;
}

static const char *read_repeat(struct scan *s)
{
        const char *end = s->at + 1;

        if (!isdigit((unsigned char)*end))
                return "{ wants a number of repeats; write \\{ for the character";
        end += strspn(end, "0123456789");
        if (*end == ',')
                end += 1 + strspn(end + 1, "0123456789");
        if (*end != '}')
                return "{...} wants one number of repeats or two";
        if (s->after_group && end[1] == '+') /* Java lets no round of it give anything back */
                return "(...){...}+ is not supported; write (?>(...){...})";
        copy(s, (size_t)(end - s->at));
        return NULL;
}

static const char *read_one(struct scan *s)
{
        switch (*s->at) {
        case '\\':
                return read_escape(s);
        case '[':
                return read_class(s);
        case '(':
                return read_group(s);
        case '{':
                return read_repeat(s);
        default:
                copy(s, 1);
                return NULL;
        }
}

static const char *read_next(struct scan *s)
{
        bool ends_group = *s->at == ')';
        const char *wrong = read_one(s);

        s->after_group = ends_group;
        return wrong;
}

const char *regex_java(struct arena *arena, const char *java, const char **reason)
{
        struct scan s = {.at = java, .out = text_open(arena, strlen(java) + 8)};

        *reason = NULL;
        while (*s.at && !*reason)
                *reason = read_next(&s);
        return *reason ? NULL : s.out.at;
}
