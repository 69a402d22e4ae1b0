#include "base/hex.h"
#include "base/json.h"

#include <string.h>

const char *json_type_name(enum json_type type)
{
        static const char *const names[] = {
                [JSON_NULL] = "null",        [JSON_FALSE] = "false",     [JSON_TRUE] = "true",
                [JSON_NUMBER] = "a number",  [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",
                [JSON_OBJECT] = "an object",
        };

        return names[type];
}

static void escape_write(struct text *out, unsigned char c)
{
        static const char names[32] = {
                ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
        char escape[6] = {'\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15]};

        if (c >= 32 || names[c]) {
                escape[1] = c >= 32 ? (char)c : names[c];
                text_add(out, escape, 2);
                return;
        }
        text_add(out, escape, sizeof escape);
}

/* What cannot stand in a string as it is. A look into a table is all that most bytes cost. */
static const bool is_escaped[256] = {[0 ... 31] = true, ['"'] = true, ['\\'] = true};

static void string_write(struct text *out, const char *value, size_t len)
{
        const char *end = value + len, *run = value;

        text_char(out, '"');
        for (const char *p = value; p < end; p++) {
                if (!is_escaped[(unsigned char)*p])
                        continue;
                text_add(out, run, (size_t)(p - run));
                escape_write(out, (unsigned char)*p);
                run = p + 1;
        }
        text_add(out, run, (size_t)(end - run));
        text_char(out, '"');
}

void json_write_string(struct text *out, const char *value)
{
        if (value)
                string_write(out, value, strlen(value));
        else
                text_add(out, "null", 4);
}

static void children_write(struct text *out, const struct json *value, const char *brackets)
{
        text_char(out, brackets[0]);
        for (const struct json *child = value->first; child; child = child->next) {
                if (child->name) {
                        json_write_string(out, child->name);
                        text_char(out, ':');
                }
                json_write(out, child);
                if (child->next)
                        text_char(out, ',');
        }
        text_char(out, brackets[1]);
}

void json_write(struct text *out, const struct json *value)
{
        switch (value->type) {
        case JSON_STRING:
                string_write(out, value->text, value->len);
                break;
        case JSON_ARRAY:
                children_write(out, value, "[]");
                break;
        case JSON_OBJECT:
                children_write(out, value, "{}");
                break;
        default: /* null, true, false and numbers are their own text */
                text_add(out, value->text, value->len);
        }
}
