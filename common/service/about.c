#include "service/about.h"

#include "base/json.h"
#include "http/base_url.h"
#include "http/negotiate.h"
#include "service/hal.h"
#include "service/resource.h"
#include "service/respond.h"

#include <ctype.h>
#include <string.h>

static bool is_listed(const struct entity *e)
{
        return !e->internal && !e->unlisted;
}

void answer_root(struct http_request *r, const struct resources *all)
{
        const char *type = hal_type(r), *base = base_url(r);
        struct text body = text_open(r->arena, 300);

        if (!type)
                return;
        text_string(&body, "{\"_links\":{");
        for (int i = 0; i < all->count; i++)
                if (is_listed(all->list[i].entity))
                        text_printf(
                                &body,
                                "\"%s\":{\"href\":\"%s/%s{?page,size,sort}\",\"templated\":true},",
                                all->list[i].entity->collection, base,
                                all->list[i].entity->collection);
        text_printf(&body, "\"profile\":{\"href\":\"%s/profile\"}}}", base);
        http_answer_body(r, 200, type, &body);
}

void answer_profile(struct http_request *r, const struct resources *all)
{
        const char *type = hal_type(r), *base = base_url(r);
        struct text body = text_open(r->arena, 300);

        if (!type)
                return;
        text_printf(&body, "{\"_links\":{\"self\":{\"href\":\"%s/profile\"}", base);
        for (int i = 0; i < all->count; i++)
                if (is_listed(all->list[i].entity))
                        text_printf(&body, ",\"%s\":{\"href\":\"%s/profile/%s\"}",
                                    all->list[i].entity->collection, base,
                                    all->list[i].entity->collection);
        text_string(&body, "}}");
        http_answer_body(r, 200, type, &body);
}

/* What can be done with an entity, as ALPS names it. */
static const struct action {
        const char *verb; /* "create-": before the collection's or the item's name */
        bool of_item;
        bool writes;
        const char *type;
        bool pages;
} actions[] = {
        {"create", false, true, "UNSAFE", false},    {"get", false, false, "SAFE", true},
        {"delete", true, true, "IDEMPOTENT", false}, {"update", true, true, "IDEMPOTENT", false},
        {"get", true, false, "SAFE", false},         {"patch", true, true, "UNSAFE", false},
};

static void alps_fields(struct text *out, const struct shape *shape)
{
        const char *comma = "";

        for (const struct field *f = shape->fields; f->name; f++) {
                if (f->flags & FIELD_HIDDEN)
                        continue;
                text_printf(out, "%s{\"name\":\"%s\",\"type\":\"SEMANTIC\"}", comma, f->name);
                comma = ",";
        }
}

static void alps_action(struct text *out, const struct entity *e, const struct action *a)
{
        static const char paging[] = "{\"name\":\"page\",\"type\":\"SEMANTIC\",\"doc\":{\"format\":"
                                     "\"TEXT\",\"value\":\"The page to return.\"}},"
                                     "{\"name\":\"size\",\"type\":\"SEMANTIC\",\"doc\":{\"format\":"
                                     "\"TEXT\",\"value\":\"The size of the page to return.\"}},"
                                     "{\"name\":\"sort\",\"type\":\"SEMANTIC\",\"doc\":{\"format\":"
                                     "\"TEXT\",\"value\":\"The sorting criteria to use to "
                                     "calculate the content of the page.\"}}";
        const char *name = a->of_item ? e->item : e->collection;

        text_printf(out,
                    ",{\"id\":\"%s-%s\",\"name\":\"%s\",\"type\":\"%s\",\"descriptor\":[%s],\"rt\":"
                    "\"#%s-representation\"}",
                    a->verb, name, name, a->type, a->pages ? paging : "", e->item);
}

static void alps_searches(struct text *out, const struct entity *e)
{
        for (const struct lookup *l = e->lookups; l && l->members[0]; l++)
                if (l->name)
                        text_printf(out,
                                    ",{\"name\":\"%s\",\"type\":\"SAFE\",\"descriptor\":[{\"name\":"
                                    "\"%s\",\"type\":\"SEMANTIC\"}]}",
                                    l->name, l->members[0]);
}

static void answer_alps(struct http_request *r, const struct entity *e, const char *type)
{
        struct text body = text_open(r->arena, 2000);

        text_printf(&body,
                    "{\"alps\":{\"version\":\"1.0\",\"descriptor\":[{\"id\":\"%s-representation\","
                    "\"href\":\"%s/profile/%s\","
                    "\"descriptor\":[",
                    e->item, base_url(r), e->collection);
        alps_fields(&body, &e->shape);
        text_string(&body, "]}");
        for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
                if (!actions[i].writes || !e->read_only)
                        alps_action(&body, e, &actions[i]);
        alps_searches(&body, e);
        text_string(&body, "]}}");
        http_answer_body(r, 200, type, &body);
}

static const char *schema_type(const struct field *f)
{
        return f->type == FIELD_TEXT ? "string" : "integer";
}

/* productId: Product id */
static void text_title(struct text *out, const char *name)
{
        text_char(out, (char)toupper((unsigned char)*name));
        while (*++name) {
                if (isupper((unsigned char)*name))
                        text_char(out, ' ');
                text_char(out, (char)tolower((unsigned char)*name));
        }
}

static void answer_schema(struct http_request *r, const struct entity *e)
{
        struct text body = text_open(r->arena, 1000);
        const char *comma = "";

        text_string(&body, "{\"title\":\"");
        text_title(&body, e->item);
        text_string(&body, "\",\"properties\":{");
        for (const struct field *f = e->shape.fields; f->name; f++) {
                if (f->flags & FIELD_HIDDEN)
                        continue;
                text_printf(&body, "%s\"%s\":{\"title\":\"", comma, f->name);
                text_title(&body, f->name);
                text_printf(&body, "\",\"readOnly\":%s,\"type\":\"%s\"}",
                            e->read_only ? "true" : "false", schema_type(f));
                comma = ",";
        }
        text_string(&body, "},\"definitions\":{},\"type\":\"object\",\"$schema\":\"http://"
                           "json-schema.org/draft-04/schema#\"}");
        http_answer_body(r, 200, "application/schema+json", &body);
}

void answer_entity_profile(struct http_request *r, const struct resource *resource)
{
        static const char *const types[] = {"application/alps+json", "application/schema+json",
                                            "application/hal+json", NULL};
        const char *type = negotiate(http_header_list(r, "Accept"), types);

        if (type == types[1])
                answer_schema(r, resource->entity);
        else /* anything else gets ALPS, as in the reference */
                answer_alps(r, resource->entity, type ? type : types[0]);
}
