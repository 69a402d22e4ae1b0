#define PCRE2_CODE_UNIT_WIDTH 8
#include "service/admin_schema.h"

#include "base/config_value.h"
#include "base/fault.h"
#include "base/fault_read.h"
#include "base/faults_kinds.h"
#include "testing/check.h"

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

enum { ALL_KINDS = (1 << FAULT_KINDS) - 1 };

static struct arena *arena;
static cJSON *schema_of_all;

/* ---- as much of JSON Schema as is used ---- */

static bool allows(const cJSON *schema, const cJSON *value);

static double number_of(const cJSON *schema, const char *name, double otherwise)
{
        const cJSON *number = cJSON_GetObjectItemCaseSensitive(schema, name);

        return number ? number->valuedouble : otherwise;
}

static int allowing(const cJSON *list, const cJSON *value)
{
        const cJSON *schema;
        int count = 0;

        cJSON_ArrayForEach (schema, list)
                count += allows(schema, value);
        return count;
}

static bool matches(const char *pattern, const char *text)
{
        int wrong;
        size_t at;
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                         PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &wrong, &at, NULL);
        pcre2_match_data *data;
        int found;

        check(code != NULL);
        data = pcre2_match_data_create_from_pattern(code, NULL);
        found = pcre2_match(code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, data, NULL);
        pcre2_match_data_free(data);
        pcre2_code_free(code);
        return found > 0;
}

static bool text_allows(const cJSON *schema, const char *text)
{
        const cJSON *pattern = cJSON_GetObjectItemCaseSensitive(schema, "pattern");
        double characters = 0;

        for (const char *c = text; *c; c++)
                characters += ((unsigned char)*c & 0xc0) != 0x80;
        return characters >= number_of(schema, "minLength", 0) &&
               characters <= number_of(schema, "maxLength", 1e9) &&
               (!pattern || matches(pattern->valuestring, text));
}

static bool object_allows(const cJSON *schema, const cJSON *value)
{
        const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties"), *item;

        cJSON_ArrayForEach (item, value) {
                const cJSON *own = cJSON_GetObjectItemCaseSensitive(properties, item->string);

                if (!own || !allows(own, item))
                        return false;
        }
        cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(schema, "required")) {
                if (!cJSON_GetObjectItemCaseSensitive(value, item->valuestring))
                        return false;
        }
        return true;
}

static bool number_allows(const cJSON *schema, bool whole, double number)
{
        return (!whole || number == (double)(int64_t)number) &&
               number >= number_of(schema, "minimum", -1e18) &&
               number > number_of(schema, "exclusiveMinimum", -1e18) &&
               number <= number_of(schema, "maximum", 1e18);
}

static bool allows(const cJSON *schema, const cJSON *value)
{
        const cJSON *any = cJSON_GetObjectItemCaseSensitive(schema, "anyOf");
        const cJSON *one = cJSON_GetObjectItemCaseSensitive(schema, "oneOf");
        const cJSON *word = cJSON_GetObjectItemCaseSensitive(schema, "const");
        const char *type;

        if (any || one)
                return any ? allowing(any, value) > 0 : allowing(one, value) == 1;
        if (word)
                return cJSON_IsString(value) && strcmp(word->valuestring, value->valuestring) == 0;
        type = cJSON_GetObjectItemCaseSensitive(schema, "type")->valuestring;
        if (strcmp(type, "object") == 0)
                return cJSON_IsObject(value) && object_allows(schema, value);
        if (strcmp(type, "string") == 0)
                return cJSON_IsString(value) && text_allows(schema, value->valuestring);
        return cJSON_IsNumber(value) &&
               number_allows(schema, strcmp(type, "integer") == 0, value->valuedouble);
}

/* ---- both verdicts ---- */

static bool is_read(const char *body)
{
        struct error error = {0};
        const struct json *json = json_read(arena, body, strlen(body), &error);
        struct fault *fault = json ? fault_read(ALL_KINDS, json, &error) : NULL;

        fault_free(fault);
        return fault != NULL;
}

static void both_say(const char *body, bool wanted)
{
        cJSON *json = cJSON_Parse(body);
        bool allowed, read = is_read(body);

        check(json != NULL);
        allowed = allows(schema_of_all, json);
        cJSON_Delete(json);
        if (read != wanted || allowed != wanted)
                fprintf(stderr, "%s: read %d, allowed %d\n", body, read, allowed);
        check(read == wanted && allowed == wanted);
}

/* What a kind needs, but for the member that is to come. p50 is at most p99, which no schema says.
 */
static void add_needed(enum fault_kind kind, const struct fault_member_row *but, struct text *body)
{
        unsigned needed = fault_rows[kind].members & MEMBERS_NEEDED & ~but->member;

        text_printf(body, "{\"kind\":\"%s\"", fault_rows[kind].name);
        if (needed & MEMBER_DELAY)
                text_string(body, ",\"delay\":\"1ms\"");
        if (needed & MEMBER_STATUS)
                text_string(body, ",\"status\":503");
        if (needed & MEMBER_CORES)
                text_string(body, ",\"cores\":1");
        if (needed & MEMBER_SIZE)
                text_string(body, ",\"size\":\"1MiB\"");
        if (strcmp(but->name, "p50") == 0)
                text_printf(body, ",\"p99\":\"%lldms\"", (long long)fault_rows[kind].most_delay_ms);
        if (strcmp(but->name, "p99") == 0)
                text_string(body, ",\"p50\":\"1ms\"");
}

struct trial {
        enum fault_kind kind;
        const struct fault_member_row *row;
};

static void try(const struct trial *t, bool wanted, const char *value)
{
        struct text body = text_open(arena, 200);

        add_needed(t->kind, t->row, &body);
        text_printf(&body, ",\"%s\":%s}", t->row->name, value);
        both_say(body.at, wanted);
}

/* A number with a unit, as a text; where the unit is none as a number, too. */
static void try_number(const struct trial *t, bool wanted, int64_t number, const char *unit)
{
        try(t, wanted, arena_printf(arena, "\"%lld%s\"", (long long)number, unit));
        try(t, wanted, arena_printf(arena, "\"00%lld%s\"", (long long)number, unit));
        if (!*unit)
                try(t, wanted, arena_printf(arena, "%lld", (long long)number));
}

static void try_units(const struct trial *t)
{
        struct setting limits = fault_limits(t->kind, t->row);

        for (const struct unit_suffix *u = config_value_units(limits.type); u->name; u++) {
                int64_t least = (limits.least + u->size - 1) / u->size;
                int64_t most = limits.most / u->size;

                try_number(t, false, least - 1, u->name);
                try_number(t, least <= most, least, u->name);
                try_number(t, least <= most, most > least ? most : least, u->name);
                try_number(t, false, most + 1, u->name);
                for (int64_t n = least; n < most; n = n * 3 + 1)
                        try_number(t, true, n, u->name);
        }
        try(t, false, "\"\"");
        try(t, false, "\"1x\"");
        try(t, false, "\" 5s\"");
        try(t, false, "-1");
        try(t, false, "1.5");
        try(t, false, "null");
        try(t, false, "[]");
}

static void try_fraction(const struct trial *t, bool wanted, const char *digits)
{
        try(t, wanted, digits);
        try(t, wanted, arena_printf(arena, "\"%s\"", digits));
}

static void try_fractions(const struct trial *t)
{
        int most = (int)fault_limits(t->kind, t->row).most;

        try_fraction(t, false, "0");
        try_fraction(t, false, "0.000000000");
        try_fraction(t, true, "0.000000001");
        try_fraction(t, true, "0.5");
        try_fraction(t, true, "0.050");
        try_fraction(t, true, "1");
        try_fraction(t, true, arena_printf(arena, "%d", most));
        try_fraction(t, true, arena_printf(arena, "%d.00", most));
        try_fraction(t, true, arena_printf(arena, "%d.9", most - 1));
        try_fraction(t, false, arena_printf(arena, "%d.000000001", most));
        try_fraction(t, false, arena_printf(arena, "%d", most + 1));
        try(t, true, arena_printf(arena, "\"00%d\"", most));
        try(t, false, "\"0.0000000001\"");
        try(t, false, "\"1e-1\"");
        try(t, true, "1e-1");
        try(t, false, "\"nan\"");
        try(t, false, "\"-1\"");
        try(t, false, "-1");
        try(t, false, "true");
}

/* Characters of one byte or two; a path begins with a slash. */
static void try_length(const struct trial *t, bool wanted, int64_t count, const char *character)
{
        bool is_path = t->row->member == MEMBER_PATH;
        struct text value = text_open(arena, 600);

        text_string(&value, is_path ? "\"/" : "\"");
        for (int64_t i = is_path; i < count; i++)
                text_string(&value, character);
        text_char(&value, '"');
        try(t, wanted, value.at);
}

static void try_texts(const struct trial *t)
{
        struct setting limits = fault_limits(t->kind, t->row);
        bool any = t->row->member != MEMBER_METHOD;

        try(t, false, "\"\"");
        try_length(t, true, limits.least, "A");
        try_length(t, true, limits.most, "A");
        try_length(t, false, limits.most + 1, "A");
        try_length(t, any, limits.most, "\xc3\xa4");
        try_length(t, false, limits.most + 1, "\xc3\xa4");
        try(t, false, "\"/a\\u0001\"");
        try(t, false, "\"/a\\u007f\"");
        try(t, false, "7");
        try(t, false, "null");
}

static void try_member(const struct trial *t)
{
        if (t->row->type == SETTING_TEXT)
                try_texts(t);
        else if (t->row->fraction)
                try_fractions(t);
        else
                try_units(t);
}

/* ---- stories ---- */

static void at_the_limits_of_each_member_schema_and_reader_agree(void)
{
        for (int kind = 0; kind < FAULT_KINDS; kind++)
                for (const struct fault_member_row *row = fault_member_rows; row->name; row++)
                        if (fault_takes((enum fault_kind)kind, row))
                                try_member(&(struct trial){(enum fault_kind)kind, row});
}

static void a_member_that_the_kind_does_not_take_is_in_neither(void)
{
        for (int kind = 0; kind < FAULT_KINDS; kind++)
                for (const struct fault_member_row *row = fault_member_rows; row->name; row++)
                        if (!fault_takes((enum fault_kind)kind, row))
                                try(&(struct trial){(enum fault_kind)kind, row}, false,
                                    row->type == SETTING_TEXT ? "\"A\"" : "1");
}

static void what_a_kind_needs_both_ask_for(void)
{
        for (int kind = 0; kind < FAULT_KINDS; kind++)
                both_say(arena_printf(arena, "{\"kind\":\"%s\"}", fault_rows[kind].name),
                         !(fault_rows[kind].members & MEMBERS_NEEDED));
        both_say("{\"kind\":\"http-latency\",\"p50\":\"1s\"}", false);
        both_say("{\"kind\":\"http-latency\",\"p99\":\"1s\"}", false);
        both_say("{\"kind\":\"http-latency\",\"p99\":\"1s\",\"delay\":1}", false);
        both_say("{\"kind\":\"http-latency\",\"p99\":\"2s\",\"p50\":1}", true);
        both_say("{\"kind\":\"gremlins\"}", false);
        both_say("{}", false);
}

static void methods_and_paths(void)
{
        static const struct {
                const char *member, *value;
                bool wanted;
        } rows[] = {
                {"method", "GET", true},
                {"method", "M-SEARCH", true},
                {"method", "get", false},
                {"method", "GET /", false},
                {"method", "G\\n", false},
                {"path", "/", true},
                {"path", "//", true},
                {"path", "/orders/{id}", true},
                {"path", "/orders/**", true},
                {"path", "/**", true},
                {"path", "/a:b;c=%20@~/", true},
                {"path", "/{a b}/x", true},
                {"path", "orders", false},
                {"path", "/orders?a", false},
                {"path", "/orders#a", false},
                {"path", "/**/x", false},
                {"path", "/*", false},
                {"path", "/a**", false},
                {"path", "/{}", false},
                {"path", "/{a", false},
                {"path", "/a}", false},
                {"path", "/{a}{b}", false},
                {"path", "/a{b}", false},
                {"path", "/{{a}}", false},
                {"path", "/a b", false},
                {"path", "/a\\n", false},
                {"path", "/a\\t/b", false},
                {"path", "/a\\u007f", false},
                {"path", "/{a\\u0001}", false},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                both_say(arena_printf(arena, "{\"kind\":\"http-reset\",\"%s\":\"%s\"}",
                                      rows[i].member, rows[i].value),
                         rows[i].wanted);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(at_the_limits_of_each_member_schema_and_reader_agree),
                STORY(a_member_that_the_kind_does_not_take_is_in_neither),
                STORY(what_a_kind_needs_both_ask_for),
                STORY(methods_and_paths),
                {NULL, NULL},
        };
        int failed;

        arena = arena_open();
        schema_of_all = admin_fault_schema(ALL_KINDS);
        failed = check_main(stories, argc, argv);
        cJSON_Delete(schema_of_all);
        arena_close(&arena);
        return failed;
}
