#include "mallctl/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Is it one of the labels between `at` and `end`? */
static bool has_label(const char *at, const char *end, const char *label)
{
        size_t len = strlen(label);

        for (const char *p = at; p + len <= end; p++)
                if ((p == at || p[-1] == ',') && memcmp(p, label, len) == 0 &&
                    (p + len == end || p[len] == ','))
                        return true;
        return false;
}

static bool has_labels(const char *at, const char *end, const char *const *labels)
{
        for (; labels && *labels; labels++)
                if (!has_label(at, end, *labels))
                        return false;
        return true;
}

/* The end of the labels that begin at `at`: the brace that is in no quotes. */
static const char *closing(const char *at, const char *end)
{
        bool quoted = false;

        for (; at < end && (quoted || *at != '}'); at++) {
                if (quoted && *at == '\\' && at + 1 < end)
                        at++;
                else if (*at == '"')
                        quoted = !quoted;
        }
        return at;
}

static bool read_line(const char *line, const char *end, const char *name,
                      const char *const *labels, double *value)
{
        size_t len = strlen(name);
        const char *at = line + len, *close;

        if ((size_t)(end - line) <= len || memcmp(line, name, len) != 0 ||
            (*at != ' ' && *at != '{'))
                return false;
        if (*at == ' ')
                close = has_labels(at, at, labels) ? at : NULL;
        else
                close = closing(at, end);
        if (!close || (*at == '{' && (close == end || !has_labels(at + 1, close, labels))))
                return false;
        *value = strtod(close + (*close == '}'), NULL);
        return true;
}

bool samples_sum(const char *text, const char *name, const char *const *labels, double *sum)
{
        bool any = false;
        double value;

        *sum = 0;
        for (const char *line = text; *line;) {
                const char *end = line + strcspn(line, "\n");

                if (read_line(line, end, name, labels, &value)) {
                        *sum += isfinite(value) ? value : 0;
                        any = true;
                }
                line = end + (*end == '\n');
        }
        return any;
}
