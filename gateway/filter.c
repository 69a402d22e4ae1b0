#include "gateway/filter.h"

#include <stdlib.h>
#include <string.h>

static bool strip_prefix_read(struct arena *arena, struct filter *f, struct error *error)
{
        static const char *const names[] = {"parts", NULL};
        const char *value = "1";
        char *end;

        (void)arena;
        if (f->definition.count && !definition_values(&f->definition, names, &value, error))
                return false;
        f->number = (int)strtol(value, &end, 10);
        if (*end || end == value || f->number < 1 || f->number > 100)
                return tree_error(f->definition.at, error, "StripPrefix wants a number from 1 to 100, not %s", value);
        return true;
}

static void strip_prefix_apply(const struct filter *f, struct outgoing *request)
{
        const char *p = request->path;

        for (int i = 0; i < f->number && *p; i++) {
                p += strspn(p, "/");
                p += strcspn(p, "/");
        }
        request->path = *p ? p : "/";
}

static void strip_prefix_show(const struct filter *f, struct text *out)
{
        text_printf(out, "StripPrefix parts = %d", f->number);
}

static bool is_field_text(const char *text, bool name)
{
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == 0x7f || (name && strchr(" :,;\"()<>@\\/[]?={}", *text)))
                        return false;
        return true;
}

static bool add_request_header_read(struct arena *arena, struct filter *f, struct error *error)
{
        static const char *const names[] = {"name", "value", NULL};
        const char *values[2];

        (void)arena;
        if (!definition_values(&f->definition, names, values, error))
                return false;
        f->name = values[0];
        f->value = values[1];
        if (!*f->name || !is_field_text(f->name, true) || !is_field_text(f->value, false))
                return tree_error(f->definition.at, error, "AddRequestHeader: %s is no header field", f->name);
        return true;
}

static void add_request_header_apply(const struct filter *f, struct outgoing *request)
{
        headers_add(&request->headers, f->name, f->value);
}

static void add_request_header_show(const struct filter *f, struct text *out)
{
        text_printf(out, "AddRequestHeader %s = '%s'", f->name, f->value);
}

static const struct filter_kind kinds[] = {
        { "StripPrefix",      strip_prefix_read,       strip_prefix_apply,       strip_prefix_show },
        { "AddRequestHeader", add_request_header_read, add_request_header_apply, add_request_header_show },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

bool filter_read(struct arena *arena, const struct tree *at, struct filter *f, struct error *error)
{
        const char *names[KINDS + 1] = {NULL};

        if (!definition_read(arena, at, &f->definition, error))
                return false;
        for (size_t i = 0; i < KINDS; i++) {
                names[i] = kinds[i].name;
                if (strcmp(kinds[i].name, f->definition.name) == 0) {
                        f->kind = &kinds[i];
                        return f->kind->read(arena, f, error);
                }
        }
        return definition_unknown(&f->definition, "filter", names, error);
}
