#include "base/json.h"
#include "base/metrics_inside.h"

#include <math.h>
#include <string.h>

/* http_server_requests_seconds is http.server.requests, measured in seconds. */
static const char *spring_name(struct arena *arena, const char *name, const char **unit)
{
        static const char *const suffixes[] = {"_total", "_seconds", "_bytes"};
        char *spring = arena_string(arena, name);
        size_t len = strlen(spring);

        *unit = NULL;
        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
                size_t end = strlen(suffixes[i]);

                if (len <= end || strcmp(spring + len - end, suffixes[i]) != 0)
                        continue;
                len -= end;
                spring[len] = '\0';
                if (i > 0)
                        *unit = suffixes[i] + 1;
        }
        for (char *c = spring; *c; c++)
                if (*c == '_')
                        *c = '.';
        return spring;
}

void metrics_spring_names(struct metrics *m, struct text *out)
{
        const char *unit;

        metrics_refresh(m);
        text_string(out, "{\"names\":[");
        pthread_mutex_lock(&m->lock);
        for (const struct family *f = m->families; f; f = f->next) {
                if (!f->first)
                        continue;
                if (out->at[out->len - 1] != '[')
                        text_char(out, ',');
                json_write_string(out, spring_name(out->arena, f->is->name, &unit));
        }
        pthread_mutex_unlock(&m->lock);
        text_string(out, "]}");
}

/* The value after "label:" if the tag has that label. */
static const char *tag_value(const char *tag, const char *label)
{
        size_t len = strlen(label);

        return strncmp(tag, label, len) == 0 && tag[len] == ':' ? tag + len + 1 : NULL;
}

static bool has_tag(const struct metric *s, const char *tag)
{
        for (int i = 0; i < METRIC_LABELS && s->family->labels[i]; i++) {
                const char *value = tag_value(tag, s->family->labels[i]);

                if (value)
                        return strcmp(value, s->values[i]) == 0;
        }
        return false;
}

static bool has_tags(const struct metric *s, const char *const *tags)
{
        for (; tags && *tags; tags++)
                if (!has_tag(s, *tags))
                        return false;
        return true;
}

/* The series that the filter leaves, added up. */
struct spring_sum {
        int series;
        double value, total, max;
};

static struct spring_sum series_sum(const struct family *f, const char *const *tags)
{
        struct spring_sum sum = {0};

        for (const struct metric *s = f->first; s; s = s->next) {
                if (!has_tags(s, tags))
                        continue;
                sum.series++;
                sum.value += metric_value(s);
                sum.total += (double)atomic_load_explicit(&s->sum_us, memory_order_relaxed) / 1e6;
                sum.max =
                        fmax(sum.max,
                             (double)atomic_load_explicit(&s->max_us, memory_order_relaxed) / 1e6);
        }
        return sum;
}

static void measurement_write(struct text *out, const char *statistic, double value)
{
        text_printf(out,
                    "%s{\"statistic\":\"%s\",\"value\":", out->at[out->len - 1] == '[' ? "" : ",",
                    statistic);
        if (isfinite(value))
                metric_number_write(out, value);
        else
                text_string(out, "null");
        text_char(out, '}');
}

static void measurements_write(struct text *out, const struct metric_family *family,
                               const struct spring_sum *sum)
{
        text_string(out, "\"measurements\":[");
        measurement_write(out, family->kind == METRIC_GAUGE ? "VALUE" : "COUNT", sum->value);
        if (metric_is_histogram(family)) {
                measurement_write(out, "TOTAL_TIME", sum->total);
                measurement_write(out, "MAX", sum->max);
        }
        text_char(out, ']');
}

static bool is_filtered(const char *label, const char *const *tags)
{
        for (; tags && *tags; tags++)
                if (tag_value(*tags, label))
                        return true;
        return false;
}

/* Was the value already among the series before this one? */
static bool is_repeated(const struct family *f, const struct metric *until, int label,
                        const char *const *tags)
{
        for (const struct metric *s = f->first; s != until; s = s->next)
                if (has_tags(s, tags) && strcmp(s->values[label], until->values[label]) == 0)
                        return true;
        return false;
}

static void tag_write(struct text *out, const struct family *f, int label, const char *const *tags)
{
        text_string(out, out->at[out->len - 1] == '[' ? "{\"tag\":" : ",{\"tag\":");
        json_write_string(out, f->is->labels[label]);
        text_string(out, ",\"values\":[");
        for (const struct metric *s = f->first; s; s = s->next) {
                if (!has_tags(s, tags) || is_repeated(f, s, label, tags))
                        continue;
                if (out->at[out->len - 1] != '[')
                        text_char(out, ',');
                json_write_string(out, s->values[label]);
        }
        text_string(out, "]}");
}

static bool family_show(const struct family *f, const char *name, const char *unit,
                        const char *const *tags, struct text *out)
{
        struct spring_sum sum = series_sum(f, tags);

        if (!sum.series)
                return false;
        text_string(out, "{\"name\":");
        json_write_string(out, name);
        text_string(out, ",\"description\":");
        json_write_string(out, f->is->help);
        text_string(out, ",\"baseUnit\":");
        json_write_string(out, unit);
        text_char(out, ',');
        measurements_write(out, f->is, &sum);
        text_string(out, ",\"availableTags\":[");
        for (int i = 0; i < METRIC_LABELS && f->is->labels[i]; i++)
                if (!is_filtered(f->is->labels[i], tags))
                        tag_write(out, f, i, tags);
        text_string(out, "]}");
        return true;
}

bool metrics_spring(struct metrics *m, const char *name, const char *const *tags, struct text *out)
{
        const struct family *f;
        const char *unit = NULL;
        bool shown;

        metrics_refresh(m);
        pthread_mutex_lock(&m->lock);
        for (f = m->families; f; f = f->next)
                if (strcmp(spring_name(out->arena, f->is->name, &unit), name) == 0)
                        break;
        shown = f && family_show(f, name, unit, tags, out);
        pthread_mutex_unlock(&m->lock);
        return shown;
}
