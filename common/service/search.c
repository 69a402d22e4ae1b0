#include "service/search.h"

#include "base/json.h"
#include "base/utf8.h"
#include "http/base_url.h"
#include "service/read.h"
#include "service/resource.h"
#include "service/respond.h"

#include <string.h>

void search_list(struct http_request *r, const struct resource *resource)
{
        const struct entity *e = resource->entity;
        const char *type = hal_type(r), *base = base_url(r);
        struct text body = text_open(r->arena, 300);

        if (!type)
                return;
        text_string(&body, "{\"_links\":{");
        for (const struct lookup *l = e->lookups; l && l->members[0]; l++)
                if (l->name)
                        text_printf(
                                &body,
                                "\"%s\":{\"href\":\"%s/%s/search/%s{?%s}\",\"templated\":true},",
                                l->name, base, e->collection, l->name, l->members[0]);
        text_string(&body, "\"self\":{\"href\":");
        json_write_string(&body, arena_printf(r->arena, "%s%s", base, r->target));
        text_string(&body, "}}}");
        http_answer_body(r, 200, type, &body);
}

/* A value that is not UTF-8 equals no text; PostgreSQL would refuse it, so it is not asked. */
static const char *text_asked(const struct http_request *r, const char *name)
{
        const char *value = http_query(r, name, 0);

        return value && utf8_is_valid(value, strlen(value)) ? value : NULL;
}

enum http_result search_find(struct http_request *r, const struct resource *resource,
                             const char *name)
{
        const char *values[LOOKUP_MEMBERS] = {NULL};
        const struct lookup *l = resource->entity->lookups;

        while (l && l->members[0] && (!l->name || strcmp(l->name, name) != 0))
                l++;
        if (!l || !l->members[0]) {
                http_answer_problem(r, 404, "there is no search %s", name);
                return HTTP_ANSWERED;
        }
        for (int i = 0; i < LOOKUP_MEMBERS && l->members[i]; i++)
                values[i] = text_asked(r, l->members[i]);
        return read_found_begin(r, resource, l, values);
}
