#include "data/entity.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_said_before(const struct entity *entity, const struct transition *transition)
{
        if (transition->says == entity->says_created || transition->says == entity->says_changed ||
            transition->says == entity->says_removed)
                return true;
        for (const struct transition *t = entity->transitions; t != transition; t++)
                if (t->says == transition->says)
                        return true;
        return false;
}

const struct event_type *entity_says(const struct entity *entity, size_t which)
{
        const struct event_type *const of_rows[] = {entity->says_created, entity->says_changed,
                                                    entity->says_removed};

        for (size_t i = 0; i < sizeof of_rows / sizeof *of_rows; i++)
                if (of_rows[i] && which-- == 0)
                        return of_rows[i];
        for (const struct transition *t = entity->transitions; t && t->from; t++)
                if (t->says && !is_said_before(entity, t) && which-- == 0)
                        return t->says;
        return NULL;
}

const struct field *shape_field(const struct shape *shape, const char *name)
{
        for (const struct field *f = shape->fields; f->name; f++)
                if (strcmp(f->name, name) == 0)
                        return f;
        return NULL;
}

bool shape_has(const void *shape, const char *name, size_t len)
{
        const struct shape *s = shape;

        for (const struct field *f = s->fields; f->name; f++)
                if (strncmp(f->name, name, len) == 0 && !f->name[len])
                        return true;
        return false;
}

const char **field_text(const struct field *field, void *row)
{
        return (const char **)(void *)((char *)row + field->offset);
}

const char *field_text_of(const struct field *field, const void *row)
{
        return *(const char *const *)(const void *)((const char *)row + field->offset);
}

struct nullable_int *field_whole(const struct field *field, void *row)
{
        return (struct nullable_int *)(void *)((char *)row + field->offset);
}

struct nullable_int field_whole_of(const struct field *field, const void *row)
{
        return *(const struct nullable_int *)(const void *)((const char *)row + field->offset);
}

static bool wants_whole(const struct field *field, const struct json *value, struct error *error)
{
        return error_member(error, field->name, "%s must be a whole number from %s to %s, not %s",
                            field->name,
                            field->flags & FIELD_NOT_NEGATIVE ? "0"
                            : field->type == FIELD_INT32      ? "-2147483648"
                                                              : "-2^63",
                            field->type == FIELD_INT32 ? "2147483647" : "2^63-1",
                            value->type == JSON_NUMBER || value->type == JSON_STRING
                                    ? value->text
                                    : json_type_name(value->type));
}

static bool fits(const struct field *field, int64_t whole)
{
        return field->type != FIELD_INT32 || (whole >= INT32_MIN && whole <= INT32_MAX);
}

static bool in_range(const struct field *field, double number)
{
        if (field->type == FIELD_INT32)
                return number > -2147483649.0 && number < 2147483648.0;
        return number >= -9223372036854775808.0 && number < 9223372036854775808.0;
}

/* 5, 1e2, 1.7: digits after the point are cut off, as the reference does. */
static bool whole_from_number(const struct field *field, const char *text, int64_t *whole)
{
        char *end;
        double number;

        if (!strpbrk(text, ".eE")) {
                errno = 0;
                *whole = strtoll(text, &end, 10);
                return errno == 0 && fits(field, *whole);
        }
        number = trunc(strtod(text, &end));
        if (!in_range(field, number))
                return false;
        *whole = (int64_t)number;
        return true;
}

/* As Java's trim() does. */
static const char *skip_blanks(const char *text)
{
        while (*text > '\0' && *text <= ' ')
                text++;
        return text;
}

/* " 5 " is 5, "" and "null" are null (known is false), "1.7" and "abc" are refused. */
static bool whole_from_string(const struct field *field, const char *text,
                              struct nullable_int *whole)
{
        const char *digits = skip_blanks(text);
        char *end;

        errno = 0;
        whole->value = strtoll(digits, &end, 10);
        whole->known = end != digits;
        if (!whole->known && strncmp(digits, "null", 4) == 0)
                end += 4;
        if (errno == ERANGE || *skip_blanks(end))
                return false;
        return fits(field, whole->value);
}

static bool whole_read(const struct field *field, const struct json *value,
                       struct nullable_int *whole, struct error *error)
{
        struct nullable_int got = {.known = true};
        bool right = false;

        if (value->type == JSON_NULL) {
                got.known = false;
                right = true;
        } else if (value->type == JSON_NUMBER) {
                right = whole_from_number(field, value->text, &got.value);
        } else if (value->type == JSON_STRING) {
                right = whole_from_string(field, value->text, &got);
        }
        if (!right || (got.known && got.value < 0 && field->flags & FIELD_NOT_NEGATIVE))
                return wants_whole(field, value, error);
        if (!got.known)
                got.value = 0;
        *whole = got;
        return true;
}

bool field_read(const struct field *field, const struct json *value, void *row, struct error *error)
{
        const char **text;

        if (field->type != FIELD_TEXT)
                return whole_read(field, value, field_whole(field, row), error);
        text = field_text(field, row);
        switch (value->type) {
        case JSON_NULL:
                *text = NULL;
                return true;
        case JSON_TRUE:
                *text = "true";
                return true;
        case JSON_FALSE:
                *text = "false";
                return true;
        case JSON_NUMBER:
        case JSON_STRING:
                *text = value->text;
                return true;
        default:
                return error_member(error, field->name, "%s must be a string, not %s", field->name,
                                    json_type_name(value->type));
        }
}

bool shape_read(const struct shape *shape, const struct json *object, void *row,
                struct error *error)
{
        /* in source order, so that the last of two wins and one pass is enough */
        for (const struct json *m = object->first; m; m = m->next) {
                const struct field *f = shape_field(shape, m->name);

                if (f && !(f->flags & FIELD_HIDDEN) && !field_read(f, m, row, error))
                        return false;
        }
        return true;
}

void shape_clear_visible(const struct shape *shape, void *row)
{
        for (const struct field *f = shape->fields; f->name; f++) {
                if (f->flags & FIELD_HIDDEN)
                        continue;
                if (f->type == FIELD_TEXT)
                        *field_text(f, row) = NULL;
                else
                        *field_whole(f, row) = (struct nullable_int){.known = false};
        }
}

static bool same_text(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

bool shape_same(const struct shape *shape, const void *a, const void *b)
{
        for (const struct field *f = shape->fields; f->name; f++) {
                struct nullable_int x, y;

                if (f->flags & FIELD_HIDDEN)
                        continue;
                if (f->type == FIELD_TEXT) {
                        if (!same_text(field_text_of(f, a), field_text_of(f, b)))
                                return false;
                        continue;
                }
                x = field_whole_of(f, a);
                y = field_whole_of(f, b);
                if (x.known != y.known || (x.known && x.value != y.value))
                        return false;
        }
        return true;
}

void field_write(const struct field *field, const void *row, struct text *out)
{
        struct nullable_int w;

        if (field->type == FIELD_TEXT) {
                json_write_string(out, field_text_of(field, row));
                return;
        }
        w = field_whole_of(field, row);
        if (w.known)
                text_int(out, w.value);
        else
                text_add(out, "null", 4);
}

void shape_write(const struct shape *shape, const void *row, struct text *out)
{
        bool first = true;

        for (const struct field *f = shape->fields; f->name; f++) {
                if (f->flags & FIELD_HIDDEN)
                        continue;
                if (!first)
                        text_char(out, ',');
                first = false;
                text_char(out, '"');
                text_string(out, f->name);
                text_add(out, "\":", 2);
                field_write(f, row, out);
        }
}
