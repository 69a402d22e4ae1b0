#include "gateway/config/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool value_scalar(const struct yaml *t, const char **text, struct error *error)
{
        *text = t->text;
        return (t->kind == YAML_SCALAR && t->text) ||
               yaml_error(t, error, "%s wants a value", t->name);
}

bool value_bool(const struct yaml *t, bool *into, struct error *error)
{
        const char *text;

        if (!value_scalar(t, &text, error))
                return false;
        *into = strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 ||
                strcasecmp(text, "on") == 0;
        return *into || strcasecmp(text, "false") == 0 || strcasecmp(text, "no") == 0 ||
               strcasecmp(text, "off") == 0 ||
               yaml_error(t, error, "%s is true or false, not %s", t->name, text);
}

bool value_number(const struct yaml *t, int64_t least, int64_t most, int64_t *into,
                  struct error *error)
{
        const char *text;
        char *end;

        if (!value_scalar(t, &text, error))
                return false;
        *into = strtoll(text, &end, 10);
        if (!isdigit((unsigned char)*text) || *end || *into < least || *into > most)
                return yaml_error(t, error, "%s wants a number from %lld to %lld, not %s", t->name,
                                  (long long)least, (long long)most, text);
        return true;
}

/* A suffix of a number, and what it multiplies the number by. */
struct suffix {
        const char *name;
        int64_t factor;
};

/* Reads "90" or "90s" and returns where it ends; NULL: it is no amount. `suffixes` ends with a NULL
   name; the suffix of a bare number is "". */
static const char *read_amount(const char *text, const struct suffix *suffixes, int64_t *amount)
{
        char *suffix;
        int64_t number = strtoll(text, &suffix, 10);
        size_t len = strspn(suffix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (!isdigit((unsigned char)*text) || number > 1000000000)
                return NULL;
        for (const struct suffix *s = suffixes; s->name; s++)
                if (strncasecmp(suffix, s->name, len) == 0 && !s->name[len]) {
                        *amount = number * s->factor;
                        return suffix + len;
                }
        return NULL;
}

bool value_duration(const struct yaml *t, int64_t unit_ms, int64_t *ms, struct error *error)
{
        const struct suffix suffixes[] = {{"", unit_ms}, {"ms", 1},      {"s", 1000},
                                          {"m", 60000},  {"h", 3600000}, {"d", 86400000},
                                          {NULL}};
        const char *text, *at;
        int64_t amount;
        bool iso;

        if (!value_scalar(t, &text, error))
                return false;
        iso = strncasecmp(text, "PT", 2) == 0;
        at = iso ? text + 2 : text;
        *ms = 0;
        do {
                at = read_amount(at, suffixes, &amount);
                *ms += at ? amount : 0;
        } while (iso && at && *at);
        return (at && !*at) ||
               yaml_error(t, error, "%s wants a duration such as 5s, not %s", t->name, text);
}

bool value_wait(const struct yaml *t, int64_t *ms, struct error *error)
{
        if (!value_duration(t, 1, ms, error))
                return false;
        return (*ms > 0 && *ms <= 3600000) ||
               yaml_error(t, error, "%s must lie between 1ms and 1h", t->name);
}

bool value_size(const struct yaml *t, int64_t *bytes, struct error *error)
{
        static const struct suffix suffixes[] = {{"", 1},         {"B", 1},        {"KB", 1 << 10},
                                                 {"MB", 1 << 20}, {"GB", 1 << 30}, {NULL}};
        const char *text, *end;

        if (!value_scalar(t, &text, error))
                return false;
        end = read_amount(text, suffixes, bytes);
        return (end && !*end && *bytes > 0) ||
               yaml_error(t, error, "%s wants a size such as 5MB, not %s", t->name, text);
}
