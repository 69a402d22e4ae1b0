#include "service/admin_schema.h"

#include "base/config_value.h"
#include "base/faults_kinds.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { PATTERN = 1000 };

/* ---- numbers, which may be texts ---- */

static cJSON *text_like(const char *pattern)
{
        return object_of((struct member[]){
                {"type", string_of("string")},
                {"pattern", string_from("^(%s)$", pattern)},
                {NULL},
        });
}

static cJSON *either(cJSON *number, cJSON *text)
{
        return object_of(
                (struct member[]){{"anyOf", list_of((cJSON *[]){number, text, NULL})}, {NULL}});
}

static void add_bar(struct text *pattern)
{
        if (pattern->len)
                text_char(pattern, '|');
}

/* From `from`, how many numbers up to `to` differ in this digit alone, whatever follows it:
   4000..5999 of 4000 to 6500. power: of the digit; it must divide `from`. 0: none. */
static int64_t alike(int64_t from, int64_t to, int64_t power)
{
        int64_t left = 10 - from / power % 10, room = (to - from + 1) / power;

        return from % power ? 0 : left < room ? left : room;
}

/* The numbers of that range, which all have as many digits, as alternatives: "[4-5][0-9]{2}". */
static void add_range(struct text *pattern, int64_t from, int64_t to, const char *behind)
{
        while (from <= to) {
                int64_t power = 1, digit;
                int zeros = 0;

                while (alike(from, to, power * 10) && from / power >= 10) {
                        power *= 10;
                        zeros++;
                }
                digit = from / power % 10;
                add_bar(pattern);
                text_string(pattern, "0*");
                if (from / power >= 10)
                        text_int(pattern, from / power / 10);
                text_printf(pattern, "[%d-%d]", (int)digit,
                            (int)(digit + alike(from, to, power) - 1));
                if (zeros)
                        text_printf(pattern, "[0-9]{%d}", zeros);
                text_string(pattern, behind);
                from += alike(from, to, power) * power;
        }
}

/* The whole numbers from least, at least 1, to most. */
static void add_whole(struct text *pattern, int64_t least, int64_t most, const char *behind)
{
        for (int64_t ten = 10; least <= most; ten *= 10) {
                if (least < ten)
                        add_range(pattern, least, most < ten ? most : ten - 1, behind);
                least = least < ten ? ten : least;
        }
}

static int64_t least_of(const struct setting *limits, int64_t unit)
{
        return (limits->least + unit - 1) / unit;
}

/* A bare number has the unit "". */
static cJSON *whole_of(const struct setting *limits)
{
        const struct unit_suffix *unit = config_value_units(limits->type);

        while (*unit->name)
                unit++;
        return object_of((struct member[]){
                {"type", string_of("integer")},
                {"minimum", cJSON_CreateNumber((double)least_of(limits, unit->size))},
                {"maximum", cJSON_CreateNumber((double)(limits->most / unit->size))},
                {NULL},
        });
}

/* "250ms", "5s", "10min", "32MiB", "503" */
static cJSON *number_schema(const struct setting *limits)
{
        const struct unit_suffix *unit = config_value_units(limits->type);
        struct arena *arena = arena_open();
        struct text pattern = text_open(arena, PATTERN);
        cJSON *schema;

        for (; unit->name; unit++)
                add_whole(&pattern, least_of(limits, unit->size), limits->most / unit->size,
                          unit->name);
        schema = either(whole_of(limits), text_like(pattern.at));
        arena_close(&arena);
        return schema;
}

static void add_fraction(struct text *pattern, int64_t most)
{
        char any[20], none[20];

        snprintf(any, sizeof any, "(\\.[0-9]{0,%d})?", FAULT_FRACTION_DIGITS);
        snprintf(none, sizeof none, "(\\.0{0,%d})?", FAULT_FRACTION_DIGITS);
        for (int zeros = 0; zeros < FAULT_FRACTION_DIGITS; zeros++)
                text_printf(pattern, "%s0+\\.0{%d}[1-9][0-9]{0,%d}", zeros ? "|" : "", zeros,
                            FAULT_FRACTION_DIGITS - zeros - 1);
        add_whole(pattern, 1, most - 1, any);
        add_whole(pattern, most, most, none);
}

/* Above 0. */
static cJSON *fraction_schema(const struct setting *limits)
{
        struct arena *arena = arena_open();
        struct text pattern = text_open(arena, PATTERN);
        cJSON *number = object_of((struct member[]){
                {"type", string_of("number")},
                {"exclusiveMinimum", cJSON_CreateNumber(0)},
                {"maximum", cJSON_CreateNumber((double)limits->most)},
                {NULL},
        });
        cJSON *schema;

        add_fraction(&pattern, limits->most);
        schema = either(number, text_like(pattern.at));
        arena_close(&arena);
        return schema;
}

/* ---- targets ---- */

/* What the reader takes. */
#define CONTROLS "\\x00-\\x1f\\x7f"
#define SEGMENT "\\{[^{}/" CONTROLS "]+\\}|[^{}*?#/ " CONTROLS "]*"

static const char *pattern_of(unsigned member)
{
        if (member == MEMBER_METHOD)
                return "^[A-Z0-9!#$%&'*+.^_`|~-]+$";
        return member == MEMBER_PATH ? "^(/(" SEGMENT "))*/(\\*\\*|" SEGMENT ")$"
                                     : "^[^" CONTROLS "]+$";
}

static cJSON *text_schema(const struct setting *limits, unsigned member)
{
        return object_of((struct member[]){
                {"type", string_of("string")},
                {"minLength", cJSON_CreateNumber((double)limits->least)},
                {"maxLength", cJSON_CreateNumber((double)limits->most)},
                {"pattern", string_of(pattern_of(member))},
                {NULL},
        });
}

/* ---- kinds ---- */

static cJSON *member_schema(enum fault_kind kind, const struct fault_member_row *row)
{
        struct setting limits = fault_limits(kind, row);

        if (row->type == SETTING_TEXT)
                return text_schema(&limits, row->member);
        return row->fraction ? fraction_schema(&limits) : number_schema(&limits);
}

/* drawn: p50 and p99 instead of delay */
static bool is_left_out(const struct fault_member_row *row, bool drawn)
{
        return row->member == MEMBER_DELAY && drawn == (strcmp(row->name, "delay") == 0);
}

static cJSON *kind_schema(enum fault_kind kind, bool drawn)
{
        cJSON *name =
                object_of((struct member[]){{"const", string_of(fault_rows[kind].name)}, {NULL}});
        cJSON *properties = object_of((struct member[]){{"kind", name}, {NULL}});
        cJSON *required = list_of((cJSON *[]){string_of("kind"), NULL});

        for (const struct fault_member_row *row = fault_member_rows; row->name; row++) {
                if (!fault_takes(kind, row) || is_left_out(row, drawn))
                        continue;
                cJSON_AddItemToObject(properties, row->name, member_schema(kind, row));
                if (row->member & MEMBERS_NEEDED)
                        cJSON_AddItemToArray(required, string_of(row->name));
        }
        return object_of((struct member[]){
                {"type", string_of("object")},
                {"description", string_of(fault_rows[kind].about)},
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
                cJSON_AddItemToArray(all, kind_schema((enum fault_kind)kind, false));
                if (fault_rows[kind].members & MEMBER_DELAY)
                        cJSON_AddItemToArray(all, kind_schema((enum fault_kind)kind, true));
        }
        return object_of((struct member[]){{"oneOf", all}, {NULL}});
}
