#include "base/fault_read.h"

#include "base/arena.h"
#include "base/config_value.h"
#include "base/fault.h"
#include "base/faults_kinds.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

enum { USUAL_MS = 300000, MOST_NAMES = 16 };

static const char digits[] = "0123456789";

/* ---- names ---- */

/* At most 32 bytes of what somebody wrote; no character is cut in two. */
static const char *shown(struct arena *arena, const char *name)
{
        size_t len = strnlen(name, 33);

        if (len > 32)
                for (len = 32; ((unsigned char)name[len] & 0xc0) == 0x80;)
                        len--;
        return arena_copy(arena, name, len);
}

static const char *near_text(const char *wanted, const char *const *names, struct arena *arena)
{
        const char *near = suggest(wanted, names);

        return near ? arena_printf(arena, "; did you mean %s?", near) : "";
}

static bool unknown_kind(const char *name, const char *const *names, struct error *error)
{
        struct arena *arena = arena_open();
        struct text all = text_open(arena, 300);
        const char *near = name ? near_text(name, names, arena) : "";

        for (int i = 0; names[i]; i++)
                text_printf(&all, "%s%s", i ? ", " : "", names[i]);
        if (name)
                error_member(error, "kind", "no kind here is called %s%s There are: %s",
                             shown(arena, name), *near ? near : ".", all.at);
        else
                error_member(error, "kind", "a fault needs a kind. There are: %s", all.at);
        arena_close(&arena);
        return false;
}

static bool read_kind(uint32_t kinds, const struct json *body, enum fault_kind *kind,
                      struct error *error)
{
        const struct json *given = json_member(body, "kind");
        const char *names[FAULT_KINDS + 1] = {0}, *name = NULL;
        int count = 0;

        if (given && given->type == JSON_STRING)
                name = given->text;
        for (int k = 0; k < FAULT_KINDS; k++) {
                if (!(kinds & UINT32_C(1) << k))
                        continue;
                if (name && strcmp(fault_rows[k].name, name) == 0) {
                        *kind = (enum fault_kind)k;
                        return true;
                }
                names[count++] = fault_rows[k].name;
        }
        return unknown_kind(name, names, error);
}

/* ---- which members ---- */

static const struct fault_member_row *member_row(const char *name)
{
        const struct fault_member_row *row = fault_member_rows;

        while (row->name && strcmp(row->name, name) != 0)
                row++;
        return row->name ? row : NULL;
}

/* "path, rate, duration"; names gets the same as an array. */
static void taken_by(enum fault_kind kind, struct text *out, const char **names)
{
        int count = 0;

        for (const struct fault_member_row *row = fault_member_rows; row->name; row++) {
                if (!fault_takes(kind, row))
                        continue;
                text_printf(out, "%s%s", count ? ", " : "", row->name);
                names[count++] = row->name;
        }
        names[count] = NULL;
}

static bool refused_member(enum fault_kind kind, const char *name, struct error *error)
{
        const char *names[MOST_NAMES];
        struct arena *arena = arena_open();
        struct text taken = text_open(arena, 100);
        const char *near;

        taken_by(kind, &taken, names);
        near = near_text(name, names, arena);
        if (member_row(name))
                error_member(error, name, "%s takes no %s; it takes %s", fault_rows[kind].name,
                             name, taken.at);
        else
                error_member(error, shown(arena, name), "a fault has no member %s%s %s takes %s",
                             shown(arena, name), *near ? near : ".", fault_rows[kind].name,
                             taken.at);
        arena_close(&arena);
        return false;
}

static bool only_what_it_takes(enum fault_kind kind, const struct json *body, struct error *error)
{
        for (const struct json *m = body->first; m; m = m->next) {
                const struct fault_member_row *row = member_row(m->name);

                if (strcmp(m->name, "kind") != 0 && (!row || !fault_takes(kind, row)))
                        return refused_member(kind, m->name, error);
        }
        return true;
}

/* ---- numbers ---- */

static bool number_expected(const char *name, const struct setting *row, struct error *error)
{
        struct arena *arena = arena_open();
        struct text expected = text_open(arena, 100);

        config_value_expected(row, &expected);
        error_member(error, name, "%s is %s", name, expected.at);
        arena_close(&arena);
        return false;
}

/* NULL: the member is no number and no text */
static const char *source_of(const struct json *value)
{
        return value->type == JSON_STRING || value->type == JSON_NUMBER ? value->text : NULL;
}

static struct setting limits_of(const struct fault *f, const char *name)
{
        return fault_limits(f->kind, member_row(name));
}

/* 0 where the member is absent. */
static bool read_number(const struct fault *f, const struct json *body, const char *name,
                        int64_t *number, struct error *error)
{
        const struct json *value = json_member(body, name);
        const char *source = value ? source_of(value) : NULL;
        struct setting limits = limits_of(f, name);

        *number = 0;
        return !value || (source && config_value_read(&limits, source, number)) ||
               number_expected(name, &limits, error);
}

/* Digits, perhaps with some behind a point: what a schema can say of a text. strtod also takes nan,
   inf, blanks, hexadecimals, and rounds what is longer. */
static bool is_decimal(const char *text)
{
        size_t whole = strspn(text, digits), behind;

        if (!whole || !text[whole])
                return whole;
        behind = strspn(text + whole + 1, digits);
        return text[whole] == '.' && behind <= FAULT_FRACTION_DIGITS && !text[whole + 1 + behind];
}

/* As it was where the member is absent. */
static bool read_fraction(const struct fault *f, const struct json *body, const char *name,
                          double *number, struct error *error)
{
        const struct json *value = json_member(body, name);
        double most = (double)limits_of(f, name).most, given = 0;

        if (!value)
                return true;
        if (value->type == JSON_NUMBER || (value->type == JSON_STRING && is_decimal(value->text)))
                given = strtod(value->text, NULL);
        if (!(given > 0 && given <= most))
                return error_member(error, name, "%s is a number above 0, at most %g", name, most);
        *number = given;
        return true;
}

static bool read_duration(struct fault *f, const struct json *body, struct error *error)
{
        static const struct setting any = {.name = "duration", .type = SETTING_DURATION};
        const struct json *value = json_member(body, "duration");
        const char *source = value ? source_of(value) : NULL;

        f->duration_ms = USUAL_MS;
        if (!value)
                return true;
        if (source && config_value_read(&any, source, &f->duration_ms) &&
            f->duration_ms > limits_of(f, "duration").most)
                return error_member(error, "duration",
                                    "duration is at most 1h: every fault ends by itself");
        return read_number(f, body, "duration", &f->duration_ms, error);
}

static bool read_drawn(struct fault *f, const struct json *body, struct error *error)
{
        static const char *const names[] = {"p50", "p99"};
        int64_t *const delays[] = {&f->p50_ms, &f->p99_ms};

        for (int i = 0; i < 2; i++) {
                if (!json_member(body, names[i]))
                        return error_member(error, names[i], "p50 and p99 come together");
                if (!read_number(f, body, names[i], delays[i], error))
                        return false;
        }
        return f->p50_ms <= f->p99_ms ||
               error_member(error, "p99", "p99 is no shorter than p50, by what they mean");
}

/* delay, or both p50 and p99 */
static bool read_delay(struct fault *f, const struct json *body, struct error *error)
{
        const struct fault_row *kind = &fault_rows[f->kind];
        bool fixed = json_member(body, "delay");
        bool drawn = json_member(body, "p50") || json_member(body, "p99");

        if (!(kind->members & MEMBER_DELAY))
                return true;
        if (!fixed && !drawn)
                return error_member(error, "delay", "%s needs delay, or both p50 and p99",
                                    kind->name);
        if (fixed && drawn)
                return error_member(error, "delay",
                                    "either delay, or p50 and p99; not all of them");
        return fixed ? read_number(f, body, "delay", &f->delay_ms, error)
                     : read_drawn(f, body, error);
}

static bool read_parameters(struct fault *f, const struct json *body, struct error *error)
{
        int64_t status;

        for (const struct fault_member_row *row = fault_member_rows; row->name; row++)
                if (row->member & fault_rows[f->kind].members & MEMBERS_NEEDED &
                            ~(unsigned)MEMBER_DELAY &&
                    !json_member(body, row->name))
                        return error_member(error, row->name, "%s needs %s",
                                            fault_rows[f->kind].name, row->name);
        if (!read_number(f, body, "status", &status, error) ||
            !read_number(f, body, "size", &f->size, error) ||
            !read_fraction(f, body, "cores", &f->cores, error))
                return false;
        f->status = (int)status;
        f->rate = 1;
        return read_fraction(f, body, "rate", &f->rate, error) && read_delay(f, body, error);
}

/* ---- the target ---- */

/* JSON counts characters, and so does a schema. */
static int64_t characters(const char *text)
{
        int64_t count = 0;

        for (; *text; text++)
                count += ((unsigned char)*text & 0xc0) != 0x80;
        return count;
}

/* Of ASCII; a longer character of UTF-8 has none of these bytes. */
static bool has_control(const char *text)
{
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == 0x7f)
                        return true;
        return false;
}

static bool read_text(const struct fault *f, const struct json *body, const char *name, char **text,
                      struct error *error)
{
        const struct json *value = json_member(body, name);
        struct setting limits = limits_of(f, name);

        if (!value)
                return true;
        if (value->type != JSON_STRING || !*value->text || characters(value->text) > limits.most)
                return error_member(error, name, "%s is a text of %lld to %lld characters", name,
                                    (long long)limits.least, (long long)limits.most);
        if (has_control(value->text))
                return error_member(error, name, "%s has no control characters", name);
        *text = memory_string(value->text);
        return true;
}

/* RFC 9110, 9.1: a token, here without the lower case that no method has */
static bool is_method(const char *text)
{
        return !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~")];
}

static bool is_segment(const char *at, size_t len, bool last)
{
        if (len > 2 && at[0] == '{' && at[len - 1] == '}')
                return !memchr(at + 1, '{', len - 1) && !memchr(at, '}', len - 1);
        if (last && len == 2 && memcmp(at, "**", 2) == 0)
                return true;
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)at[i] <= ' ' || strchr("{}*?#", at[i]))
                        return false;
        return true;
}

static bool is_template(const char *path)
{
        if (*path != '/')
                return false;
        while (*path) {
                size_t len = strcspn(++path, "/");

                if (!is_segment(path, len, !path[len]))
                        return false;
                path += len;
        }
        return true;
}

static bool read_target(struct fault *f, const struct json *body, struct error *error)
{
        if (!read_text(f, body, "method", &f->method, error) ||
            !read_text(f, body, "path", &f->path, error) ||
            !read_text(f, body, "routeId", &f->route, error) ||
            !read_text(f, body, "eventType", &f->type, error) ||
            !read_text(f, body, "key", &f->key, error))
                return false;
        if (f->method && !is_method(f->method))
                return error_member(error, "method", "method is a word in upper case, like GET");
        return !f->path || is_template(f->path) ||
               error_member(error, "path",
                            "path begins with / and has no query; {id} is one segment, ** at its "
                            "end is any rest: /orders/{id}, /orders/**");
}

struct fault *fault_read(uint32_t kinds, const struct json *body, struct error *error)
{
        struct fault *f = memory_alloc(sizeof *f);

        if (body->type != JSON_OBJECT)
                error_set(error, ERROR_BAD_INPUT, "a fault is an object, not %s",
                          json_type_name(body->type));
        else if (read_kind(kinds, body, &f->kind, error) &&
                 only_what_it_takes(f->kind, body, error) && read_target(f, body, error) &&
                 read_parameters(f, body, error) && read_duration(f, body, error))
                return f;
        fault_free(f);
        return NULL;
}
