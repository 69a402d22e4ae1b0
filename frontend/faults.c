/* faults - what is broken on purpose, and the switches for it. Where they are not allowed, nobody
   is asked and nothing is switched. */
#include "frontend/console.h"
#include "http/host_names.h"
#include "http/negotiate.h"
#include "http/origin.h"

#include <string.h>

enum { ASK_MS = 2000, FAULT_MOST = 4096 };

static const char collection[] = "/faults/";

/* ---- its life ---- */

static void make(void *console, struct text *out)
{
        struct console *c = console;

        text_string(out, "{\"allowed\":true,");
        fault_desk_list(c->admin, out);
        text_char(out, '}');
}

bool switches_open(struct process *p, struct error *error)
{
        struct console *c = p->own;
        struct fresh_config list = {.name = "faults",
                                    .every_ms = 1000,
                                    .linger_ms = 3000,
                                    .wait = true,
                                    .first = "{}",
                                    .make = make,
                                    .arg = c};
        const char *token = config_text(p->config, "admin-token-file");

        c->may_break = strcmp(config_text(p->config, "console-faults"), "on") == 0;
        c->admin =
                admin_places_open(config_text(p->config, "admin-services"), token, ASK_MS, error);
        if (!c->admin)
                return false;
        c->faults = fresh_open(&list);
        return true;
}

void switches_close(struct process *p)
{
        struct console *c = p->own;

        fresh_close(&c->faults);
        admin_places_close(&c->admin);
}

/* ---- who may switch ---- */

/* A browser sends one of these with whatever changes something, and a page cannot forge them. */
static bool is_of_browser(const struct http_request *r)
{
        return http_has_header(r, "Origin") || http_has_header(r, "Sec-Fetch-Site");
}

static bool name_is_safe(const struct console *c, const struct http_request *r)
{
        const char *host = origin_asked(r),
                   *hosts = config_text(c->process->config, "console-hosts");

        return !is_of_browser(r) || host_is_nobodys(host) ||
               host_is_listed(host, hosts ? hosts : "");
}

bool change_is_allowed(const struct console *c, struct http_request *r, size_t most)
{
        bool has_body = strcmp(r->method, "POST") == 0;
        const char *type = http_header(r, "Content-Type");

        if (!c->may_break)
                http_answer_problem(r, 403,
                                    "this console changes nothing: that takes "
                                    "MALL_CONSOLE_FAULTS=on");
        else if (!origin_is_own(r))
                http_answer_problem(r, 403, "a page of %s changes nothing here",
                                    http_header(r, "Origin"));
        else if (!name_is_safe(c, r))
                http_answer_problem(r, 403,
                                    "a browser changes nothing by the name %s, which anybody may "
                                    "make lead here, unless MALL_CONSOLE_HOSTS names it",
                                    origin_asked(r));
        else if (has_body && (!media_type_is_json(type) || !media_type_is_utf8(type)))
                http_answer_problem(r, 415, "the body must be application/json in UTF-8, not %s",
                                    *type ? type : "of no type");
        else if (r->body_len > most)
                http_answer_problem(r, 413, "at most %zu bytes", most);
        else
                return true;
        return false;
}

/* ---- /faults ---- */

static enum http_result answer_none(struct http_request *r)
{
        struct text body = text_open(r->arena, 50);

        text_string(&body, "{\"allowed\":false,\"services\":[]}");
        http_answer_body(r, 200, "application/json", &body);
        http_answer_header(r, "Cache-Control", "no-store");
        return HTTP_ANSWERED;
}

/* The order comes first: fault_desk knows nothing else of it. */
struct switching {
        struct fault_order order;
        struct console *console;
};

/* Whoever asks next must not be shown what was there before. */
static void begin_fault(struct errand *e)
{
        struct switching *s = e->arg;

        fault_desk_begin(e);
        fresh_hurry(s->console->faults);
}

static void end_faults(struct errand *e)
{
        struct switching *s = e->arg;

        fault_desk_end(e);
        fresh_hurry(s->console->faults);
}

/* The texts of the order are the errand's own: it may outlive the client. */
static enum http_result give_order(struct console *c, struct http_request *r,
                                   void (*run)(struct errand *errand), const char *service,
                                   const char *id)
{
        struct errand *e = errand_new(run);
        struct switching *s = arena_alloc(e->arena, sizeof *s);

        s->console = c;
        s->order = (struct fault_order){
                .places = c->admin,
                .client = arena_string(e->arena, r->client),
                .service = arena_string(e->arena, service),
                .fault = run == begin_fault ? arena_copy(e->arena, r->body, r->body_len) : NULL,
                .fault_len = r->body_len,
                .id = arena_string(e->arena, id),
                .pod = arena_string(e->arena, http_query(r, "pod", 0)),
        };
        e->arg = s;
        return errand_begin(c->errands, e, r);
}

enum http_result faults_answer(void *console, struct http_request *r)
{
        struct console *c = console;

        if (strcmp(r->method, "DELETE") != 0)
                return c->may_break ? fresh_answer(c->faults, r) : answer_none(r);
        if (!change_is_allowed(c, r, FAULT_MOST))
                return HTTP_ANSWERED;
        return give_order(c, r, end_faults, NULL, NULL);
}

void faults_finish(struct http_request *r)
{
        if (strcmp(r->method, "DELETE") == 0)
                errand_finish(r);
        else
                fresh_finish(r);
}

void faults_gone(struct http_request *r)
{
        if (strcmp(r->method, "DELETE") == 0)
                errand_gone(r);
        else
                fresh_gone(r);
}

/* ---- /faults/{service} and /faults/{service}/{id} ---- */

static bool is_id(const char *text)
{
        size_t digits = strspn(text, "0123456789");

        return digits && digits <= 18 && !text[digits];
}

enum http_result fault_answer(void *console, struct http_request *r)
{
        struct console *c = console;
        char *service = arena_string(r->arena, r->path + strlen(collection));
        char *id = strchr(service, '/');
        bool begins = strcmp(r->method, "POST") == 0;

        if (id)
                *id++ = '\0';
        if (!change_is_allowed(c, r, FAULT_MOST))
                return HTTP_ANSWERED;
        if (!admin_places_know(c->admin, service))
                http_answer_problem(r, 404, "MALL_ADMIN_SERVICES names no %s", service);
        else if (id && (begins || !is_id(id)))
                http_answer_problem(r, 404, "there is no %s here", r->path);
        else
                return give_order(c, r, begins ? begin_fault : end_faults, service, id);
        return HTTP_ANSWERED;
}
