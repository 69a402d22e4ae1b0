#include "gateway/routing/regex_inside.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

static struct regex *compile(struct arena *arena, struct regex **owned, const struct translation *t,
                             bool whole, const char **reason)
{
        struct regex *r = arena_alloc(arena, sizeof *r);
        int failed =
                regcomp(&r->posix, whole ? arena_printf(arena, "^(%s)$", t->text) : t->text,
                        REG_EXTENDED | (t->ignores_case ? REG_ICASE : 0) | (whole ? REG_NOSUB : 0));
        char text[80];

        if (failed) {
                regerror(failed, &r->posix, text, sizeof text);
                *reason = arena_string(arena, text);
                return NULL;
        }
        r->next = *owned;
        *owned = r;
        return r;
}

const struct regex *regex_read(struct arena *arena, struct regex **owned, const char *java,
                               const char **reason)
{
        struct translation t;

        *reason = regex_translate(arena, java, true, &t);
        return *reason ? NULL : compile(arena, owned, &t, true, reason);
}

static int group_by_name(const struct translation *t, const char *name, size_t len)
{
        for (int i = 1; i <= t->groups; i++)
                if (t->names[i] && strlen(t->names[i]) == len &&
                    memcmp(t->names[i], name, len) == 0)
                        return i;
        return -1;
}

/* Behind a '$': "1" or "{name}"; as many digits as still name a group. -1: no such group. */
static int group_at(const struct translation *t, const char **at)
{
        const char *close = **at == '{' ? strchr(*at, '}') : NULL;
        int group = -1;

        if (close) {
                group = group_by_name(t, *at + 1, (size_t)(close - *at) - 1);
                *at = close + 1;
        } else if (isdigit((unsigned char)**at)) {
                for (group = *(*at)++ - '0';
                     isdigit((unsigned char)**at) && group * 10 + **at - '0' <= t->groups; ++*at)
                        group = group * 10 + **at - '0';
        }
        return group <= t->groups ? group : -1;
}

static void add_piece(struct regex *r, const char *text, int group)
{
        r->pieces[r->piece_count++] = (struct piece){text, group};
}

static const char *read_pieces(struct arena *arena, struct regex *r, const struct translation *t,
                               const char *at)
{
        struct text text = text_open(arena, 32);

        r->pieces = arena_alloc(arena, (2 * strlen(at) + 1) * sizeof *r->pieces);
        while (*at) {
                if (*at == '$') {
                        int group;

                        at += at[1] == '\\'
                                      ? 2
                                      : 1; /* Spring's way past YAML's placeholders: $\{name} */
                        group = group_at(t, &at);
                        if (group < 0)
                                return "the replacement names a group that the expression lacks";
                        add_piece(r, text.at, 0);
                        add_piece(r, NULL, t->posix_group[group]);
                        text = text_open(arena, 32);
                        continue;
                }
                at += *at == '\\';
                if (!*at)
                        return "the replacement ends with a backslash";
                text_char(&text, *at++);
        }
        add_piece(r, text.at, 0);
        return NULL;
}

const struct regex *regex_read_replace(struct arena *arena, struct regex **owned, const char *java,
                                       const char *replacement, const char **reason)
{
        struct translation t;
        struct regex *r;

        *reason = regex_translate(arena, java, false, &t);
        r = *reason ? NULL : compile(arena, owned, &t, false, reason);
        if (r)
                *reason = read_pieces(arena, r, &t, replacement);
        return *reason ? NULL : r;
}

void regexes_close(struct regex **owned)
{
        for (; *owned; *owned = (*owned)->next)
                regfree(&(*owned)->posix);
}

bool regex_matches(const struct regex *r, const char *subject)
{
        return strnlen(subject, REGEX_SUBJECT + 1) <= REGEX_SUBJECT &&
               regexec(&r->posix, subject, 0, NULL, 0) == 0;
}

static void write_pieces(const struct regex *r, const char *subject, const regmatch_t *groups,
                         struct text *out)
{
        for (size_t i = 0; i < r->piece_count; i++) {
                const struct piece *p = &r->pieces[i];

                if (p->text)
                        text_string(out, p->text);
                else if (groups[p->group].rm_so >= 0)
                        text_add(out, subject + groups[p->group].rm_so,
                                 (size_t)(groups[p->group].rm_eo - groups[p->group].rm_so));
        }
}

/* An empty match moves on by one character; behind the last one it is still looked for, as Java
   does. */
const char *regex_replace(const struct regex *r, struct arena *arena, const char *subject)
{
        struct text out = text_open(arena, strlen(subject) + 32);
        regmatch_t groups[REGEX_GROUPS + 1];
        const char *at = subject, *end = subject + strnlen(subject, REGEX_SUBJECT + 1);

        if (end - subject > REGEX_SUBJECT)
                return NULL;
        while (at <= end &&
               regexec(&r->posix, at, REGEX_GROUPS, groups, at > subject ? REG_NOTBOL : 0) == 0) {
                text_add(&out, at, (size_t)groups[0].rm_so);
                write_pieces(r, at, groups, &out);
                if (groups[0].rm_eo == groups[0].rm_so && at[groups[0].rm_eo])
                        text_char(&out, at[groups[0].rm_eo]);
                at += groups[0].rm_eo + (groups[0].rm_eo == groups[0].rm_so);
        }
        if (at < end)
                text_string(&out, at);
        return out.at;
}
