#include "service/admin.h"

#include "base/faults.h"
#include "base/json.h"
#include "base/log.h"
#include "http/negotiate.h"
#include "service/admin_guard.h"
#include "service/admin_openapi.h"
#include "service/admin_targets.h"
#include "service/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whoever says half a request is sent away soon, and some hundred of them leave room for others. */
enum { CONNECTIONS = 200, BODY = 16 << 10, MEMORY = 4 << 20, DEADLINE_MS = 2000, CLOSE_MS = 500 };

struct admin {
        struct process *process;
        struct allowance memory;
        struct http_server *server;
        char token[ADMIN_TOKEN_MOST + 1]; /* "": none is asked for */
};

const uint32_t admin_fault_kinds = 1U << FAULT_HTTP_LATENCY | 1U << FAULT_HTTP_STATUS |
                                   1U << FAULT_HTTP_RESET | 1U << FAULT_HTTP_HALF_ANSWER |
                                   1U << FAULT_NOT_READY | 1U << FAULT_NOT_ALIVE | 1U << FAULT_CPU |
                                   1U << FAULT_MEMORY;

static const char json[] = "application/json";

struct faults *admin_faults(struct process *p)
{
        struct faults_config config = {
                .kinds = admin_fault_kinds | p->daemon->fault_kinds,
                .metrics = p->metrics,
                .check = admin_check_target,
                .arg = p,
        };

        return config_is_set(p->config, "admin-port") ? faults_open(&config) : NULL;
}

/* ---- /faults ---- */

static void show_faults(struct admin *admin, struct http_request *r)
{
        struct process *p = admin->process;
        struct text body = text_open(r->arena, 4000);

        text_string(&body, "{\"service\":");
        json_write_string(&body, p->daemon->name);
        text_string(&body, ",\"pod\":");
        json_write_string(&body, p->pod);
        text_string(&body, ",\"faults\":");
        faults_write(p->faults, &body);
        text_string(&body, ",\"ended\":");
        faults_write_ended(p->faults, &body);
        text_string(&body, ",\"kinds\":");
        faults_write_kinds(p->faults, &body);
        text_char(&body, '}');
        http_answer_body(r, 200, json, &body);
}

/* The answer's body; NULL after a problem was answered. */
static const struct json *read_body(struct http_request *r)
{
        struct error error = {0};
        const struct json *body;

        if (!media_type_is(http_header(r, "Content-Type"), json)) {
                http_answer_problem(r, 415, "a fault is sent as Content-Type: application/json");
                return NULL;
        }
        body = json_read(r->arena, r->body, r->body_len, &error);
        if (body && body->type != JSON_OBJECT) {
                error_set(&error, ERROR_BAD_INPUT, "the body is %s and not an object",
                          json_type_name(body->type));
                body = NULL;
        }
        if (!body)
                http_answer_error(r, &error);
        return body;
}

static void begin_fault(struct admin *admin, struct http_request *r)
{
        struct process *p = admin->process;
        const struct json *wanted = read_body(r);
        struct text body = text_open(r->arena, 500);
        struct error error = {0};
        int64_t id;

        if (!wanted)
                return;
        id = faults_add(p->faults, wanted, &error);
        if (id && atomic_load(&p->draining)) { /* the others were ended already */
                faults_remove(p->faults, id);
                error_set(&error, ERROR_UNAVAILABLE, "%s is stopping", p->daemon->name);
                id = 0;
        }
        if (!id) {
                http_answer_error(r, &error);
                return;
        }
        if (!faults_write_one(p->faults, id, &body)) /* somebody ended it in between */
                text_printf(&body, "{\"id\":%lld}", (long long)id);
        http_answer_body(r, 201, json, &body);
        http_answer_header(r, "Location", arena_printf(r->arena, "/faults/%lld", (long long)id));
}

static void end_faults(struct admin *admin, struct http_request *r)
{
        struct text body = text_open(r->arena, 40);

        text_printf(&body, "{\"ended\":%d}", faults_clear(admin->process->faults));
        http_answer_body(r, 200, json, &body);
}

/* ---- /faults/{id} ---- */

/* 0: it is no id */
static int64_t id_of(const char *path)
{
        const char *digits = strrchr(path, '/') + 1;
        size_t len = strspn(digits, "0123456789");

        return len && len < 19 && !digits[len] && *digits != '0' ? strtoll(digits, NULL, 10) : 0;
}

static void no_fault(struct http_request *r)
{
        http_answer_problem(r, 404, "no fault %s is on; it may have ended",
                            strrchr(r->path, '/') + 1);
}

static void show_fault(struct admin *admin, struct http_request *r)
{
        struct text body = text_open(r->arena, 500);
        int64_t id = id_of(r->path);

        if (id && faults_write_one(admin->process->faults, id, &body))
                http_answer_body(r, 200, json, &body);
        else
                no_fault(r);
}

static void end_fault(struct admin *admin, struct http_request *r)
{
        struct text none = text_open(r->arena, 0);
        int64_t id = id_of(r->path);

        if (id && faults_remove(admin->process->faults, id))
                http_answer_body(r, 204, NULL, &none);
        else
                no_fault(r);
}

/* ---- all ---- */

static void show_openapi(struct admin *admin, struct http_request *r)
{
        struct process *p = admin->process;
        struct text body = text_open(r->arena, 16384);

        admin_openapi(p->daemon->name, admin_fault_kinds | p->daemon->fault_kinds, *admin->token,
                      &body);
        http_answer_body(r, 200, json, &body);
}

static const struct route {
        const char *template;
        const char *method; /* rows of one path stand together */
        void (*answer)(struct admin *, struct http_request *);
} routes[] = {
        {"/faults", "GET", show_faults},
        {"/faults", "POST", begin_fault},
        {"/faults", "DELETE", end_faults},
        {"/faults/{id}", "GET", show_fault},
        {"/faults/{id}", "DELETE", end_fault},
        {"/openapi.json", "GET", show_openapi},
        {NULL, NULL, NULL},
};

static void refuse_method(struct http_request *r, const struct route *route)
{
        const char *template = route->template;
        struct text allow = text_open(r->arena, 40);

        for (; route->template && strcmp(route->template, template) == 0; route++)
                text_printf(&allow, "%s%s%s", allow.len ? "," : "", route->method,
                            strcmp(route->method, "GET") == 0 ? ",HEAD" : "");
        http_answer_problem(r, 405, "%s is not possible here", r->method);
        http_answer_header(r, "Allow", allow.at);
}

static void dispatch(struct admin *admin, struct http_request *r)
{
        const char *method = strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
        const struct route *of_path = NULL;

        for (const struct route *route = routes; route->template; route++) {
                if (!admin_templates_meet(route->template, r->path))
                        continue;
                of_path = of_path ? of_path : route;
                r->uri_template = route->template;
                if (strcmp(route->method, method) == 0) {
                        route->answer(admin, r);
                        return;
                }
        }
        if (of_path)
                refuse_method(r, of_path);
        else
                http_answer_problem(r, 404, "only /faults and /openapi.json are here");
}

static enum http_result handle(struct http_request *r, void *arg)
{
        struct admin *admin = arg;

        r->untraced = true;
        if (admin_may_ask(r, admin->token))
                dispatch(admin, r);
        http_answer_header(r, "Cache-Control", "no-store");
        return HTTP_ANSWERED;
}

static void tell(struct admin *admin, const char *address)
{
        char place[300];

        snprintf(place, sizeof place, "%s:%d", address, admin_port(admin));
        log_write(LOG_INFO, "faults can be switched on here", "server.address", place, NULL);
        if (!*admin->token && !admin_address_is_loopback(address))
                log_write(LOG_WARN,
                          "whoever reaches the admin port can make this daemon fail: it is open "
                          "beyond this machine and MALL_ADMIN_TOKEN_FILE is not set",
                          "server.address", place, NULL);
}

struct admin *admin_open(struct process *p, struct error *error)
{
        struct admin *admin = memory_alloc(sizeof *admin);
        const char *file = config_text(p->config, "admin-token-file");
        struct http_config http = {
                .address = config_text(p->config, "admin-address"),
                .port = (int)config_number(p->config, "admin-port"),
                .threads = 1,
                .max_body = BODY,
                .max_target = 1024,
                .max_header = 8192,
                .max_fields = 50,
                .memory = &admin->memory,
                .header_ms = DEADLINE_MS,
                .body_ms = DEADLINE_MS,
                .max_connections = CONNECTIONS,
                .trusted_proxies = "none",
                .pod = p->pod,
                .version = build_version,
                .handler = {handle, NULL, admin, NULL},
        };

        admin->process = p;
        admin->memory.most = MEMORY;
        if (!file || admin_token_read(file, admin->token, error))
                admin->server = http_server_open(&http, error);
        if (!admin->server) {
                free(admin);
                return NULL;
        }
        tell(admin, http.address);
        return admin;
}

void admin_close(struct admin **admin)
{
        struct admin *a = *admin;

        *admin = NULL;
        /* A request that did not end still uses it. */
        if (a && http_server_close(&a->server, CLOSE_MS) == 0)
                free(a);
}

int admin_port(const struct admin *admin)
{
        return http_server_port(admin->server);
}
