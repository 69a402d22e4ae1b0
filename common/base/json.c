#include "base/json.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The source is copied once; values are pieces of that copy, unescaped in place and ended with NUL where their
   delimiter stood. Reading goes on from the source itself, so that such an end overwrites nothing still unread. */
struct reader {
        struct arena *arena;
        struct error *error;
        const char *start, *at, *end;
        char *copy;
};

enum byte_class { PLAIN, QUOTE, BACKSLASH, CONTROL, HIGH };

#define ROW16(c) c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c

static const unsigned char byte_class[256] = {
        ROW16(CONTROL), ROW16(CONTROL), ['"'] = QUOTE, ['\\'] = BACKSLASH,
        [128] = ROW16(HIGH), ROW16(HIGH), ROW16(HIGH), ROW16(HIGH), ROW16(HIGH), ROW16(HIGH), ROW16(HIGH), ROW16(HIGH),
};

static inline unsigned char byte_at(const char *p)
{
        return (unsigned char)*p;
}

static bool fail_at(struct reader *r, const char *where, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool fail_at(struct reader *r, const char *where, const char *format, ...)
{
        char what[160];
        va_list args;

        va_start(args, format);
        vsnprintf(what, sizeof what, format, args);
        va_end(args);
        return error_set(r->error, ERROR_BAD_INPUT, "byte %zu: %s%s", (size_t)(where - r->start) + 1, what,
                         where < r->end ? "" : ", but the text ends");
}

static bool expected(struct reader *r, const char *what)
{
        return fail_at(r, r->at, "expected %s", what);
}

static void blank_skip(struct reader *r)
{
        while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
                r->at++;
}

static bool next_is(const struct reader *r, char c)
{
        return r->at < r->end && *r->at == c;
}

/* Skips blanks and then c, where it is next. */
static bool take(struct reader *r, char c)
{
        blank_skip(r);
        if (!next_is(r, c))
                return false;
        r->at++;
        return true;
}

static bool digit_next(const struct reader *r)
{
        return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static bool digits_skip(struct reader *r)
{
        if (!digit_next(r))
                return expected(r, "a digit");
        while (digit_next(r))
                r->at++;
        return true;
}

static bool hex_read(struct reader *r, uint32_t *code)
{
        *code = 0;
        for (int i = 0; i < 4; i++, r->at++) {
                char c = r->at < r->end ? *r->at : '\0';
                int lower = c | 0x20;

                if (c >= '0' && c <= '9')
                        *code = *code << 4 | (uint32_t)(c - '0');
                else if (lower >= 'a' && lower <= 'f')
                        *code = *code << 4 | (uint32_t)(lower - 'a' + 10);
                else
                        return expected(r, "four hexadecimal digits behind \\u");
        }
        return true;
}

/* Behind the u of \u. A code above U+FFFF comes as two escapes, high surrogate first. */
static bool unicode_read(struct reader *r, char **out)
{
        const char *escape = r->at - 2;
        uint32_t code, low;

        if (!hex_read(r, &code))
                return false;
        if (code == 0)
                return fail_at(r, escape, "\\u0000 is not allowed");
        if (code >= 0xdc00 && code <= 0xdfff)
                return fail_at(r, escape, "a low surrogate with no high one before it");
        if (code >= 0xd800 && code <= 0xdbff) {
                if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
                        return expected(r, "the \\u escape of a low surrogate");
                r->at += 2;
                if (!hex_read(r, &low))
                        return false;
                if (low < 0xdc00 || low > 0xdfff)
                        return fail_at(r, escape, "a high surrogate with no low one behind it");
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        *out = utf8_write(*out, code);
        return true;
}

static bool escape_read(struct reader *r, char **out)
{
        static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        const char *found;

        r->at++;
        if (next_is(r, 'u')) {
                r->at++;
                return unicode_read(r, out);
        }
        found = r->at < r->end && *r->at ? strchr(names, *r->at) : NULL;
        if (!found)
                return expected(r, "one of \"\\/bfnrtu behind the backslash");
        *(*out)++ = values[found - names];
        r->at++;
        return true;
}

/* Up to a quote, a backslash or what may not stand in a string. */
static void run_skip(struct reader *r)
{
        const char *p = r->at, *end = r->end;

        for (;;) {
                size_t length;

                while (p < end && byte_class[byte_at(p)] == PLAIN)
                        p++;
                if (p == end || byte_class[byte_at(p)] != HIGH)
                        break;
                length = utf8_length(p, end);
                if (!length)
                        break;
                p += length;
        }
        r->at = p;
}

static bool string_stray(struct reader *r)
{
        if (r->at == r->end)
                return expected(r, "'\"' at the end of the string");
        if (byte_class[byte_at(r->at)] == HIGH)
                return expected(r, "valid UTF-8");
        return fail_at(r, r->at, "expected an escape for the control character 0x%02x", byte_at(r->at));
}

/* Behind the opening quote. */
static bool string_read(struct reader *r, const char **value, size_t *len)
{
        char *out = r->copy + (r->at - r->start);
        bool shifted = false;

        *value = out;
        for (;;) {
                const char *run = r->at;

                run_skip(r);
                if (shifted)
                        memcpy(out, run, (size_t)(r->at - run));
                out += r->at - run;
                if (next_is(r, '"'))
                        break;
                if (!next_is(r, '\\'))
                        return string_stray(r);
                if (!escape_read(r, &out))
                        return false;
                shifted = true;
        }
        r->at++;
        *out = '\0';
        *len = (size_t)(out - *value);
        return true;
}

static bool number_read(struct reader *r, struct json *value)
{
        const char *begin = r->at;

        if (*r->at == '-')
                r->at++;
        if (next_is(r, '0')) {
                r->at++;
                if (digit_next(r))
                        return expected(r, "no digit behind a leading 0");
        } else if (!digits_skip(r)) {
                return false;
        }
        if (next_is(r, '.')) {
                r->at++;
                if (!digits_skip(r))
                        return false;
        }
        if (next_is(r, 'e') || next_is(r, 'E')) {
                r->at++;
                if (next_is(r, '+') || next_is(r, '-'))
                        r->at++;
                if (!digits_skip(r))
                        return false;
        }
        value->type = JSON_NUMBER;
        value->text = r->copy + (begin - r->start);
        value->len = (size_t)(r->at - begin);
        r->copy[r->at - r->start] = '\0';
        return true;
}

static bool literal_read(struct reader *r, struct json *value)
{
        static const struct {
                const char *text;
                size_t len;
                enum json_type type;
        } literals[] = {{"null", 4, JSON_NULL}, {"true", 4, JSON_TRUE}, {"false", 5, JSON_FALSE}};

        for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
                if ((size_t)(r->end - r->at) < literals[i].len || memcmp(r->at, literals[i].text, literals[i].len) != 0)
                        continue;
                value->type = literals[i].type;
                value->text = literals[i].text;
                value->len = literals[i].len;
                r->at += literals[i].len;
                return true;
        }
        return expected(r, "a value");
}

static struct json *value_read(struct reader *r, int depth);

static bool array_read(struct reader *r, struct json *array, int depth)
{
        const struct json **link = &array->first;

        array->type = JSON_ARRAY;
        if (take(r, ']'))
                return true;
        do {
                struct json *element = value_read(r, depth);

                if (!element)
                        return false;
                *link = element;
                link = &element->next;
        } while (take(r, ','));
        return take(r, ']') || expected(r, "',' or ']'");
}

static bool object_read(struct reader *r, struct json *object, int depth)
{
        const struct json **link = &object->first;

        object->type = JSON_OBJECT;
        if (take(r, '}'))
                return true;
        do {
                struct json *member;
                const char *name;
                size_t len;

                if (!take(r, '"'))
                        return expected(r, link == &object->first ? "a member's name or '}'" : "a member's name");
                if (!string_read(r, &name, &len))
                        return false;
                if (!take(r, ':'))
                        return expected(r, "':'");
                member = value_read(r, depth);
                if (!member)
                        return false;
                member->name = name;
                *link = member;
                link = &member->next;
        } while (take(r, ','));
        return take(r, '}') || expected(r, "',' or '}'");
}

static bool nested_read(struct reader *r, struct json *value, int depth)
{
        if (depth == JSON_DEPTH) {
                fail_at(r, r->at, "expected at most %d levels", JSON_DEPTH);
                return false;
        }
        return *r->at++ == '[' ? array_read(r, value, depth + 1) : object_read(r, value, depth + 1);
}

static struct json *value_read(struct reader *r, int depth)
{
        struct json *value;
        bool read;

        blank_skip(r);
        if (r->at == r->end) {
                expected(r, "a value");
                return NULL;
        }
        value = arena_alloc(r->arena, sizeof *value);
        if (*r->at == '"') {
                r->at++;
                value->type = JSON_STRING;
                read = string_read(r, &value->text, &value->len);
        } else if (*r->at == '-' || digit_next(r)) {
                read = number_read(r, value);
        } else if (*r->at == '[' || *r->at == '{') {
                read = nested_read(r, value, depth);
        } else {
                read = literal_read(r, value);
        }
        return read ? value : NULL;
}

const struct json *json_read(struct arena *arena, const char *text, size_t len, struct error *error)
{
        struct reader r = {.arena = arena, .error = error, .start = text, .at = text, .end = text + len};
        struct json *value;

        if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
                expected(&r, "a value, not a byte order mark");
                return NULL;
        }
        r.copy = arena_copy(arena, text, len);
        value = value_read(&r, 0);
        if (!value)
                return NULL;
        blank_skip(&r);
        if (r.at < r.end) {
                expected(&r, "nothing behind the value");
                return NULL;
        }
        return value;
}

const struct json *json_member(const struct json *object, const char *name)
{
        const struct json *last = NULL;

        if (!object || object->type != JSON_OBJECT)
                return NULL;
        for (const struct json *m = object->first; m; m = m->next)
                if (strcmp(m->name, name) == 0)
                        last = m;
        return last;
}
