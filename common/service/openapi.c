/* OpenAPI 3.1 of a service, from its field tables. */
#include "http/base_url.h"
#include "service/about.h"
#include "service/build.h"
#include "service/document.h"
#include "service/hal.h"
#include "service/openapi_schema.h"
#include "service/resource.h"

#include <stdio.h>
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
        {"409", "the row as it is does not allow that: a JSON Patch, or its status", CHANGE},
        {"412", "If-Match does not hold", CHANGE | REMOVE},
        {"413", "the body is too large", CREATE | CREATE_PLAIN | CHANGE},
        {"415", "the body is not JSON by its Content-Type", CREATE | CREATE_PLAIN | CHANGE},
        {"422", "the Idempotency-Key came with another body", CREATE | CREATE_PLAIN},
};

static const char *const hal_types[] = {"application/hal+json", "application/json", NULL};
static const char *const json_types[] = {"application/json", NULL};
static const char *const patch_types[] = {"application/json", "application/merge-patch+json",
                                          "application/json-patch+json", NULL};
static const char *const problem_types[] = {"application/problem+json", NULL};

/* {"type": NAME} */
static cJSON *type_of(const char *name)
{
        return object_of((struct member[]){{"type", string_of(name)}, {NULL}});
}

/* The schema under each of the media types. */
static cJSON *content(const char *const *types, cJSON *schema)
{
        cJSON *content = cJSON_CreateObject();

        for (; *types; types++)
                cJSON_AddItemToObject(content, *types,
                                      object_of((struct member[]){
                                              {"schema", cJSON_Duplicate(schema, true)}, {NULL}}));
        cJSON_Delete(schema);
        return content;
}

/* content is NULL: it has no body. */
static void add_answer(cJSON *answers, const char *status, const char *what, cJSON *content)
{
        cJSON_AddItemToObject(answers, status,
                              object_of((struct member[]){
                                      {"description", string_of(what)},
                                      {"content", content},
                                      {NULL},
                              }));
}

static void add_item_answer(cJSON *answers, const struct entity *e, const char *status,
                            const char *what)
{
        add_answer(answers, status, what, content(hal_types, openapi_ref("%s", e->item)));
}

/* The last answers of each operation. */
static void add_problems(cJSON *answers, enum operation operation)
{
        for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
                if (problems[i].operations & operation)
                        add_answer(answers, problems[i].status, problems[i].what,
                                   content(problem_types, openapi_ref("problem")));
}

static cJSON *request_body(const struct entity *e, const char *const *types)
{
        cJSON *content = cJSON_CreateObject();

        for (; *types; types++)
                cJSON_AddItemToObject(
                        content, *types,
                        object_of((struct member[]){
                                {"schema",
                                 openapi_ref("%s-%s", e->item,
                                             strstr(*types, "json-patch") ? "patch" : "input")},
                                {NULL},
                        }));
        return object_of((struct member[]){
                {"required", cJSON_CreateTrue()},
                {"content", content},
                {NULL},
        });
}

static cJSON *query(const char *name, cJSON *schema)
{
        return object_of((struct member[]){
                {"name", string_of(name)},
                {"in", string_of("query")},
                {"schema", schema},
                {NULL},
        });
}

static cJSON *texts(void)
{
        return object_of((struct member[]){
                {"type", string_of("array")},
                {"items", openapi_ref("text")},
                {NULL},
        });
}

static cJSON *get_collection(const struct entity *e)
{
        cJSON *answers = cJSON_CreateObject();

        add_answer(answers, "200", "a page", content(hal_types, type_of("object")));
        add_problems(answers, LIST);
        return object_of((struct member[]){
                {"operationId", string_from("get-%s", e->collection)},
                {"parameters", list_of((cJSON *[]){query("page", openapi_ref("text")),
                                                   query("size", openapi_ref("text")),
                                                   query("sort", texts()), NULL})},
                {"responses", answers},
                {NULL},
        });
}

static cJSON *idempotency_key(void)
{
        return object_of((struct member[]){
                {"name", string_of("Idempotency-Key")},
                {"in", string_of("header")},
                {"schema", object_of((struct member[]){
                                   {"type", string_of("string")},
                                   {"minLength", cJSON_CreateNumber(1)},
                                   {"maxLength", cJSON_CreateNumber(255)},
                                   {"pattern", string_of("^[!-~]+$")},
                                   {NULL},
                           })},
                {NULL},
        });
}

static cJSON *post(const struct entity *e, const char *verb, cJSON *answers)
{
        return object_of((struct member[]){
                {"operationId", string_from("%s-%s", verb, e->collection)},
                {"parameters", list_of((cJSON *[]){idempotency_key(), NULL})},
                {"requestBody", request_body(e, json_types)},
                {"responses", answers},
                {NULL},
        });
}

static cJSON *post_collection(const struct entity *e)
{
        cJSON *answers = cJSON_CreateObject();

        add_item_answer(answers, e, "201", "created");
        add_problems(answers, CREATE);
        return post(e, "create", answers);
}

static cJSON *post_plain(const struct entity *e)
{
        cJSON *answers = cJSON_CreateObject();

        add_answer(answers, "200", "created; the row alone",
                   content(json_types, openapi_ref("%s", e->item)));
        add_problems(answers, CREATE_PLAIN);
        return post(e, "create-plain", answers);
}

static cJSON *get_item(const struct entity *e)
{
        cJSON *answers = cJSON_CreateObject();

        add_item_answer(answers, e, "200", "the item");
        add_answer(answers, "304", "unchanged since the ETag", NULL);
        add_problems(answers, SHOW);
        return object_of((struct member[]){
                {"operationId", string_from("get-%s", e->item)},
                {"responses", answers},
                {NULL},
        });
}

static cJSON *delete_item(const struct entity *e)
{
        cJSON *answers = cJSON_CreateObject();

        add_answer(answers, "204", "gone", NULL);
        add_problems(answers, REMOVE);
        return object_of((struct member[]){
                {"operationId", string_from("delete-%s", e->item)},
                {"responses", answers},
                {NULL},
        });
}

static cJSON *change_item(const struct entity *e, const char *verb, bool creates)
{
        cJSON *answers = cJSON_CreateObject();

        add_item_answer(answers, e, "200", "changed");
        if (creates)
                add_item_answer(answers, e, "201", "created with a new id");
        add_answer(answers, "204", "changed; no Accept header", NULL);
        add_problems(answers, CHANGE);
        return object_of((struct member[]){
                {"operationId", string_from("%s-%s", verb, e->item)},
                {"requestBody", request_body(e, creates ? json_types : patch_types)},
                {"responses", answers},
                {NULL},
        });
}

static cJSON *get_searches(const struct entity *e)
{
        cJSON *answers = cJSON_CreateObject();

        add_answer(answers, "200", "the searches", content(hal_types, type_of("object")));
        add_problems(answers, LIST);
        return object_of((struct member[]){
                {"operationId", string_from("searches-of-%s", e->collection)},
                {"responses", answers},
                {NULL},
        });
}

static cJSON *get_found(const struct entity *e, const struct lookup *l)
{
        cJSON *answers = cJSON_CreateObject();

        add_item_answer(answers, e, "200", "the item with the lowest id");
        add_problems(answers, SEARCH);
        return object_of((struct member[]){
                {"operationId", string_of(l->name)},
                {"parameters",
                 list_of((cJSON *[]){query(l->members[0], openapi_ref("text")), NULL})},
                {"responses", answers},
                {NULL},
        });
}

static cJSON *id_in_path(void)
{
        return object_of((struct member[]){
                {"name", string_of("id")},
                {"in", string_of("path")},
                {"required", cJSON_CreateTrue()},
                {"schema", object_of((struct member[]){
                                   {"type", string_of("integer")},
                                   {"format", string_of("int64")},
                                   {"minimum", cJSON_CreateNumber(1)},
                                   {NULL},
                           })},
                {NULL},
        });
}

static cJSON *on_collection(const struct entity *e)
{
        return object_of((struct member[]){
                {"get", get_collection(e)},
                {"post", e->read_only ? NULL : post_collection(e)},
                {NULL},
        });
}

static cJSON *on_item(const struct entity *e)
{
        return object_of((struct member[]){
                {"parameters", list_of((cJSON *[]){id_in_path(), NULL})},
                {"get", get_item(e)},
                {"delete", e->read_only ? NULL : delete_item(e)},
                {"put", e->read_only ? NULL : change_item(e, "update", true)},
                {"patch", e->read_only ? NULL : change_item(e, "patch", false)},
                {NULL},
        });
}

/* One operation. */
static cJSON *on(const char *method, cJSON *operation)
{
        return object_of((struct member[]){{method, operation}, {NULL}});
}

static void add_paths(cJSON *paths, const struct resource *r)
{
        const struct entity *e = r->entity;
        char found[200];

        cJSON_AddItemToObject(paths, r->collection, on_collection(e));
        cJSON_AddItemToObject(paths, r->item, on_item(e));
        if (e->plain_post)
                cJSON_AddItemToObject(paths, r->plain, on("post", post_plain(e)));
        if (entity_has_search(e))
                cJSON_AddItemToObject(paths, r->search, on("get", get_searches(e)));
        for (const struct lookup *l = e->lookups; l && l->members[0]; l++) {
                if (!l->name)
                        continue;
                snprintf(found, sizeof found, "%s/%s", r->search, l->name);
                cJSON_AddItemToObject(paths, found, on("get", get_found(e, l)));
        }
}

static cJSON *document_of(const struct resources *all, const char *base)
{
        cJSON *paths = cJSON_CreateObject(), *schemas = cJSON_CreateObject();

        for (int i = 0; i < all->count; i++) {
                add_paths(paths, &all->list[i]);
                openapi_add_schemas(schemas, all->list[i].entity, all->config);
        }
        openapi_add_shared_schemas(schemas);
        return object_of((struct member[]){
                {"openapi", string_of("3.1.0")},
                {"info", object_of((struct member[]){
                                 {"title", string_of(all->service)},
                                 {"description", string_of(all->summary)},
                                 {"version", string_of(build_version)},
                                 {NULL},
                         })},
                {"servers",
                 list_of((cJSON *[]){object_of((struct member[]){{"url", string_of(base)}, {NULL}}),
                                     NULL})},
                {"paths", paths},
                {"components", object_of((struct member[]){{"schemas", schemas}, {NULL}})},
                {NULL},
        });
}

void answer_openapi(struct http_request *r, const struct resources *all)
{
        struct text out = text_open(r->arena, 16384);
        cJSON *document = document_of(all, base_url(r));
        char *text = cJSON_PrintUnformatted(document);

        text_string(&out, text);
        cJSON_free(text);
        cJSON_Delete(document);
        http_answer_body(r, 200, "application/json", &out);
}
