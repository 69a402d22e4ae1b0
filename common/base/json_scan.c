#include "base/json_scan.h"

#include "base/hex.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum byte_class { PLAIN, QUOTE, BACKSLASH, CONTROL, HIGH };

#define ROW16(c) c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c

static const unsigned char byte_class[256] = {
        ROW16(CONTROL),      ROW16(CONTROL), ['"'] = QUOTE, ['\\'] = BACKSLASH,
        [128] = ROW16(HIGH), ROW16(HIGH),    ROW16(HIGH),   ROW16(HIGH),
        ROW16(HIGH),         ROW16(HIGH),    ROW16(HIGH),   ROW16(HIGH),
};

static inline unsigned char byte_at(const char *p)
{
        return (unsigned char)*p;
}

bool json_fail_at(struct json_reader *r, const char *where, const char *format, ...)
{
        char what[160];
        va_list args;

        va_start(args, format);
        vsnprintf(what, sizeof what, format, args);
        va_end(args);
        return error_set(r->error, ERROR_BAD_INPUT, "byte %zu: %s%s",
                         (size_t)(where - r->start) + 1, what,
                         where < r->end ? "" : ", but the text ends");
}

bool json_expected(struct json_reader *r, const char *what)
{
        return json_fail_at(r, r->at, "expected %s", what);
}

static bool digits_skip(struct json_reader *r)
{
        if (!json_digit_next(r))
                return json_expected(r, "a digit");
        while (json_digit_next(r))
                r->at++;
        return true;
}

static bool hex_read(struct json_reader *r, uint32_t *code)
{
        *code = 0;
        for (int i = 0; i < 4; i++, r->at++) {
                int digit = hex_digit(r->at < r->end ? *r->at : '\0');

                if (digit < 0)
                        return json_expected(r, "four hexadecimal digits behind \\u");
                *code = *code << 4 | (uint32_t)digit;
        }
        return true;
}

/* After the u of \u. A code above U+FFFF comes as two escapes, high surrogate first. out NULL: only
   checked. */
static bool unicode_read(struct json_reader *r, char **out)
{
        const char *escape = r->at - 2;
        uint32_t code, low;

        if (!hex_read(r, &code))
                return false;
        if (code == 0)
                return json_fail_at(r, escape, "\\u0000 is not allowed");
        if (code >= 0xdc00 && code <= 0xdfff)
                return json_fail_at(r, escape, "a low surrogate with no high one before it");
        if (code >= 0xd800 && code <= 0xdbff) {
                if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
                        return json_expected(r, "the \\u escape of a low surrogate");
                r->at += 2;
                if (!hex_read(r, &low))
                        return false;
                if (low < 0xdc00 || low > 0xdfff)
                        return json_fail_at(r, escape,
                                            "a high surrogate with no low one behind it");
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        if (out)
                *out = utf8_write(*out, code);
        return true;
}

static bool escape_read(struct json_reader *r, char **out)
{
        static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        const char *found;

        r->at++;
        if (json_next_is(r, 'u')) {
                r->at++;
                return unicode_read(r, out);
        }
        found = r->at < r->end && *r->at ? strchr(names, *r->at) : NULL;
        if (!found)
                return json_expected(r, "one of \"\\/bfnrtu behind the backslash");
        if (out)
                *(*out)++ = values[found - names];
        r->at++;
        return true;
}

/* Up to a quote, a backslash or a byte that no string may have. */
static void run_skip(struct json_reader *r)
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

static bool string_stray(struct json_reader *r)
{
        if (r->at == r->end)
                return json_expected(r, "'\"' at the end of the string");
        if (byte_class[byte_at(r->at)] == HIGH)
                return json_expected(r, "valid UTF-8");
        return json_fail_at(r, r->at, "expected an escape for the control character 0x%02x",
                            byte_at(r->at));
}

/* After the opening quote. */
bool json_string(struct json_reader *r, struct string *string)
{
        *string = (struct string){.at = r->at};
        for (;;) {
                run_skip(r);
                if (json_next_is(r, '"'))
                        break;
                if (!json_next_is(r, '\\'))
                        return string_stray(r);
                if (!escape_read(r, NULL))
                        return false;
                string->escaped = true;
        }
        string->len = (size_t)(r->at++ - string->at);
        return true;
}

/* Its value, unescaped. */
const char *json_string_value(const struct json_reader *r, const struct string *string, size_t *len)
{
        struct json_reader again = {.error = r->error,
                                    .start = r->start,
                                    .at = string->at,
                                    .end = string->at + string->len};
        char *value, *out;

        *len = string->len;
        if (!string->escaped)
                return arena_copy(r->arena, string->at, string->len);
        value = out = arena_room(r->arena, string->len + 1);
        while (again.at < again.end) {
                const char *run = again.at;

                run_skip(&again);
                memcpy(out, run, (size_t)(again.at - run));
                out += again.at - run;
                if (again.at < again.end)
                        escape_read(&again, &out);
        }
        *out = '\0';
        *len = (size_t)(out - value);
        return value;
}

bool json_number(struct json_reader *r)
{
        if (*r->at == '-')
                r->at++;
        if (json_next_is(r, '0')) {
                r->at++;
                if (json_digit_next(r))
                        return json_expected(r, "no digit behind a leading 0");
        } else if (!digits_skip(r)) {
                return false;
        }
        if (json_next_is(r, '.')) {
                r->at++;
                if (!digits_skip(r))
                        return false;
        }
        if (json_next_is(r, 'e') || json_next_is(r, 'E')) {
                r->at++;
                if (json_next_is(r, '+') || json_next_is(r, '-'))
                        r->at++;
                if (!digits_skip(r))
                        return false;
        }
        return true;
}
