/* OpenAPI 3.1 of a service, from its field tables. */
#include "base/json.h"
#include "http/base_url.h"
#include "service/about.h"
#include "service/build.h"
#include "service/hal.h"
#include "service/openapi_schema.h"
#include "service/resource.h"

#include <string.h>

enum operation {
        LIST = 1,
        SHOW = 2,
        SEARCH = 4,
        CREATE = 8,
        CREATE_PLAIN = 16,
        CHANGE = 32,
        REMOVE = 64
};

/* What each operation may be refused with. */
static const struct {
        const char *status, *what;
        int operations;
} problems[] = {
        {"400", "the request is malformed", LIST | SHOW | SEARCH | REMOVE},
        {"400", "the body is not JSON, or a member has the wrong type",
         CREATE | CREATE_PLAIN | CHANGE},
        {"404", "not there", SHOW | SEARCH | CHANGE | REMOVE},
        {"406", "no acceptable media type", LIST | SHOW | SEARCH | CREATE | CREATE_PLAIN | CHANGE},
        {"409", "the first request with this Idempotency-Key is in progress",
         CREATE | CREATE_PLAIN},
        {"409", "the JSON Patch does not fit the row as it is", CHANGE},
        {"412", "If-Match does not hold", CHANGE | REMOVE},
        {"413", "the body is too large", CREATE | CREATE_PLAIN | CHANGE},
        {"415", "the body is not JSON by its Content-Type", CREATE | CREATE_PLAIN | CHANGE},
        {"422", "the Idempotency-Key came with another body", CREATE | CREATE_PLAIN},
};

static void problem_answers(struct text *out, enum operation operation)
{
        for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
                if (problems[i].operations & operation)
                        text_printf(out,
                                    ",\"%s\":{\"description\":\"%s\",\"content\":{\"application/"
                                    "problem+json\":{\"schema\":{"
                                    "\"$ref\":\"#/components/schemas/problem\"}}}}",
                                    problems[i].status, problems[i].what);
}

static void item_answer(struct text *out, const struct entity *e, const char *status,
                        const char *what)
{
        text_printf(out,
                    "\"%s\":{\"description\":\"%s\",\"content\":{\"application/"
                    "hal+json\":{\"schema\":{\"$ref\":"
                    "\"#/components/schemas/%s\"}},\"application/json\":{\"schema\":{\"$ref\":\"#/"
                    "components/schemas/%s\"}}}}",
                    status, what, e->item, e->item);
}

static void request_body(struct text *out, const struct entity *e, const char *const *types)
{
        text_string(out, "\"requestBody\":{\"required\":true,\"content\":{");
        for (int i = 0; types[i]; i++)
                text_printf(out, "%s\"%s\":{\"schema\":{\"$ref\":\"#/components/schemas/%s-%s\"}}",
                            i ? "," : "", types[i], e->item,
                            strstr(types[i], "json-patch") ? "patch" : "input");
        text_string(out, "}},");
}

static void get_collection(struct text *out, const struct entity *e)
{
        text_printf(
                out,
                "\"get\":{\"operationId\":\"get-%s\",\"parameters\":["
                "{\"name\":\"page\",\"in\":\"query\",\"schema\":{\"$ref\":\"#/components/schemas/"
                "text\"}},"
                "{\"name\":\"size\",\"in\":\"query\",\"schema\":{\"$ref\":\"#/components/schemas/"
                "text\"}},"
                "{\"name\":\"sort\",\"in\":\"query\",\"schema\":{\"type\":\"array\",\"items\":"
                "{\"$ref\":\"#/components/schemas/text\"}}}],"
                "\"responses\":{\"200\":{\"description\":\"a "
                "page\",\"content\":{\"application/hal+json\":{\"schema\":"
                "{\"type\":\"object\"}},\"application/json\":{\"schema\":{\"type\":\"object\"}}}}",
                e->collection);
        problem_answers(out, LIST);
        text_string(out, "}}");
}

static void post(struct text *out, const struct entity *e, const char *name)
{
        static const char *const types[] = {"application/json", NULL};

        text_printf(out,
                    "\"post\":{\"operationId\":\"%s-%s\",\"parameters\":[{\"name\":\"Idempotency-"
                    "Key\",\"in\":\"header\","
                    "\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":255,\"pattern\":"
                    "\"^[!-~]+$\"}}],",
                    name, e->collection);
        request_body(out, e, types);
        text_string(out, "\"responses\":{");
}

static void post_collection(struct text *out, const struct entity *e)
{
        text_char(out, ',');
        post(out, e, "create");
        item_answer(out, e, "201", "created");
        problem_answers(out, CREATE);
        text_string(out, "}}");
}

static void plain_path(struct text *out, const struct entity *e)
{
        text_printf(out, ",\"/%s/%s\":{", e->collection, e->plain_post);
        post(out, e, "create-plain");
        text_printf(out,
                    "\"200\":{\"description\":\"created; the row "
                    "alone\",\"content\":{\"application/json\":{\"schema\":"
                    "{\"$ref\":\"#/components/schemas/%s\"}}}}",
                    e->item);
        problem_answers(out, CREATE_PLAIN);
        text_string(out, "}}}");
}

static void change_item(struct text *out, const struct entity *e, const char *method,
                        const char *verb, bool creates)
{
        static const char *const types[] = {"application/json", NULL};
        static const char *const patch_types[] = {"application/json",
                                                  "application/merge-patch+json",
                                                  "application/json-patch+json", NULL};

        text_printf(out, ",\"%s\":{\"operationId\":\"%s-%s\",", method, verb, e->item);
        request_body(out, e, creates ? types : patch_types);
        text_string(out, "\"responses\":{");
        item_answer(out, e, "200", "changed");
        if (creates) {
                text_char(out, ',');
                item_answer(out, e, "201", "created with a new id");
        }
        text_string(out, ",\"204\":{\"description\":\"changed; no Accept header\"}");
        problem_answers(out, CHANGE);
        text_string(out, "}}");
}

static void get_and_delete_item(struct text *out, const struct entity *e)
{
        text_printf(out, "\"get\":{\"operationId\":\"get-%s\",\"responses\":{", e->item);
        item_answer(out, e, "200", "the item");
        text_string(out, ",\"304\":{\"description\":\"unchanged since the ETag\"}");
        problem_answers(out, SHOW);
        text_string(out, "}}");
        if (e->read_only)
                return;
        text_printf(out,
                    ",\"delete\":{\"operationId\":\"delete-%s\",\"responses\":{\"204\":{"
                    "\"description\":\"gone\"}",
                    e->item);
        problem_answers(out, REMOVE);
        text_string(out, "}}");
}

static void searches_path(struct text *out, const struct entity *e)
{
        text_printf(
                out,
                ",\"/%s/"
                "search\":{\"get\":{\"operationId\":\"searches-of-%s\",\"responses\":{\"200\":{"
                "\"description\":\"the searches\","
                "\"content\":{\"application/"
                "hal+json\":{\"schema\":{\"type\":\"object\"}},\"application/json\":{\"schema\":"
                "{\"type\":\"object\"}}}}",
                e->collection, e->collection);
        problem_answers(out, LIST);
        text_string(out, "}}}");
}

static void search_path(struct text *out, const struct entity *e, const struct lookup *l)
{
        text_printf(out,
                    ",\"/%s/search/"
                    "%s\":{\"get\":{\"operationId\":\"%s\",\"parameters\":[{\"name\":\"%s\",\"in\":"
                    "\"query\","
                    "\"schema\":{\"$ref\":\"#/components/schemas/text\"}}],\"responses\":{",
                    e->collection, l->name, l->name, l->members[0]);
        item_answer(out, e, "200", "the item with the lowest id");
        problem_answers(out, SEARCH);
        text_string(out, "}}}");
}

static void paths_of(struct text *out, const struct entity *e)
{
        text_printf(out, "\"/%s\":{", e->collection);
        get_collection(out, e);
        if (!e->read_only)
                post_collection(out, e);
        text_printf(out,
                    "},\"/%s/"
                    "{id}\":{\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,"
                    "\"schema\":{\"type\":"
                    "\"integer\",\"format\":\"int64\",\"minimum\":1}}],",
                    e->collection);
        get_and_delete_item(out, e);
        if (!e->read_only) {
                change_item(out, e, "put", "update", true);
                change_item(out, e, "patch", "patch", false);
        }
        text_char(out, '}');
        if (e->plain_post)
                plain_path(out, e);
        if (entity_has_search(e))
                searches_path(out, e);
        for (const struct lookup *l = e->lookups; l && l->members[0]; l++)
                if (l->name)
                        search_path(out, e, l);
}

void answer_openapi(struct http_request *r, const struct resources *all)
{
        struct text out = text_open(r->arena, 8192);

        text_string(&out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":");
        json_write_string(&out, all->service);
        text_string(&out, ",\"description\":");
        json_write_string(&out, all->summary);
        text_printf(&out, ",\"version\":\"%s\"},\"servers\":[{\"url\":\"%s\"}],\"paths\":{",
                    build_version, base_url(r));
        for (int i = 0; i < all->count; i++) {
                if (i)
                        text_char(&out, ',');
                paths_of(&out, all->list[i].entity);
        }
        text_string(&out, "},\"components\":{\"schemas\":{");
        for (int i = 0; i < all->count; i++)
                openapi_schemas_of(&out, all->list[i].entity, all->config);
        openapi_shared_schemas(&out);
        text_string(&out, "}}}");
        http_answer_body(r, 200, "application/json", &out);
}
