/* filter_header - fields of the request and of the answer: Add, Set, Remove. */
#include "gateway/routing/filter_kinds.h"

#include "http/grammar.h"
#include "http/header_kinds.h"

static bool read_field(const struct filter_place *place, struct filter *f,
                       const struct parameter *parameters, struct error *error)
{
        const char *values[2] = {NULL, ""};

        if (!filter_values(place, f, parameters, values, error))
                return false;
        f->name = values[0];
        f->value = values[1];
        if (!is_token(f->name, strlen(f->name)) || has_control(f->value, strlen(f->value)))
                return yaml_error(f->definition.at, error, "%s: %s is no header field",
                                  f->definition.name, f->name);
        f->idle = header_kinds(f->name, strlen(f->name)) & HEADER_FIXED;
        if (f->idle)
                routes_warn(place->routes, f->definition.at,
                            "%s has no effect on %s, which the gateway itself writes",
                            f->definition.name, f->name);
        return filter_template(place, f, f->value, error);
}

static bool name_value_read(const struct filter_place *place, struct filter *f, struct error *error)
{
        static const struct parameter parameters[] = {
                {"name", REQUIRED}, {"value", REQUIRED}, {NULL}};

        return read_field(place, f, parameters, error);
}

static bool name_read(const struct filter_place *place, struct filter *f, struct error *error)
{
        static const struct parameter parameters[] = {{"name", REQUIRED}, {NULL}};

        return read_field(place, f, parameters, error);
}

static const char *value_of(const struct filter *f, const struct filter_chain *chain)
{
        return f->variables ? filter_chain_expand(chain, f->value, false) : f->value;
}

static bool add_request(const struct filter *f, struct filter_chain *chain)
{
        headers_add(&chain->headers, f->name, value_of(f, chain));
        return true;
}

static bool set_request(const struct filter *f, struct filter_chain *chain)
{
        headers_remove(&chain->headers, f->name);
        return add_request(f, chain);
}

static bool remove_request(const struct filter *f, struct filter_chain *chain)
{
        headers_remove(&chain->headers, f->name);
        return true;
}

static void add_answer(const struct filter *f, struct filter_chain *chain)
{
        headers_add(&chain->answer, f->name, value_of(f, chain));
}

static void set_answer(const struct filter *f, struct filter_chain *chain)
{
        headers_remove(&chain->answer, f->name);
        add_answer(f, chain);
}

static void remove_answer(const struct filter *f, struct filter_chain *chain)
{
        headers_remove(&chain->answer, f->name);
}

static void name_value_show(const struct filter *f, struct text *out)
{
        filter_show_pair(f, f->name, f->value, out);
}

static void name_show(const struct filter *f, struct text *out)
{
        filter_show_pair(f, "name", f->name, out);
}

const struct filter_kind filter_header_kinds[] = {
        {"AddRequestHeader", name_value_read, add_request, NULL, name_value_show},
        {"SetRequestHeader", name_value_read, set_request, NULL, name_value_show},
        {"RemoveRequestHeader", name_read, remove_request, NULL, name_show},
        {"AddResponseHeader", name_value_read, NULL, add_answer, name_value_show},
        {"SetResponseHeader", name_value_read, NULL, set_answer, name_value_show},
        {"RemoveResponseHeader", name_read, NULL, remove_answer, name_show},
        {NULL, NULL, NULL, NULL, NULL},
};
