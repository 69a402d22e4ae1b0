#include "gateway/routing/regex.h"

#include "base/log.h"
#include "base/text.h"
#include "base/utf8.h"
#include "gateway/routing/regex_java.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <ctype.h>
#include <stdatomic.h>
#include <string.h>

enum { MOST_DEPTH = 100000, MOST_HEAP_KIB = 16 << 10, GROUP_NAME = 64 };

/* A piece of a replacement: text, or what a group matched. */
struct piece {
        const char *text; /* NULL: the group */
        uint32_t group;
};

struct regex {
        const char *java; /* as written */
        const pcre2_code *code;
        uint32_t groups;
        struct piece *pieces; /* NULL: for whole subjects */
        size_t piece_count;
        atomic_bool *warned; /* that a match was given up */
};

/* ---- reading ---- */

static void *take(size_t size, void *arena)
{
        return arena_room(arena, size);
}

static void give_back(void *piece, void *arena)
{
        (void)piece, (void)arena; /* it ends with the arena */
}

static const char *message(struct arena *arena, int error)
{
        PCRE2_UCHAR text[160];

        pcre2_get_error_message(error, text, sizeof text);
        return arena_string(arena, (const char *)text);
}

static struct regex *compile(struct arena *arena, const char *java, uint32_t options,
                             const char **reason)
{
        pcre2_general_context *memory = pcre2_general_context_create(take, give_back, arena);
        pcre2_compile_context *context = pcre2_compile_context_create(memory);
        const char *text = regex_java(arena, java, reason);
        struct regex *r = arena_alloc(arena, sizeof *r);
        PCRE2_SIZE at;
        int error;

        if (!text)
                return NULL;
        pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF); /* what `.` is not */
        r->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF | options,
                                &error, &at, context);
        if (!r->code) {
                *reason = message(arena, error);
                return NULL;
        }
        pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
        r->java = arena_string(arena, java);
        r->warned = arena_alloc(arena, sizeof *r->warned);
        return r;
}

const struct regex *regex_read(struct arena *arena, const char *java, const char **reason)
{
        return compile(arena, java, PCRE2_ANCHORED | PCRE2_ENDANCHORED, reason);
}

static int group_by_name(const struct regex *r, const char *name, size_t len)
{
        PCRE2_UCHAR copy[GROUP_NAME];

        if (len >= sizeof copy)
                return -1;
        memcpy(copy, name, len);
        copy[len] = '\0';
        return pcre2_substring_number_from_name(r->code, copy);
}

/* After a '$': "1" or "{name}"; as many digits as still name a group. Below 0: no such group. */
static int group_at(const struct regex *r, const char **at)
{
        const char *close = **at == '{' ? strchr(*at, '}') : NULL;
        int group = -1, most = (int)r->groups;

        if (close) {
                group = group_by_name(r, *at + 1, (size_t)(close - *at) - 1);
                *at = close + 1;
        } else if (isdigit((unsigned char)**at)) {
                for (group = *(*at)++ - '0';
                     isdigit((unsigned char)**at) && group * 10 + **at - '0' <= most; ++*at)
                        group = group * 10 + **at - '0';
        }
        return group <= most ? group : -1;
}

static void add_piece(struct regex *r, const char *text, int group)
{
        r->pieces[r->piece_count++] = (struct piece){text, (uint32_t)group};
}

/* NULL: fine; else why not. */
static const char *read_pieces(struct arena *arena, struct regex *r, const char *at)
{
        struct text text = text_open(arena, 32);

        r->pieces = arena_alloc(arena, (2 * strlen(at) + 1) * sizeof *r->pieces);
        while (*at) {
                if (*at == '$') {
                        int group;

                        at += at[1] == '\\' ? 2 : 1; /* $\{name}: so that YAML's ${...} is not it */
                        group = group_at(r, &at);
                        if (group < 0)
                                return "the replacement names a group that the expression lacks";
                        add_piece(r, text.at, 0);
                        add_piece(r, NULL, group);
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

const struct regex *regex_read_replace(struct arena *arena, const char *java,
                                       const char *replacement, const char **reason)
{
        struct regex *r = compile(arena, java, 0, reason);

        if (r)
                *reason = read_pieces(arena, r, replacement);
        return *reason ? NULL : r;
}

/* ---- matching ---- */

/* A subject, and where matching it stands. */
struct search {
        const struct regex *regex;
        const char *subject;
        size_t len;
        pcre2_match_data *data;
        pcre2_match_context *limits;
        const PCRE2_SIZE *found; /* begin and end of each group */
        bool given_up;
};

static const char *as_utf8(struct arena *arena, const char *subject)
{
        size_t len = strlen(subject);
        char *copy, *to;

        if (utf8_is_valid(subject, len))
                return subject;
        copy = to = arena_room(arena, 2 * len + 1);
        for (; *subject; subject++)
                to = utf8_write(to, (unsigned char)*subject);
        *to = '\0';
        return copy;
}

/* PCRE2 counts steps anew at each place where a match may begin: a replacement's are shared out. */
static size_t steps_of(const struct search *s, size_t subjects)
{
        size_t scan = REGEX_SCAN / (s->len + 1);

        if (s->regex->pieces)
                return REGEX_REPLACE_STEPS / (s->len + 1);
        return (scan < REGEX_STEPS ? scan : REGEX_STEPS) / subjects;
}

static struct search search_open(const struct regex *r, struct arena *arena, const char *subject,
                                 size_t subjects)
{
        struct search s = {.regex = r, .subject = as_utf8(arena, subject)};
        size_t steps;

        s.len = strlen(s.subject);
        steps = steps_of(&s, subjects);
        s.data = pcre2_match_data_create(r->groups + 1, NULL);
        s.limits = pcre2_match_context_create(NULL);
        pcre2_set_match_limit(s.limits, (uint32_t)steps);
        pcre2_set_depth_limit(s.limits, MOST_DEPTH);
        pcre2_set_heap_limit(s.limits, MOST_HEAP_KIB);
        s.found = pcre2_get_ovector_pointer(s.data);
        return s;
}

static void search_close(struct search *s)
{
        pcre2_match_context_free(s->limits);
        pcre2_match_data_free(s->data);
}

static void warn(const struct regex *r, struct arena *arena, int error)
{
        if (!atomic_exchange(r->warned, true))
                log_write(LOG_WARN, "a regular expression takes too long, its match was given up",
                          "regex", r->java, "error.message", message(arena, error), NULL);
}

static bool search_from(struct search *s, struct arena *arena, size_t from)
{
        int result = pcre2_match(s->regex->code, (PCRE2_SPTR)s->subject, s->len, from,
                                 PCRE2_NO_UTF_CHECK, s->data, s->limits);

        s->given_up = result < 0 && result != PCRE2_ERROR_NOMATCH;
        if (s->given_up)
                warn(s->regex, arena, result);
        return result > 0;
}

bool regex_matches(const struct regex *r, struct arena *arena, const char *subject, size_t subjects)
{
        struct search s = search_open(r, arena, subject, subjects);
        bool matches = search_from(&s, arena, 0);

        search_close(&s);
        return matches;
}

static void write_pieces(const struct search *s, struct text *out)
{
        for (size_t i = 0; i < s->regex->piece_count; i++) {
                const struct piece *p = &s->regex->pieces[i];
                const PCRE2_SIZE *group = &s->found[2 * p->group];

                if (p->text)
                        text_string(out, p->text);
                else if (group[0] != PCRE2_UNSET)
                        text_add(out, s->subject + group[0], group[1] - group[0]);
        }
}

static size_t character_length(const char *at, const char *end)
{
        size_t len = at < end ? utf8_length(at, end) : 0;

        return len ? len : 1;
}

/* As Java does it, an empty match moves on by one character, and the empty rest after the last one
   is looked at, too. */
const char *regex_replace(const struct regex *r, struct arena *arena, const char *subject)
{
        struct search s = search_open(r, arena, subject, 1);
        struct text out = text_open(arena, s.len + 32);
        size_t copied = 0, from = 0;

        while (from <= s.len && search_from(&s, arena, from)) {
                text_add(&out, s.subject + copied, s.found[0] - copied);
                write_pieces(&s, &out);
                copied = from = s.found[1];
                if (s.found[0] == s.found[1])
                        from += character_length(s.subject + from, s.subject + s.len);
        }
        text_add(&out, s.subject + copied, s.len - copied);
        search_close(&s);
        return s.given_up ? NULL : out.at;
}
