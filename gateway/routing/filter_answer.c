/* filter_answer - filters that decide the answer's status: RequestSize, SetStatus, RedirectTo. */
#include "gateway/routing/filter_kinds.h"

#include "gateway/config/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SIZE = 5000000 };

static bool request_size_read(const struct filter_place *place, struct filter *f,
                              struct error *error)
{
        static const struct parameter parameters[] = {{"maxSize", OPTIONAL}, {NULL}};
        const char *size;
        struct yaml scalar;

        if (!filter_values(place, f, parameters, &size, error))
                return false;
        f->number = DEFAULT_SIZE;
        scalar = definition_scalar(&f->definition, "RequestSize", size);
        return !size || value_size(&scalar, &f->number, error);
}

/* As Spring writes it: 5.2 MB. */
static const char *readable(struct arena *arena, int64_t bytes)
{
        static const char units[] = "kMGTPE";
        double number = (double)bytes;
        int unit = -1;

        for (; number >= 1000; unit++)
                number /= 1000;
        return unit < 0 ? arena_printf(arena, "%d B", (int)bytes)
                        : arena_printf(arena, "%.1f %cB", number, units[unit]);
}

/* A request with a Content-Length is refused at once. For others the proxy counts the bytes against
   max_body. */
static bool request_size_request(const struct filter *f, struct filter_chain *chain)
{
        struct arena *arena = chain->asked->arena;
        int64_t bytes = strtoll(headers_value(chain->asked->headers, "Content-Length"), NULL,
                                10); /* 0 if it is missing */

        if (!chain->max_body || f->number < chain->max_body)
                chain->max_body = f->number;
        if (bytes <= f->number)
                return true;
        chain->status = 413;
        chain->detail = arena_printf(arena,
                                     "Request size is larger than permissible limit. Request size "
                                     "is %s where permissible "
                                     "limit is %s",
                                     readable(arena, bytes), readable(arena, f->number));
        headers_add(&chain->answer, "errorMessage", chain->detail);
        return false;
}

static void request_size_show(const struct filter *f, struct text *out)
{
        text_printf(out, "RequestSize max = %lldB", (long long)f->number);
}

static bool set_status_read(const struct filter_place *place, struct filter *f, struct error *error)
{
        static const struct parameter parameters[] = {{"status", REQUIRED}, {NULL}};

        if (!filter_values(place, f, parameters, &f->name, error))
                return false;
        f->number = status_read(f->name);
        return f->number >= 200 ||
               yaml_error(f->definition.at, error, "SetStatus: %s is not a status from 200 to 599",
                          f->name);
}

static void set_status_answer(const struct filter *f, struct filter_chain *chain)
{
        chain->status = (int)f->number;
}

static void set_status_show(const struct filter *f, struct text *out)
{
        filter_show_pair(f, "status", f->name, out);
}

static bool is_url(const char *text)
{
        const char *c = text;

        while (isgraph((unsigned char)*c) && !strchr("\"<>\\^`{|}", *c))
                c++;
        return c > text && !*c;
}

static bool redirect_to_read(const struct filter_place *place, struct filter *f,
                             struct error *error)
{
        static const struct parameter parameters[] = {
                {"status", REQUIRED},
                {"url", REQUIRED},
                {"includeRequestParams", OPTIONAL},
                {NULL},
        };
        const char *values[3];
        struct yaml query;

        if (!filter_values(place, f, parameters, values, error))
                return false;
        f->number = status_read(values[0]);
        f->value = values[1];
        if (f->number < 300 || f->number > 399)
                return yaml_error(f->definition.at, error,
                                  "RedirectTo: %s is not a status from 300 to 399", values[0]);
        if (!is_url(f->value))
                return yaml_error(f->definition.at, error, "RedirectTo: %s is not a URL", f->value);
        place->route->answers_itself = true;
        query = definition_scalar(&f->definition, "includeRequestParams", values[2]);
        return !values[2] || value_bool(&query, &f->query, error);
}

static bool redirect_to_request(const struct filter *f, struct filter_chain *chain)
{
        const char *query = f->query && chain->query && *chain->query ? chain->query : NULL;
        size_t len = strcspn(f->value, "#");

        chain->status = (int)f->number;
        headers_add(&chain->answer, "Location",
                    !query ? f->value
                           : arena_printf(chain->asked->arena, "%.*s%c%s%s", (int)len, f->value,
                                          memchr(f->value, '?', len) ? '&' : '?', query,
                                          f->value + len));
        return false;
}

static void redirect_to_show(const struct filter *f, struct text *out)
{
        text_printf(out, "RedirectTo %d = %s", (int)f->number, f->value);
}

const struct filter_kind filter_answer_kinds[] = {
        {"RequestSize", request_size_read, request_size_request, NULL, request_size_show},
        {"SetStatus", set_status_read, NULL, set_status_answer, set_status_show},
        {"RedirectTo", redirect_to_read, redirect_to_request, NULL, redirect_to_show},
        {NULL, NULL, NULL, NULL, NULL},
};
