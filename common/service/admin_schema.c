#include "service/admin_schema.h"

#include "base/faults_kinds.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { HOUR_MS = 3600000, MOST_CORES = 64, MOST_MIB = 1024, PATTERN = 500 };

/* ---- numbers, which may be texts ---- */

/* Alternatives of a regular expression: whole numbers of at least so many digits up to the most,
   with the unit. */
static void add_numbers(struct text *pattern, int least_digits, int64_t most, const char *unit)
{
        char digits[24];
        int len = snprintf(digits, sizeof digits, "%lld", (long long)most);

        if (most < 1)
                return;
        if (len > least_digits)
                text_printf(pattern, "|[1-9][0-9]{%d,%d}%s", least_digits - 1, len - 2, unit);
        for (int i = 0; i < len; i++)
                if (digits[i] > (i ? '0' : '1'))
                        text_printf(pattern, "|%.*s[%d-%c][0-9]{%d}%s", i, digits, i ? 0 : 1,
                                    digits[i] - 1, len - i - 1, unit);
        text_printf(pattern, "|%s%s", digits, unit);
}

/* pattern: alternatives, each after a bar */
static cJSON *texts_like(const struct text *pattern)
{
        return object_of((struct member[]){
                {"type", string_of("string")},
                {"pattern", string_from("^(%s)$", pattern->at + 1)},
                {NULL},
        });
}

static cJSON *either(cJSON *numbers, cJSON *texts)
{
        return object_of(
                (struct member[]){{"anyOf", list_of((cJSON *[]){numbers, texts, NULL})}, {NULL}});
}

static cJSON *whole_from(double least, double most)
{
        return object_of((struct member[]){
                {"type", string_of("integer")},
                {"minimum", cJSON_CreateNumber(least)},
                {"maximum", cJSON_CreateNumber(most)},
                {NULL},
        });
}

/* "250ms", "5s", "10min"; a number is seconds. */
static cJSON *duration_schema(int least_digits, int64_t most_ms)
{
        struct arena *arena = arena_open();
        struct text pattern = text_open(arena, PATTERN);
        cJSON *schema;

        add_numbers(&pattern, least_digits, most_ms, "ms");
        add_numbers(&pattern, 1, most_ms / 1000, "s?");
        add_numbers(&pattern, 1, most_ms / 60000, "min");
        add_numbers(&pattern, 1, most_ms / HOUR_MS, "h");
        schema = either(whole_from(1, (double)(most_ms / 1000)), texts_like(&pattern));
        arena_close(&arena);
        return schema;
}

/* Above 0. */
static cJSON *fraction_schema(int64_t most)
{
        struct arena *arena = arena_open();
        struct text pattern = text_open(arena, PATTERN);
        cJSON *numbers = object_of((struct member[]){
                {"type", string_of("number")},
                {"exclusiveMinimum", cJSON_CreateNumber(0)},
                {"maximum", cJSON_CreateNumber((double)most)},
                {NULL},
        });
        cJSON *schema;

        text_string(&pattern, "|0\\.[0-9]{0,9}[1-9]");
        add_numbers(&pattern, 1, most, "");
        schema = either(numbers, texts_like(&pattern));
        arena_close(&arena);
        return schema;
}

static cJSON *size_schema(void)
{
        struct arena *arena = arena_open();
        struct text pattern = text_open(arena, PATTERN);
        cJSON *schema;

        add_numbers(&pattern, 1, MOST_MIB, "MiB");
        add_numbers(&pattern, 1, MOST_MIB >> 10, "GiB");
        schema = either(whole_from(1 << 20, MOST_MIB << 20), texts_like(&pattern));
        arena_close(&arena);
        return schema;
}

static cJSON *status_schema(void)
{
        return either(whole_from(400, 599),
                      object_of((struct member[]){{"type", string_of("string")},
                                                  {"pattern", string_of("^[45][0-9]{2}$")},
                                                  {NULL}}));
}

/* ---- targets ---- */

static cJSON *text_schema(const char *pattern)
{
        return object_of((struct member[]){
                {"type", string_of("string")},
                {"minLength", cJSON_CreateNumber(1)},
                {"maxLength", cJSON_CreateNumber(256)},
                {"pattern", string_of(pattern)},
                {NULL},
        });
}

static cJSON *member_schema(enum fault_member member)
{
        switch (member) {
        case MEMBER_RATE:
                return fraction_schema(1);
        case MEMBER_STATUS:
                return status_schema();
        case MEMBER_CORES:
                return fraction_schema(MOST_CORES);
        case MEMBER_SIZE:
                return size_schema();
        case MEMBER_METHOD:
                return text_schema("^[A-Z]+$");
        case MEMBER_PATH:
                return text_schema("^(/[A-Za-z0-9._~-]+|/\\{[A-Za-z]+\\})*(/|/\\*\\*)?$");
        default:
                return text_schema("^[ -~]+$");
        }
}

/* ---- kinds ---- */

static const struct {
        enum fault_member member;
        const char *name;
        bool required;
} members[] = {
        {MEMBER_RATE, "rate", false},      {MEMBER_METHOD, "method", false},
        {MEMBER_PATH, "path", false},      {MEMBER_ROUTE, "routeId", false},
        {MEMBER_TYPE, "eventType", false}, {MEMBER_KEY, "key", false},
        {MEMBER_STATUS, "status", true},   {MEMBER_CORES, "cores", true},
        {MEMBER_SIZE, "size", true},
};

static void add_required(cJSON *properties, cJSON *required, const char *name, cJSON *schema)
{
        cJSON_AddItemToObject(properties, name, schema);
        cJSON_AddItemToArray(required, string_of(name));
}

static void add_delay(cJSON *properties, cJSON *required, int64_t most_ms, bool drawn)
{
        const char *const names[] = {drawn ? "p50" : "delay", drawn ? "p99" : NULL};

        for (int i = 0; i < 2; i++)
                if (names[i])
                        add_required(properties, required, names[i], duration_schema(1, most_ms));
}

/* drawn: delays come from a distribution */
static cJSON *kind_schema(const struct fault_row *row, bool drawn)
{
        cJSON *kind = object_of((struct member[]){{"const", string_of(row->name)}, {NULL}});
        cJSON *properties =
                object_of((struct member[]){{"duration", duration_schema(3, HOUR_MS)}, {NULL}});
        cJSON *required = cJSON_CreateArray();

        add_required(properties, required, "kind", kind);
        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
                if (!(row->members & members[i].member))
                        continue;
                cJSON_AddItemToObject(properties, members[i].name,
                                      member_schema(members[i].member));
                if (members[i].required)
                        cJSON_AddItemToArray(required, string_of(members[i].name));
        }
        if (row->members & MEMBER_DELAY)
                add_delay(properties, required, row->most_delay_ms, drawn);
        return object_of((struct member[]){
                {"type", string_of("object")},
                {"description", string_of(row->about)},
                {"properties", properties},
                {"required", required},
                {"additionalProperties", cJSON_CreateFalse()},
                {NULL},
        });
}

cJSON *admin_fault_schema(uint32_t kinds)
{
        cJSON *all = cJSON_CreateArray();

        for (int kind = 0; kind < FAULT_KINDS; kind++) {
                if (!(kinds & UINT32_C(1) << kind))
                        continue;
                cJSON_AddItemToArray(all, kind_schema(&fault_rows[kind], false));
                if (fault_rows[kind].members & MEMBER_DELAY)
                        cJSON_AddItemToArray(all, kind_schema(&fault_rows[kind], true));
        }
        return object_of((struct member[]){{"oneOf", all}, {NULL}});
}
