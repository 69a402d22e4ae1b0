#include "service/admin_openapi.h"

#include "service/admin_schema.h"
#include "service/build.h"
#include "service/document.h"
#include "service/openapi_schema.h"

static cJSON *type_of(const char *name)
{
        return object_of((struct member[]){{"type", string_of(name)}, {NULL}});
}

static cJSON *content(const char *type, cJSON *schema)
{
        cJSON *of_type = object_of((struct member[]){{"schema", schema}, {NULL}});

        return object_of((struct member[]){{type, of_type}, {NULL}});
}

static cJSON *answer(const char *what, cJSON *content)
{
        return object_of(
                (struct member[]){{"description", string_of(what)}, {"content", content}, {NULL}});
}

/* ---- the answers ---- */

static cJSON *fault_schema(void)
{
        return object_of((struct member[]){
                {"type", string_of("object")},
                {"properties", object_of((struct member[]){
                                       {"id", type_of("integer")},
                                       {"kind", type_of("string")},
                                       {"rate", type_of("number")},
                                       {"begunAt", type_of("string")},
                                       {"endsAt", type_of("string")},
                                       {"injected", type_of("integer")},
                                       {"warning", type_of("string")},
                                       {NULL},
                               })},
                {"required", list_of((cJSON *[]){string_of("id"), string_of("kind"), NULL})},
                {NULL},
        });
}

static cJSON *objects(cJSON *items)
{
        return object_of((struct member[]){{"type", string_of("array")}, {"items", items}, {NULL}});
}

static cJSON *faults_schema(void)
{
        return object_of((struct member[]){
                {"type", string_of("object")},
                {"properties", object_of((struct member[]){
                                       {"service", type_of("string")},
                                       {"pod", type_of("string")},
                                       {"faults", objects(openapi_ref("fault"))},
                                       {"ended", objects(type_of("object"))},
                                       {"kinds", objects(type_of("object"))},
                                       {NULL},
                               })},
                {"required",
                 list_of((cJSON *[]){string_of("service"), string_of("pod"), string_of("faults"),
                                     string_of("ended"), string_of("kinds"), NULL})},
                {NULL},
        });
}

static cJSON *ended_schema(void)
{
        return object_of((struct member[]){
                {"type", string_of("object")},
                {"properties", object_of((struct member[]){{"ended", type_of("integer")}, {NULL}})},
                {"required", list_of((cJSON *[]){string_of("ended"), NULL})},
                {NULL},
        });
}

static cJSON *problem_answer(const char *what)
{
        return answer(what, content("application/problem+json", openapi_ref("problem")));
}

static void add_common_answers(cJSON *answers, bool token)
{
        cJSON_AddItemToObject(answers, "403", problem_answer("a page in a browser asks"));
        if (token)
                cJSON_AddItemToObject(answers, "401", problem_answer("no token, or another"));
}

/* answers ends with a NULL name; body NULL: none. */
static cJSON *operation(const char *id, cJSON *body, const struct member *answers, bool token)
{
        cJSON *all = object_of(answers);

        add_common_answers(all, token);
        return object_of((struct member[]){
                {"operationId", string_of(id)},
                {"requestBody", body},
                {"responses", all},
                {NULL},
        });
}

/* ---- the operations ---- */

static cJSON *json_answer(const char *what, const char *schema)
{
        return answer(what, content("application/json", openapi_ref("%s", schema)));
}

static cJSON *begin_operation(bool token)
{
        cJSON *body = object_of((struct member[]){
                {"required", cJSON_CreateTrue()},
                {"content", content("application/json", openapi_ref("fault-input"))},
                {NULL},
        });

        return operation("begin-fault", body,
                         (struct member[]){
                                 {"201", json_answer("it is on", "fault")},
                                 {"400", problem_answer("a member is wrong")},
                                 {"409", problem_answer("too many are on")},
                                 {"413", problem_answer("the body is too large")},
                                 {"415", problem_answer("the body is not application/json")},
                                 {"503", problem_answer("the daemon is stopping")},
                                 {NULL},
                         },
                         token);
}

static cJSON *on_faults(bool token)
{
        struct member show[] = {{"200", json_answer("what is on", "faults")}, {NULL}};
        struct member end[] = {{"200", json_answer("how many ended", "ended")}, {NULL}};

        return object_of((struct member[]){
                {"get", operation("get-faults", NULL, show, token)},
                {"post", begin_operation(token)},
                {"delete", operation("end-faults", NULL, end, token)},
                {NULL},
        });
}

static cJSON *id_parameter(void)
{
        return object_of((struct member[]){
                {"name", string_of("id")},
                {"in", string_of("path")},
                {"required", cJSON_CreateTrue()},
                {"schema", type_of("string")},
                {NULL},
        });
}

static cJSON *on_fault(bool token)
{
        struct member show[] = {{"200", json_answer("the fault", "fault")},
                                {"404", problem_answer("no such fault is on")},
                                {NULL}};
        struct member end[] = {{"204", answer("it ended", NULL)},
                               {"404", problem_answer("no such fault is on")},
                               {NULL}};

        return object_of((struct member[]){
                {"parameters", list_of((cJSON *[]){id_parameter(), NULL})},
                {"get", operation("get-fault", NULL, show, token)},
                {"delete", operation("end-fault", NULL, end, token)},
                {NULL},
        });
}

static cJSON *components(uint32_t kinds, bool token)
{
        cJSON *schemas = object_of((struct member[]){
                {"fault-input", admin_fault_schema(kinds)},
                {"fault", fault_schema()},
                {"faults", faults_schema()},
                {"ended", ended_schema()},
                {NULL},
        });
        cJSON *bearer = object_of((struct member[]){
                {"type", string_of("http")}, {"scheme", string_of("bearer")}, {NULL}});
        cJSON *schemes = object_of((struct member[]){{"token", bearer}, {NULL}});

        openapi_add_shared_schemas(schemas);
        if (!token) {
                cJSON_Delete(schemes);
                schemes = NULL;
        }
        return object_of(
                (struct member[]){{"schemas", schemas}, {"securitySchemes", schemes}, {NULL}});
}

static cJSON *info_of(const char *daemon)
{
        return object_of((struct member[]){
                {"title", string_from("%s: faults", daemon)},
                {"description", string_of("failures to practise with, switched on and off")},
                {"version", string_of(build_version)},
                {NULL},
        });
}

static cJSON *security(void)
{
        cJSON *token = object_of((struct member[]){{"token", cJSON_CreateArray()}, {NULL}});

        return list_of((cJSON *[]){token, NULL});
}

void admin_openapi(const char *daemon, uint32_t kinds, bool token, struct text *out)
{
        cJSON *document = object_of((struct member[]){
                {"openapi", string_of("3.1.0")},
                {"info", info_of(daemon)},
                {"servers",
                 list_of((cJSON *[]){object_of((struct member[]){{"url", string_of("/")}, {NULL}}),
                                     NULL})},
                {"security", token ? security() : NULL},
                {"paths", object_of((struct member[]){
                                  {"/faults", on_faults(token)},
                                  {"/faults/{id}", on_fault(token)},
                                  {NULL},
                          })},
                {"components", components(kinds, token)},
                {NULL},
        });
        char *text = cJSON_PrintUnformatted(document);

        text_string(out, text);
        cJSON_free(text);
        cJSON_Delete(document);
}
