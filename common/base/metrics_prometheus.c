#include "base/metrics_exemplar.h"

#include <string.h>

static void escaped_write(struct text *out, const char *value, bool quotes)
{
        for (; *value; value++) {
                if (*value == '\n')
                        text_add(out, "\\n", 2);
                else if (*value == '\\' || (*value == '"' && quotes))
                        text_add(out, (char[]){'\\', *value}, 2);
                else
                        text_char(out, *value);
        }
}

/* name and suffix, {labels, le}, a blank */
static void sample_begin(struct text *out, const struct metric *s, const char *suffix,
                         const char *le)
{
        const char *const *labels = s->family->labels;
        char before = '{';

        text_string(out, s->family->name);
        text_string(out, suffix);
        for (int i = 0; i < METRIC_LABELS && labels[i]; i++) {
                text_char(out, before);
                text_string(out, labels[i]);
                text_string(out, "=\"");
                escaped_write(out, s->values[i], true);
                text_char(out, '"');
                before = ',';
        }
        if (le) {
                text_char(out, before);
                text_printf(out, "le=\"%s\"", le);
        }
        text_string(out, le || labels[0] ? "} " : " ");
}

static void histogram_write(struct text *out, const struct metric *s, bool openmetrics)
{
        struct metric_range range = metric_range_of(s->family->kind);
        int64_t count = 0;

        for (int i = range.first; i < METRIC_BUCKETS; i++) {
                const struct metric_bound *bound = &metric_bounds[i];

                if (i >= range.end && i < METRIC_BUCKETS - 1)
                        continue;
                count += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
                sample_begin(out, s, "_bucket",
                             openmetrics ? bound->openmetrics : bound->prometheus);
                text_int(out, count);
                if (openmetrics)
                        metric_exemplar_write(s, i, out);
                text_char(out, '\n');
        }
        sample_begin(out, s, "_count", NULL);
        text_int(out, count);
        text_char(out, '\n');
        sample_begin(out, s, "_sum", NULL);
        metric_number_write(out,
                            (double)atomic_load_explicit(&s->sum_us, memory_order_relaxed) / 1e6);
        text_char(out, '\n');
}

/* OpenMetrics calls the family of a counter without its _total. */
static size_t family_name_length(const struct metric_family *f, bool openmetrics)
{
        static const char total[] = "_total";
        size_t len = strlen(f->name), end = sizeof total - 1;

        if (openmetrics && f->kind == METRIC_COUNTER && len > end &&
            strcmp(f->name + len - end, total) == 0)
                return len - end;
        return len;
}

static void family_write(struct text *out, const struct family *f, bool openmetrics)
{
        size_t len = family_name_length(f->is, openmetrics);

        text_string(out, "# HELP ");
        text_add(out, f->is->name, len);
        text_char(out, ' ');
        escaped_write(out, f->is->help, openmetrics);
        text_string(out, "\n# TYPE ");
        text_add(out, f->is->name, len);
        text_printf(out, " %s\n", metric_kind_name(f->is->kind));
        for (const struct metric *s = f->first; s; s = s->next) {
                if (metric_is_histogram(f->is)) {
                        histogram_write(out, s, openmetrics);
                        continue;
                }
                sample_begin(out, s, "", NULL);
                metric_number_write(out, metric_value(s));
                text_char(out, '\n');
        }
}

void metrics_prometheus(struct metrics *m, bool openmetrics, struct text *out)
{
        metrics_refresh(m);
        pthread_mutex_lock(&m->lock);
        for (const struct family *f = m->families; f; f = f->next)
                family_write(out, f, openmetrics);
        pthread_mutex_unlock(&m->lock);
        if (openmetrics)
                text_string(out, "# EOF\n");
}
