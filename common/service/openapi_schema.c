#include "service/openapi_schema.h"

#include <string.h>

/* U+0000 is refused wherever it stands, also in members that are ignored. */
#define WITHOUT_NUL "\"pattern\":\"^[^\\\\u0000]*$\""
#define ANY_JSON "{\"$ref\":\"#/components/schemas/json\"}"

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

/* A number, whose fraction is cut, or a text with one in it. */
static void whole_input(struct text *out, const struct field *f, bool negative)
{
        static const char blanks[] = "[\\\\u0001-\\\\u0020]*";
        const char *most = f->type == FIELD_INT32 ? "2147483647" : "9223372036854775807";
        const char *beyond =
                f->type == FIELD_INT32
                        ? "2147483648"
                        : "9223372036854775808"; /* also the smallest, without its sign */
        const char *below = f->type == FIELD_INT32 ? "-2147483649" : "-9223372036854775809";

        text_printf(out,
                    "{\"anyOf\":[{\"type\":\"number\",\"exclusiveMinimum\":%s,\"exclusiveMaximum\":"
                    "%s},{\"type\":\"string\",\"pattern\":"
                    "\"^%s([+]?",
                    negative ? below : "-1", beyond, blanks);
        digits_up_to(out, most);
        text_string(out, "|-");
        if (negative)
                digits_up_to(out, beyond);
        else
                text_string(out, "0+");
        text_printf(out, "|null)?%s$\"},{\"type\":\"null\"}]}", blanks);
}

/* Calls `write` for each visible field, with commas between. */
static void each_field(struct text *out, const struct entity *e, const struct config *config,
                       void (*write)(struct text *, const struct entity *, const struct field *,
                                     const struct config *))
{
        const char *comma = "";

        for (const struct field *f = e->shape.fields; f->name; f++) {
                if (f->flags & FIELD_HIDDEN)
                        continue;
                text_string(out, comma);
                write(out, e, f, config);
                comma = ",";
        }
}

static void output_member(struct text *out, const struct entity *e, const struct field *f,
                          const struct config *config)
{
        (void)e, (void)config;
        if (f->type == FIELD_TEXT)
                text_printf(out, "\"%s\":{\"type\":[\"string\",\"null\"]}", f->name);
        else
                text_printf(out, "\"%s\":{\"type\":[\"integer\",\"null\"],\"format\":\"%s\"}",
                            f->name, f->type == FIELD_INT32 ? "int32" : "int64");
}

static void input_member(struct text *out, const struct entity *e, const struct field *f,
                         const struct config *config)
{
        text_printf(out, "\"%s\":", f->name);
        if (f->type == FIELD_TEXT)
                text_string(out,
                            "{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]," WITHOUT_NUL
                            "}");
        else
                whole_input(out, f,
                            !(f->flags & FIELD_NOT_NEGATIVE) &&
                                    (!e->takes_negative || e->takes_negative(config)));
}

/* "/qty" */
static void pointer(struct text *out, const struct entity *e, const struct field *f,
                    const struct config *config)
{
        (void)e, (void)config;
        text_printf(out, "\"/%s\"", f->name);
}

static void set_member(struct text *out, const struct entity *e, const struct field *f,
                       const struct config *config)
{
        (void)config;
        text_printf(out,
                    "{\"properties\":{\"op\":{\"enum\":[\"add\",\"replace\"]},\"path\":{\"const\":"
                    "\"/%s\"},\"value\":{\"$ref\":"
                    "\"#/components/schemas/%s-input/properties/%s\"}},\"required\":[\"value\"]}",
                    f->name, e->item, f->name);
}

/* To add a member that there is not changes nothing, as in the other types of PATCH. */
static void patch_schema(struct text *out, const struct entity *e)
{
        text_printf(out,
                    "\"%s-patch\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":["
                    "\"op\",\"path\"],\"propertyNames\":{" WITHOUT_NUL
                    "},\"additionalProperties\":" ANY_JSON ",\"anyOf\":[",
                    e->item);
        each_field(out, e, NULL, set_member);
        text_string(out,
                    ",{\"properties\":{\"op\":{\"const\":\"add\"},\"path\":{\"type\":\"string\","
                    "\"pattern\":\"^/[^/\\\\u0000]*$\",\"not\":{\"enum\":[");
        each_field(out, e, NULL, pointer);
        text_string(out, "]}}},\"required\":[\"value\"]},{\"properties\":{\"op\":{\"const\":"
                         "\"test\"},\"path\":{\"enum\":[");
        each_field(out, e, NULL, pointer);
        text_string(out, "]}},\"required\":[\"value\"]},{\"properties\":{\"op\":{\"const\":"
                         "\"remove\"},\"path\":{\"enum\":[");
        each_field(out, e, NULL, pointer);
        text_string(
                out,
                "]}}},{\"properties\":{\"op\":{\"enum\":[\"copy\",\"move\"]},\"path\":{\"enum\":[");
        each_field(out, e, NULL, pointer);
        text_string(out, "]},\"from\":{\"enum\":[");
        each_field(out, e, NULL, pointer);
        text_string(out, "]}},\"required\":[\"from\"]}]}},");
}

void openapi_schemas_of(struct text *out, const struct entity *e, const struct config *config)
{
        text_printf(out, "\"%s\":{\"type\":\"object\",\"properties\":{", e->item);
        each_field(out, e, config, output_member);
        text_string(out, "}},");
        if (e->read_only)
                return;
        text_printf(out, "\"%s-input\":{\"type\":\"object\",\"properties\":{", e->item);
        each_field(out, e, config, input_member);
        text_string(out, "},\"propertyNames\":{" WITHOUT_NUL "},\"additionalProperties\":" ANY_JSON
                         "},");
        patch_schema(out, e);
}

void openapi_shared_schemas(struct text *out)
{
        text_string(out, "\"text\":{\"type\":\"string\"," WITHOUT_NUL "},"
                         "\"json\":{\"description\":\"anything without U+0000\"," WITHOUT_NUL
                         ",\"items\":" ANY_JSON ",\"propertyNames\":{" WITHOUT_NUL
                         "},\"additionalProperties\":" ANY_JSON "},"
                         "\"problem\":{\"type\":\"object\",\"required\":[\"title\",\"status\"],"
                         "\"properties\":{\"type\":{\"type\":"
                         "\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":"
                         "\"integer\"},\"detail\":{\"type\":"
                         "\"string\"},\"instance\":{\"type\":\"string\"},\"member\":{\"type\":"
                         "\"string\"}}}");
}
