#include "service/admin_openapi.h"

#include "base/faults_kinds.h"
#include "service/build.h"
#include "service/document.h"
#include "service/openapi_schema.h"

#include <stdio.h>
#include <string.h>

enum { HOUR_MS = 3600000 };

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

/* ---- the members of a fault ---- */

/* Alternatives of a regular expression: whole numbers of at least so many digits up to the most,
   with the unit. */
static void add_numbers(struct text *pattern, int least_digits, int64_t most, const char *unit)
{
        char digits[20];
        int len = snprintf(digits, sizeof digits, "%lld", (long long)most);

        if (most < 1)
                return;
        if (len > least_digits)
                text_printf(pattern, "|[1-9][0-9]{%d,%d}%s", least_digits - 1, len - 2, unit);
        for (int i = 0; i < len; i++)
                if (digits[i] > (i ? '0' : '1'))
                        text_printf(pattern, "|%.*s[%d-%c][0-9]{%d}%s", i, digits, i ? 0 : 1,
                                    digits[i] - 1, len - i - 1, unit);
        text_printf(pattern, "|%s%s", digits, unit);
}

/* "250ms", "5s", "10min"; a number is seconds. */
static cJSON *duration_schema(int64_t least_ms, int64_t most_ms)
{
        struct arena *arena = arena_open();
        struct text pattern = text_open(arena, 500);
        cJSON *texts, *numbers;

        text_string(&pattern, "^(");
        add_numbers(&pattern, least_ms >= 100 ? 3 : 1, most_ms, "ms");
        add_numbers(&pattern, 1, most_ms / 1000, "s?");
        add_numbers(&pattern, 1, most_ms / 60000, "min");
        add_numbers(&pattern, 1, most_ms / HOUR_MS, "h");
        text_string(&pattern, ")$");
        memmove(pattern.at + 2, pattern.at + 3, pattern.len - 2); /* the first bar */
        texts = object_of((struct member[]){
                {"type", string_of("string")}, {"pattern", string_of(pattern.at)}, {NULL}});
        numbers = object_of(
                (struct member[]){{"type", string_of("integer")},
                                  {"minimum", cJSON_CreateNumber(1)},
                                  {"maximum", cJSON_CreateNumber((double)(most_ms / 1000))},
                                  {NULL}});
        arena_close(&arena);
        return object_of(
                (struct member[]){{"oneOf", list_of((cJSON *[]){texts, numbers, NULL})}, {NULL}});
}

static cJSON *number_schema(const char *type, double least, double above, double most)
{
        return object_of((struct member[]){
                {"type", string_of(type)},
                {"minimum", above < 0 ? cJSON_CreateNumber(least) : NULL},
                {"exclusiveMinimum", above < 0 ? NULL : cJSON_CreateNumber(above)},
                {"maximum", cJSON_CreateNumber(most)},
                {NULL},
        });
}

static cJSON *member_schema(enum fault_member member, const struct fault_row *row)
{
        switch (member) {
        case MEMBER_RATE:
                return number_schema("number", 0, 0, 1);
        case MEMBER_DELAY:
                return duration_schema(1, row->most_delay_ms);
        case MEMBER_STATUS:
                return number_schema("integer", 400, -1, 599);
        case MEMBER_CORES:
                return number_schema("number", 0, 0, 64);
        case MEMBER_SIZE:
                return number_schema("integer", 1 << 20, -1, 1 << 30);
        default:
                return openapi_ref("name");
        }
}

static const struct {
        enum fault_member member;
        const char *name;
        bool required;
} members[] = {
        {MEMBER_RATE, "rate", false},      {MEMBER_METHOD, "method", false},
        {MEMBER_PATH, "path", false},      {MEMBER_ROUTE, "routeId", false},
        {MEMBER_TYPE, "eventType", false}, {MEMBER_KEY, "key", false},
        {MEMBER_DELAY, "delay", true},     {MEMBER_STATUS, "status", true},
        {MEMBER_CORES, "cores", true},     {MEMBER_SIZE, "size", true},
};

enum { MEMBERS = sizeof members / sizeof *members };

static cJSON *kind_schema(const struct fault_row *row)
{
        cJSON *kind = object_of((struct member[]){{"const", string_of(row->name)}, {NULL}});
        cJSON *properties = object_of((struct member[]){
                {"kind", kind}, {"duration", duration_schema(100, HOUR_MS)}, {NULL}});
        cJSON *required = list_of((cJSON *[]){string_of("kind"), NULL});

        for (int i = 0; i < MEMBERS; i++) {
                if (!(row->members & members[i].member))
                        continue;
                cJSON_AddItemToObject(properties, members[i].name,
                                      member_schema(members[i].member, row));
                if (members[i].required)
                        cJSON_AddItemToArray(required, string_of(members[i].name));
        }
        return object_of((struct member[]){
                {"type", string_of("object")},
                {"description", string_of(row->about)},
                {"properties", properties},
                {"required", required},
                {"additionalProperties", cJSON_CreateFalse()},
                {NULL},
        });
}

/* One of the kinds. */
static cJSON *fault_input(uint32_t kinds)
{
        cJSON *all = cJSON_CreateArray();

        for (int kind = 0; kind < FAULT_KINDS; kind++)
                if (kinds & UINT32_C(1) << kind)
                        cJSON_AddItemToArray(all, kind_schema(&fault_rows[kind]));
        return object_of((struct member[]){{"oneOf", all}, {NULL}});
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
                {"name", object_of((struct member[]){{"type", string_of("string")},
                                                     {"minLength", cJSON_CreateNumber(1)},
                                                     {"maxLength", cJSON_CreateNumber(200)},
                                                     {NULL}})},
                {"fault-input", fault_input(kinds)},
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
