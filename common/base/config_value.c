#include "base/config_value.h"

#include <stddef.h>
#include <string.h>

static const struct unit_suffix no_units[] = {{"", 1}, {NULL, 0}};

/* A bare duration is in seconds. */
static const struct unit_suffix durations[] = {
        {"ms", 1},      {"s", 1000},     {"", 1000}, {"min", 60000},
        {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const struct unit_suffix sizes[] = {
        {"B", 1}, {"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0},
};

static const struct {
        const char *name, *expected;
        const struct unit_suffix *units; /* NULL: no number */
} types[] = {
        [SETTING_TEXT] = {"TEXT", "a text", NULL},
        [SETTING_NUMBER] = {"N", "a whole number", no_units},
        [SETTING_DURATION] = {"TIME", "a duration like 250ms, 5s, 10min, 24h or 8d", durations},
        [SETTING_SIZE] = {"SIZE", "a size like 4096, 32KiB, 1MiB or 1GiB", sizes},
        [SETTING_CHOICE] = {"CHOICE", "one of ", NULL},
        [SETTING_SWITCH] = {"", "no value", NULL},
};

const struct unit_suffix *config_value_units(enum setting_type type)
{
        return types[type].units;
}

static bool is_limited(const struct setting *s)
{
        return s->least || s->most;
}

static bool number_read(const struct setting *s, const char *text, int64_t *number)
{
        const char *unit = text + strspn(text, "0123456789");
        int64_t value = 0;

        if (unit == text)
                return false;
        for (; text < unit; text++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, *text - '0', &value))
                        return false;
        for (const struct unit_suffix *u = types[s->type].units; u->name; u++) {
                if (strcmp(u->name, unit) != 0)
                        continue;
                if (__builtin_mul_overflow(value, u->size, number))
                        return false;
                return !is_limited(s) || (*number >= s->least && *number <= s->most);
        }
        return false;
}

static bool is_choice(const struct setting *s, const char *text)
{
        size_t len = strlen(text);

        for (const char *c = s->choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
                if (strcspn(c, "|") == len && memcmp(c, text, len) == 0)
                        return true;
        return false;
}

bool config_value_read(const struct setting *s, const char *text, int64_t *number)
{
        *number = 0;
        if (types[s->type].units)
                return number_read(s, text, number);
        return s->type == SETTING_TEXT || is_choice(s, text);
}

/* In the largest unit that divides it. */
static void limit_write(const struct setting *s, int64_t limit, struct text *out)
{
        const struct unit_suffix *best = no_units;

        for (const struct unit_suffix *u = types[s->type].units; u->name && limit; u++)
                if (u->name[0] && limit % u->size == 0)
                        best = u;
        text_int(out, limit / best->size);
        text_string(out, best->name);
}

void config_value_expected(const struct setting *s, struct text *out)
{
        text_string(out, types[s->type].expected);
        for (const char *c = s->type == SETTING_CHOICE ? s->choices : ""; *c; c++) {
                if (*c == '|')
                        text_string(out, ", ");
                else
                        text_char(out, *c);
        }
        if (!types[s->type].units || (!is_limited(s) && s->type != SETTING_NUMBER))
                return;
        text_string(out, s->type == SETTING_NUMBER ? " from " : ", from ");
        limit_write(s, s->least, out);
        if (is_limited(s) && s->most < INT64_MAX) {
                text_string(out, " to ");
                limit_write(s, s->most, out);
        }
}

const char *config_value_name(const struct setting *s)
{
        return s->type == SETTING_CHOICE ? s->choices : types[s->type].name;
}
