#include "gateway/routing/filter_kinds.h"

#include "gateway/config/value.h"

enum { RETRIES, STATUSES, METHODS, FIRST, MAX, FACTOR, PREVIOUS, SERIES, EXCEPTIONS, VALUES };

/* As in Spring, the first wait is 5 ms if anything else about the wait is set. */
static bool read_wait(const struct filter *f, const char **values, struct retry_policy *retry,
                      struct error *error)
{
        struct yaml first = definition_scalar(&f->definition, "firstBackoff", values[FIRST]);
        struct yaml max = definition_scalar(&f->definition, "maxBackoff", values[MAX]);
        struct yaml factor = definition_scalar(&f->definition, "factor", values[FACTOR]);
        struct yaml previous =
                definition_scalar(&f->definition, "basedOnPreviousValue", values[PREVIOUS]);
        int64_t number = 2;
        bool either;

        if (values[FIRST] || values[MAX] || values[FACTOR] || values[PREVIOUS])
                retry->first_ms = 5;
        if ((values[FIRST] && !value_wait(&first, &retry->first_ms, error)) ||
            (values[MAX] && !value_wait(&max, &retry->max_ms, error)) ||
            (values[FACTOR] && !value_number(&factor, 1, 1000, &number, error)) ||
            (values[PREVIOUS] && !value_bool(&previous, &either, error)))
                return false;
        retry->factor = (int)number;
        return true;
}

/* As Spring shows lists. */
static void show_items(struct text *out, const char *name, const char *const *texts)
{
        text_printf(out, ", %s = list[%s", name, *texts ? "" : "[empty]");
        for (size_t i = 0; texts[i]; i++) {
                int status = status_read(texts[i]);

                text_string(out, i ? ", " : "");
                if (status)
                        text_printf(out, "%d ", status);
                text_string(out, status && status_text(status) ? status_text(status) : texts[i]);
        }
        text_char(out, ']');
}

static bool read_when(const struct filter_place *place, struct filter *f, const char **values,
                      struct retry_policy *retry, struct error *error)
{
        struct text shown = text_open(place->routes->arena, 160);
        const char **statuses = filter_items(place, f, values[STATUSES], "");
        const char **series = filter_items(place, f, values[SERIES], "SERVER_ERROR");

        retry->methods = filter_items(place, f, values[METHODS], "GET");
        if (!*retry->methods)
                return yaml_error(f->definition.at, error, "Retry: methods may not be empty");
        if (!filter_statuses(f, statuses, &retry->on, error))
                return false;
        for (const char **s = series; *s; s++)
                if (!statuses_add_series(&retry->on, *s))
                        return yaml_error(f->definition.at, error,
                                          "Retry: %s is not a series of statuses", *s);
        text_printf(&shown, "retries = %d", retry->retries);
        show_items(&shown, "series", series);
        show_items(&shown, "statuses", statuses);
        show_items(&shown, "methods", retry->methods);
        f->value = shown.at;
        return true;
}

static bool retry_read(const struct filter_place *place, struct filter *f, struct error *error)
{
        static const struct parameter parameters[] = {
                [RETRIES] = {"retries", OPTIONAL},
                [STATUSES] = {"statuses", LIST},
                [METHODS] = {"methods", LIST},
                [FIRST] = {"backoff.firstBackoff", OPTIONAL},
                [MAX] = {"backoff.maxBackoff", OPTIONAL},
                [FACTOR] = {"backoff.factor", OPTIONAL},
                [PREVIOUS] = {"backoff.basedOnPreviousValue", OPTIONAL},
                [SERIES] = {"series", LIST},
                [EXCEPTIONS] = {"exceptions", LIST},
                [VALUES] = {NULL},
        };
        struct retry_policy *retry = arena_alloc(place->routes->arena, sizeof *retry);
        const char *values[VALUES];
        int64_t retries = 3;
        struct yaml number;

        if (!filter_values(place, f, parameters, values, error) ||
            !filter_is_first(place, f, error))
                return false;
        number = definition_scalar(&f->definition, "retries", values[RETRIES]);
        if (values[RETRIES] && !value_number(&number, 1, 100, &retries, error))
                return false;
        retry->retries = (int)retries;
        if (values[EXCEPTIONS])
                routes_warn(place->routes, f->definition.at,
                            "Retry: exceptions has no effect: whether a request without an answer "
                            "may be sent again depends on the request");
        place->route->retry = retry;
        return read_wait(f, values, retry, error) && read_when(place, f, values, retry, error);
}

static void retry_show(const struct filter *f, struct text *out)
{
        text_printf(out, "Retry %s", f->value);
}

const struct filter_kind filter_retry_kinds[] = {
        {"Retry", retry_read, NULL, NULL, retry_show},
        {NULL, NULL, NULL, NULL, NULL},
};
