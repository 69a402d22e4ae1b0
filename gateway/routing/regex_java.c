/* regex_java - from Java's notation to POSIX's; see regex.h for what is known. */
#include "gateway/routing/regex_inside.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16, MOST_REPEATS = 100, MOST_COPIES = 1000 };

struct translator {
        const char *at;
        struct text out;
        struct translation *to;
        bool lazy_allowed;
        bool repeatable; /* what was read last */
        int posix_groups, depth;
        int copies[DEEPEST + 1]; /* how often the busiest part of each open group stands in it,
                                    repeats in repeats multiplied */
        int last_copies;         /* the same of what was read last */
};

static const struct {
        char name;
        const char *members; /* pairs, from and to */
} classes[] = {{'d', "09"}, {'w', "09AZ__az"}, {'s', "\t\r  "}, {0, NULL}};

static const char *members_of(char name)
{
        for (int i = 0; classes[i].name; i++)
                if (classes[i].name == name)
                        return classes[i].members;
        return NULL;
}

static void add_range(bool *set, int from, int to)
{
        for (; from <= to; from++)
                set[from] = true;
}

static bool is_odd_in_set(int c)
{
        return c == ']' || c == '[' || c == '^' || c == '-';
}

/* The odd ones where POSIX takes them as they are: ] first, then [ and ^, - last. */
static void write_set(struct text *out, const bool *set, bool negated)
{
        bool plain = false;

        for (int c = 0; c < 128; c++)
                plain |= set[c] && c != '^' && c != '-';
        if (!plain && !negated && set['^']) {
                text_string(out, set['-'] ? "[-^]" : "\\^");
                return;
        }
        text_string(out, negated ? "[^" : "[");
        if (set[']'])
                text_char(out, ']');
        for (int c = 1, end; c < 128; c = end + 1) {
                for (end = c; end + 1 < 128 && set[c] && set[end + 1] && !is_odd_in_set(c) &&
                              !is_odd_in_set(end + 1);
                     end++)
                        ;
                if (!set[c] || is_odd_in_set(c))
                        continue;
                text_char(out, (char)c);
                if (end > c + 1)
                        text_char(out, '-');
                if (end > c)
                        text_char(out, (char)end);
        }
        for (const char *odd = "[^-"; *odd; odd++)
                if (set[(int)*odd])
                        text_char(out, *odd);
        text_char(out, ']');
}

/* One member of [...], which may be the begin of a range; its last character, or -1 for a class. */
static const char *read_member(struct translator *t, bool *set, int *c)
{
        *c = (unsigned char)*t->at++;
        if (*c == '[' || (*c == '&' && *t->at == '&'))
                return "sets of sets are not supported";
        if (*c != '\\')
                return *c < 128 ? NULL : "only ASCII is supported in [...]";
        *c = (unsigned char)*t->at++;
        if (members_of((char)*c)) {
                for (const char *m = members_of((char)*c); *m; m += 2)
                        add_range(set, m[0], m[1]);
                *c = -1;
                return NULL;
        }
        if (*c == 't')
                *c = '\t';
        else if (!*c || isalnum(*c) || *c > 127)
                return "of \\x in [...] only \\d, \\w, \\s, \\t and escaped punctuation are "
                       "supported";
        return NULL;
}

static const char *read_set(struct translator *t)
{
        bool set[128] = {false}, negated = *t->at == '^';
        const char *wrong;
        int from, to;

        t->at += negated;
        if (*t->at == ']')
                return "an empty [...]";
        while (*t->at && *t->at != ']') {
                wrong = read_member(t, set, &from);
                if (wrong)
                        return wrong;
                to = from;
                if (from >= 0 && *t->at == '-' && t->at[1] && t->at[1] != ']') {
                        t->at++;
                        wrong = read_member(t, set, &to);
                        if (wrong || to < from)
                                return wrong ? wrong : "a range that ends before it begins";
                }
                if (from >= 0)
                        add_range(set, from, to);
        }
        if (*t->at++ != ']')
                return "[ without its ]";
        write_set(&t->out, set, negated);
        t->repeatable = true;
        return NULL;
}

static const char *read_escape(struct translator *t)
{
        unsigned char c = (unsigned char)*t->at++;
        const char *members = members_of((char)tolower(c));
        bool set[128] = {false};

        t->repeatable = true;
        if (!c)
                return "it ends with a backslash";
        if (members) {
                for (; *members; members += 2)
                        add_range(set, members[0], members[1]);
                write_set(&t->out, set, isupper(c));
        } else if (c == 't') {
                text_char(&t->out, '\t');
        } else if (isdigit(c)) {
                return "backreferences are not supported";
        } else if (isalpha(c)) {
                return "of \\x only \\d, \\w, \\s, their negations, \\t and escaped punctuation "
                       "are supported";
        } else {
                if (strchr(".[{()*+?|^$\\", c))
                        text_char(&t->out, '\\');
                text_char(&t->out, (char)c);
        }
        return NULL;
}

/* Behind "(?<". */
static const char *read_name(struct translator *t, const char **name)
{
        size_t len = 0;

        while (isalnum((unsigned char)t->at[len]))
                len++;
        if (t->at[len] != '>' || !isalpha((unsigned char)*t->at))
                return "look-behind and odd group names are not supported";
        *name = arena_copy(t->out.arena, t->at, len);
        t->at += len + 1;
        return NULL;
}

static const char *read_group(struct translator *t)
{
        const char *name = NULL, *wrong;
        bool capturing = *t->at != '?';

        if (strncmp(t->at, "?<", 2) == 0) {
                t->at += 2;
                wrong = read_name(t, &name);
                if (wrong)
                        return wrong;
                capturing = true;
        } else if (strncmp(t->at, "?:", 2) == 0) {
                t->at += 2;
        } else if (!capturing) {
                return "of (?...) only (?:...), (?<name>...) and (?i) in front are supported";
        }
        if (++t->depth > DEEPEST || ++t->posix_groups >= REGEX_GROUPS)
                return "too many groups";
        t->copies[t->depth] = 1;
        if (capturing) {
                t->to->posix_group[++t->to->groups] = t->posix_groups;
                t->to->names[t->to->groups] = name;
        }
        text_char(&t->out, '(');
        t->repeatable = false;
        return NULL;
}

static const char *end_group(struct translator *t)
{
        if (t->depth == 0)
                return ") without its (";
        t->last_copies = t->copies[t->depth--];
        if (t->last_copies > t->copies[t->depth])
                t->copies[t->depth] = t->last_copies;
        text_char(&t->out, ')');
        t->repeatable = true;
        return NULL;
}

/* Behind "{"; how often at most. */
static const char *read_bounds(struct translator *t, int *most)
{
        char *end;
        long least = strtol(t->at, &end, 10), upper = least;

        if (!isdigit((unsigned char)*t->at))
                return "{ wants a number of repeats; write \\{ for the character";
        if (*end == ',' && isdigit((unsigned char)end[1]))
                upper = strtol(end + 1, &end, 10);
        else if (*end == ',')
                end++;
        if (*end != '}' || upper < least)
                return "{...} wants one number of repeats or two";
        if (upper > MOST_REPEATS)
                return "more than 100 repeats";
        text_char(&t->out, '{');
        text_add(&t->out, t->at, (size_t)(end + 1 - t->at));
        t->at = end + 1;
        *most = (int)(upper ? upper : 1);
        return NULL;
}

static const char *read_repeat(struct translator *t, char c)
{
        const char *wrong = NULL;
        int most = 1;

        if (!t->repeatable)
                return "a repeat of nothing";
        if (c == '{')
                wrong = read_bounds(t, &most);
        else
                text_char(&t->out, c);
        if (wrong)
                return wrong;
        most *= t->last_copies;
        if (most > MOST_COPIES)
                return "repeats of repeats, more than 1000 in all";
        if (most > t->copies[t->depth])
                t->copies[t->depth] = most;
        if (*t->at == '+')
                return "possessive repeats are not supported";
        if (*t->at == '?' && !t->lazy_allowed)
                return "lazy repeats like .*? are not supported; write [^/]* or the like";
        t->at += *t->at == '?';
        t->repeatable = false;
        return NULL;
}

static const char *read_one(struct translator *t)
{
        char c = *t->at++;

        if (strchr("*+?{", c))
                return read_repeat(t, c);
        t->last_copies = 1;
        if (c == ')')
                return end_group(t);
        if (c == '(')
                return read_group(t);
        if (c == '[')
                return read_set(t);
        if (c == '\\')
                return read_escape(t);
        text_char(&t->out, c);
        t->repeatable = !strchr("^|", c);
        return NULL;
}

const char *regex_translate(struct arena *arena, const char *java, bool lazy_allowed,
                            struct translation *to)
{
        struct translator t = {.at = java,
                               .out = text_open(arena, 80),
                               .to = to,
                               .lazy_allowed = lazy_allowed,
                               .copies = {1}};
        const char *wrong = NULL;

        *to = (struct translation){.ignores_case = strncmp(java, "(?i)", 4) == 0};
        if (strlen(java) > REGEX_PATTERN)
                return "more than 256 characters";
        t.at += to->ignores_case ? 4 : 0;
        while (*t.at && !wrong)
                wrong = read_one(&t);
        to->text = t.out.at;
        return wrong || t.depth == 0 ? wrong : "( without its )";
}
