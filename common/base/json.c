#include "base/json.h"

#include "base/json_scan.h"

#include <stdlib.h>
#include <string.h>

/* Skips blanks and then c, where it is next. */
static bool take(struct json_reader *r, char c)
{
        json_blanks(r);
        if (!json_next_is(r, c))
                return false;
        r->at++;
        return true;
}

/* value NULL: only checked, here and below */
static bool string_read(struct json_reader *r, struct json *value)
{
        struct string string;

        r->at++;
        if (!json_string(r, &string))
                return false;
        if (!value)
                return true;
        value->type = JSON_STRING;
        value->text = json_string_value(r, &string, &value->len);
        return true;
}

static bool number_read(struct json_reader *r, struct json *value)
{
        const char *begin = r->at;

        if (!json_number(r))
                return false;
        if (!value)
                return true;
        value->type = JSON_NUMBER;
        value->len = (size_t)(r->at - begin);
        value->text = arena_copy(r->arena, begin, value->len);
        return true;
}

static bool literal_read(struct json_reader *r, struct json *value)
{
        static const struct {
                const char *text;
                size_t len;
                enum json_type type;
        } literals[] = {{"null", 4, JSON_NULL}, {"true", 4, JSON_TRUE}, {"false", 5, JSON_FALSE}};

        for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
                if ((size_t)(r->end - r->at) < literals[i].len ||
                    memcmp(r->at, literals[i].text, literals[i].len) != 0)
                        continue;
                r->at += literals[i].len;
                if (value) {
                        value->type = literals[i].type;
                        value->text = literals[i].text;
                        value->len = literals[i].len;
                }
                return true;
        }
        return json_expected(r, "a value");
}

static bool value_read(struct json_reader *r, struct json *value, int depth);

/* Room in the tree for what stands in `parent`; NULL: it is not wanted. */
static struct json *child_open(const struct json_reader *r, const struct json *parent, bool wanted)
{
        return parent && wanted ? arena_alloc(r->arena, sizeof(struct json)) : NULL;
}

static bool element_is_wanted(const struct json_reader *r, int depth)
{
        return !r->wanted || depth < r->wanted->depth;
}

static bool member_is_wanted(const struct json_reader *r, const struct string *name, int depth)
{
        const struct json_wanted *w = r->wanted;
        size_t len;
        const char *value;

        if (!w)
                return true;
        if (depth != w->depth)
                return false;
        if (!w->is || !name->escaped)
                return !w->is || w->is(w->arg, name->at, name->len);
        value = json_string_value(r, name, &len);
        return w->is(w->arg, value, len);
}

static bool array_read(struct json_reader *r, struct json *array, int depth)
{
        const struct json **link = array ? &array->first : NULL;
        bool wanted = element_is_wanted(r, depth);

        if (array)
                array->type = JSON_ARRAY;
        if (take(r, ']'))
                return true;
        do {
                struct json *element = child_open(r, array, wanted);

                if (!value_read(r, element, depth + 1))
                        return false;
                if (element) {
                        *link = element;
                        link = &element->next;
                }
        } while (take(r, ','));
        return take(r, ']') || json_expected(r, "',' or ']'");
}

static bool object_read(struct json_reader *r, struct json *object, int depth)
{
        const struct json **link = object ? &object->first : NULL;
        const char *first = "a member's name or '}'";

        if (object)
                object->type = JSON_OBJECT;
        if (take(r, '}'))
                return true;
        do {
                struct json *member;
                struct string name;

                if (!take(r, '"'))
                        return json_expected(r, first);
                first = "a member's name";
                if (!json_string(r, &name))
                        return false;
                if (!take(r, ':'))
                        return json_expected(r, "':'");
                member = child_open(r, object, object && member_is_wanted(r, &name, depth));
                if (!value_read(r, member, depth + 1))
                        return false;
                if (member) {
                        size_t len;

                        member->name = json_string_value(r, &name, &len);
                        *link = member;
                        link = &member->next;
                }
        } while (take(r, ','));
        return take(r, '}') || json_expected(r, "',' or '}'");
}

static bool nested_read(struct json_reader *r, struct json *value, int depth)
{
        if (depth == JSON_DEPTH)
                return json_fail_at(r, r->at, "expected at most %d levels", JSON_DEPTH);
        return *r->at++ == '[' ? array_read(r, value, depth) : object_read(r, value, depth);
}

static bool value_read(struct json_reader *r, struct json *value, int depth)
{
        json_blanks(r);
        if (r->at == r->end)
                return json_expected(r, "a value");
        if (value && !arena_may_take(r->arena, sizeof *value)) /* for the next one */
                return error_set(r->error, ERROR_UNAVAILABLE, "too much is being read just now");
        if (*r->at == '"')
                return string_read(r, value);
        if (*r->at == '-' || json_digit_next(r))
                return number_read(r, value);
        if (*r->at == '[' || *r->at == '{')
                return nested_read(r, value, depth);
        return literal_read(r, value);
}

const struct json *json_read_wanted(struct arena *arena, const char *text, size_t len,
                                    const struct json_wanted *wanted, struct error *error)
{
        struct json_reader r = {.arena = arena,
                                .error = error,
                                .start = text,
                                .at = text,
                                .end = text + len,
                                .wanted = wanted};
        struct json *value;

        if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
                json_expected(&r, "a value, not a byte order mark");
                return NULL;
        }
        value = arena_alloc(arena, sizeof *value);
        if (!value_read(&r, value, 0))
                return NULL;
        json_blanks(&r);
        if (r.at < r.end) {
                json_expected(&r, "nothing behind the value");
                return NULL;
        }
        return value;
}

const struct json *json_read(struct arena *arena, const char *text, size_t len, struct error *error)
{
        return json_read_wanted(arena, text, len, NULL, error);
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

int64_t json_whole(const struct json *value, int64_t otherwise)
{
        int64_t whole;

        if (!value || value->type != JSON_NUMBER)
                return otherwise;
        whole = strtoll(value->text, NULL, 10);
        return whole < -INT64_MAX ? -INT64_MAX : whole;
}
