#include "service/openapi_schema.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* U+0000 is refused wherever it stands, also in members that are ignored. */
static const char without_nul[] = "^[^\\u0000]*$";

cJSON *openapi_ref(const char *format, ...)
{
        char name[200];
        va_list args;

        va_start(args, format);
        vsnprintf(name, sizeof name, format, args);
        va_end(args);
        return object_of((struct member[]){
                {"$ref", string_from("#/components/schemas/%s", name)},
                {NULL},
        });
}

static cJSON *pattern_of(const char *pattern)
{
        return object_of((struct member[]){{"pattern", string_of(pattern)}, {NULL}});
}

/* Words between '|'. */
static cJSON *words(const char *words)
{
        cJSON *list = cJSON_CreateArray();

        for (size_t len; *words; words += len + (words[len] == '|')) {
                len = strcspn(words, "|");
                cJSON_AddItemToArray(list, string_from("%.*s", (int)len, words));
        }
        return list;
}

/* A regular expression: digits that make at most `limit`. */
static void digits_up_to(struct text *out, const char *limit)
{
        int last = (int)strlen(limit) - 1;

        text_printf(out, "0*([0-9]{1,%d}", last);
        for (int i = 0; i <= last; i++) {
                char low = i ? '0' : '1',
                     high = (char)(limit[i] - (i < last)); /* as far as here they are the limit's,
                                                              and then smaller */

                if (high < low)
                        continue;
                text_printf(out, "|%.*s[%c-%c]", i, limit, low, high);
                if (i < last)
                        text_printf(out, "[0-9]{%d}", last - i);
        }
        text_char(out, ')');
}

/* A text with a number in it, which may also be null or nothing, and have blanks around it. below:
   the largest that may stand after a minus; NULL: only 0. */
static cJSON *whole_pattern(const char *most, const char *below)
{
        static const char blanks[] = "[\\u0001-\\u0020]*";
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 200);
        cJSON *pattern;

        text_printf(&out, "^%s([+]?", blanks);
        digits_up_to(&out, most);
        text_string(&out, "|-");
        if (below)
                digits_up_to(&out, below);
        else
                text_string(&out, "0+");
        text_printf(&out, "|null)?%s$", blanks);
        pattern = string_of(out.at);
        arena_close(&arena);
        return pattern;
}

/* A number, whose fraction is cut, or a text with one in it. Its bounds are written as they are: no
   double holds them. */
static cJSON *whole_input(const struct field *f, bool negative)
{
        bool small = f->type == FIELD_INT32;
        const char *most = small ? "2147483647" : "9223372036854775807";
        const char *beyond = small ? "2147483648" /* also the smallest, without its sign */
                                   : "9223372036854775808";
        const char *below = small ? "-2147483649" : "-9223372036854775809";
        cJSON *number = object_of((struct member[]){
                {"type", string_of("number")},
                {"exclusiveMinimum", cJSON_CreateRaw(negative ? below : "-1")},
                {"exclusiveMaximum", cJSON_CreateRaw(beyond)},
                {NULL},
        });
        cJSON *text = object_of((struct member[]){
                {"type", string_of("string")},
                {"pattern", whole_pattern(most, negative ? beyond : NULL)},
                {NULL},
        });
        cJSON *null = object_of((struct member[]){{"type", string_of("null")}, {NULL}});

        return object_of((struct member[]){
                {"anyOf", list_of((cJSON *[]){number, text, null, NULL})},
                {NULL},
        });
}

static cJSON *input(const struct entity *e, const struct field *f, const struct config *config)
{
        if (f->type != FIELD_TEXT)
                return whole_input(f, !(f->flags & FIELD_NOT_NEGATIVE) &&
                                              (!e->takes_negative || e->takes_negative(config)));
        return object_of((struct member[]){
                {"type", words("string|number|boolean|null")},
                {"pattern", string_of(without_nul)},
                {NULL},
        });
}

static cJSON *output(const struct field *f)
{
        bool text = f->type == FIELD_TEXT;
        const char *format = f->type == FIELD_INT32 ? "int32" : "int64";

        return object_of((struct member[]){
                {"type", words(text ? "string|null" : "integer|null")},
                {"format", text ? NULL : string_of(format)},
                {NULL},
        });
}

/* ---- JSON Patch ---- */

/* {"enum":["/productId","/qty"]} */
static cJSON *pointers(const struct entity *e)
{
        cJSON *list = cJSON_CreateArray();

        for (const struct field *f = e->shape.fields; f->name; f++)
                if (!(f->flags & FIELD_HIDDEN))
                        cJSON_AddItemToArray(list, string_from("/%s", f->name));
        return object_of((struct member[]){{"enum", list}, {NULL}});
}

static cJSON *constant(cJSON *value)
{
        return object_of((struct member[]){{"const", value}, {NULL}});
}

/* One of the operations between '|'. */
static cJSON *operation(const char *names)
{
        return strchr(names, '|') ? object_of((struct member[]){{"enum", words(names)}, {NULL}})
                                  : constant(string_of(names));
}

/* path, from and value are schemas, NULL: any; required: the member that it must have, or NULL. */
static cJSON *step(const char *operations, cJSON *path, cJSON *from, cJSON *value,
                   const char *required)
{
        return object_of((struct member[]){
                {"properties", object_of((struct member[]){
                                       {"op", operation(operations)},
                                       {"path", path},
                                       {"from", from},
                                       {"value", value},
                                       {NULL},
                               })},
                {"required", required ? words(required) : NULL},
                {NULL},
        });
}

/* To add a member that there is not changes nothing, as in the other types of PATCH. */
static cJSON *add_unknown(const struct entity *e)
{
        cJSON *unknown = object_of((struct member[]){
                {"type", string_of("string")},
                {"pattern", string_of("^/[^/\\u0000]*$")},
                {"not", pointers(e)},
                {NULL},
        });

        return step("add", unknown, NULL, NULL, "value");
}

static cJSON *set_member(const struct entity *e, const struct field *f)
{
        return step("add|replace", constant(string_from("/%s", f->name)), NULL,
                    openapi_ref("%s-input/properties/%s", e->item, f->name), "value");
}

static cJSON *steps(const struct entity *e)
{
        cJSON *steps = cJSON_CreateArray();

        for (const struct field *f = e->shape.fields; f->name; f++)
                if (!(f->flags & FIELD_HIDDEN))
                        cJSON_AddItemToArray(steps, set_member(e, f));
        cJSON_AddItemToArray(steps, add_unknown(e));
        cJSON_AddItemToArray(steps, step("test", pointers(e), NULL, NULL, "value"));
        cJSON_AddItemToArray(steps, step("remove", pointers(e), NULL, NULL, NULL));
        cJSON_AddItemToArray(steps, step("copy|move", pointers(e), pointers(e), NULL, "from"));
        return steps;
}

static cJSON *patch_schema(const struct entity *e)
{
        cJSON *items = object_of((struct member[]){
                {"type", string_of("object")},
                {"required", words("op|path")},
                {"propertyNames", pattern_of(without_nul)},
                {"additionalProperties", openapi_ref("json")},
                {"anyOf", steps(e)},
                {NULL},
        });

        return object_of((struct member[]){
                {"type", string_of("array")},
                {"items", items},
                {NULL},
        });
}

/* ---- all of them ---- */

static cJSON *output_schema(const struct entity *e)
{
        cJSON *properties = cJSON_CreateObject();

        for (const struct field *f = e->shape.fields; f->name; f++)
                if (!(f->flags & FIELD_HIDDEN))
                        cJSON_AddItemToObject(properties, f->name, output(f));
        return object_of((struct member[]){
                {"type", string_of("object")},
                {"properties", properties},
                {NULL},
        });
}

static cJSON *input_schema(const struct entity *e, const struct config *config)
{
        cJSON *properties = cJSON_CreateObject();

        for (const struct field *f = e->shape.fields; f->name; f++)
                if (!(f->flags & FIELD_HIDDEN))
                        cJSON_AddItemToObject(properties, f->name, input(e, f, config));
        return object_of((struct member[]){
                {"type", string_of("object")},
                {"properties", properties},
                {"propertyNames", pattern_of(without_nul)},
                {"additionalProperties", openapi_ref("json")},
                {NULL},
        });
}

void openapi_add_schemas(cJSON *schemas, const struct entity *e, const struct config *config)
{
        char name[200];

        cJSON_AddItemToObject(schemas, e->item, output_schema(e));
        if (e->read_only)
                return;
        snprintf(name, sizeof name, "%s-input", e->item);
        cJSON_AddItemToObject(schemas, name, input_schema(e, config));
        snprintf(name, sizeof name, "%s-patch", e->item);
        cJSON_AddItemToObject(schemas, name, patch_schema(e));
}

static cJSON *problem_schema(void)
{
        static const char *const texts[] = {"type",     "title",  "status", "detail",
                                            "instance", "member", NULL};
        cJSON *properties = cJSON_CreateObject();

        for (const char *const *name = texts; *name; name++) {
                const char *type = strcmp(*name, "status") == 0 ? "integer" : "string";

                cJSON_AddItemToObject(
                        properties, *name,
                        object_of((struct member[]){{"type", string_of(type)}, {NULL}}));
        }
        return object_of((struct member[]){
                {"type", string_of("object")},
                {"required", words("title|status")},
                {"properties", properties},
                {NULL},
        });
}

void openapi_add_shared_schemas(cJSON *schemas)
{
        cJSON *text = object_of((struct member[]){
                {"type", string_of("string")},
                {"pattern", string_of(without_nul)},
                {NULL},
        });
        cJSON *json = object_of((struct member[]){
                {"description", string_of("anything without U+0000")},
                {"pattern", string_of(without_nul)},
                {"items", openapi_ref("json")},
                {"propertyNames", pattern_of(without_nul)},
                {"additionalProperties", openapi_ref("json")},
                {NULL},
        });

        cJSON_AddItemToObject(schemas, "text", text);
        cJSON_AddItemToObject(schemas, "json", json);
        cJSON_AddItemToObject(schemas, "problem", problem_schema());
}
