#include "service/actuator.h"

#include "base/faults.h"
#include "base/json.h"
#include "http/base_url.h"
#include "http/negotiate.h"
#include "service/build.h"
#include "service/describe.h"

#include <string.h>

static const char actuator_json[] = "application/vnd.spring-boot.actuator.v3+json";

bool actuator_owns(const char *path)
{
        return strncmp(path, "/actuator", 9) == 0 && (path[9] == '\0' || path[9] == '/');
}

/* Is the probe to fail, for practice? */
static bool fails(struct process *p, enum fault_kind kind)
{
        struct injection injection;

        return faults_strike(p->faults, kind, &(struct fault_place){0}, &injection);
}

static const char *state_of(struct process *p)
{
        if (p->daemon->is_well && !p->daemon->is_well(p))
                return "DOWN";
        if (fails(p, FAULT_NOT_READY))
                return "OUT_OF_SERVICE";
        return atomic_load(&p->draining) ? "OUT_OF_SERVICE" : "UP";
}

/* As Spring shows a component. why "": nothing is broken; NULL: a probe, which asks for the state
   alone. */
static void answer_health(struct http_request *r, const char *state, const char *why)
{
        struct text body = text_open(r->arena, 100);

        text_string(&body, "{\"status\":\"");
        text_string(&body, state);
        text_string(&body, "\"");
        if (why && *why) {
                text_string(
                        &body,
                        ",\"components\":{\"bus\":{\"status\":\"DOWN\",\"details\":{\"error\":");
                json_write_string(&body, why);
                text_string(&body, "}}}");
        }
        if (why && strcmp(state, "UP") != 0)
                text_string(&body, ",\"groups\":[\"liveness\",\"readiness\"]");
        text_char(&body, '}');
        http_answer_body(r, strcmp(state, "UP") == 0 ? 200 : 503, actuator_json, &body);
        http_answer_header(r, "Cache-Control", "no-store");
}

static void answer_state(struct http_request *r, const char *state)
{
        answer_health(r, state, NULL);
}

static bool is_alive(struct process *p)
{
        return (!p->daemon->is_alive || p->daemon->is_alive(p)) && !fails(p, FAULT_NOT_ALIVE);
}

static void health(struct process *p, struct http_request *r)
{
        char why[256] = "";
        bool whole = !p->daemon->is_whole || p->daemon->is_whole(p, why);

        r->uri_template = "/actuator/health";
        answer_health(r, whole && !fails(p, FAULT_NOT_ALIVE) ? state_of(p) : "DOWN", why);
}

/* It never depends on a store or bus that is away: a restart would not mend that. */
static void liveness(struct process *p, struct http_request *r)
{
        r->uri_template = "/actuator/health/liveness";
        answer_state(r, is_alive(p) ? "UP" : "DOWN");
}

static void readiness(struct process *p, struct http_request *r)
{
        r->uri_template = "/actuator/health/readiness";
        answer_state(r, state_of(p));
}

static void info(struct process *p, struct http_request *r)
{
        struct text body = text_open(r->arena, 1000);

        r->uri_template = "/actuator/info";
        text_string(&body, "{\"build\":{\"name\":");
        json_write_string(&body, p->daemon->name);
        text_printf(&body, ",\"version\":\"%s\"},\"git\":{\"commit\":{\"id\":\"%s\"}},\"pod\":",
                    build_version, build_commit);
        json_write_string(&body, p->pod);
        text_string(&body, ",\"mall\":");
        describe_mall(p->daemon, p->config, &body);
        if (p->faults) {
                text_string(&body, ",\"faults\":");
                faults_write(p->faults, &body);
        }
        text_char(&body, '}');
        http_answer_body(r, 200, actuator_json, &body);
}

static void metric_names(struct process *p, struct http_request *r)
{
        struct text body = text_open(r->arena, 1000);

        r->uri_template = "/actuator/metrics";
        metrics_spring_names(p->metrics, &body);
        http_answer_body(r, 200, actuator_json, &body);
}

static void prometheus(struct process *p, struct http_request *r)
{
        static const char *const types[] = {"text/plain", "application/openmetrics-text", NULL};
        const char *type = negotiate(http_header_list(r, "Accept"), types);
        bool open = type == types[1];
        struct text body = text_open(r->arena, 16384);

        r->uri_template = "/actuator/prometheus";
        metrics_prometheus(p->metrics, open, &body);
        http_answer_body(r, 200,
                         open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                              : "text/plain; version=0.0.4; charset=utf-8",
                         &body);
}

static void one_metric(struct process *p, struct http_request *r, const char *name)
{
        enum { TAGS = 8 };
        const char *tags[TAGS + 1] = {NULL};
        struct text body = text_open(r->arena, 1000);

        r->uri_template = "/actuator/metrics/{name}";
        for (int i = 0; i < TAGS; i++)
                if (!(tags[i] = http_query(r, "tag", i)))
                        break;
        r->routine = metrics_spring(p->metrics, name, tags, &body);
        if (r->routine)
                http_answer_body(r, 200, actuator_json, &body);
        else
                http_answer_problem(r, 404, "there is no metric %s with these tags", name);
}

static void index_page(struct process *p, struct http_request *r);

static const struct page {
        const char *path;
        void (*answer)(struct process *, struct http_request *);
        bool always; /* on the main port even where there is a management port */
        bool shy;    /* on the main port of a shy daemon */
} pages[] = {
        {"", index_page, false, true},
        {"health", health, true, true},
        {"health/liveness", liveness, true, true},
        {"health/readiness", readiness, true, true},
        {"info", info, false, true},
        {"metrics", metric_names, false, false},
        {"prometheus", prometheus, false, false},
        {NULL, NULL, false, false},
};

/* Is the page shown on this port? */
static bool shown(const struct process *p, const struct page *page, bool main_port)
{
        if (!main_port)
                return true;
        if (config_is_set(p->config, "management-port"))
                return page->always;
        return page->shy || !p->daemon->shy;
}

static void index_link(struct text *body, const char *base, const char *name, const char *href,
                       bool templated)
{
        if (body->at[body->len - 1] != '{')
                text_char(body, ',');
        text_printf(body, "\"%s\":{\"href\":\"%s/actuator%s%s\",\"templated\":%s}", name, base,
                    *href ? "/" : "", href, templated ? "true" : "false");
}

static void index_page(struct process *p, struct http_request *r)
{
        bool main_port = r->server == p->server;
        const char *base = base_url(r);
        struct text body = text_open(r->arena, 1000);

        r->uri_template = "/actuator";
        text_string(&body, "{\"_links\":{");
        for (const struct page *page = pages; page->path; page++) {
                char name[40];
                size_t len = 0;

                for (const char *c = page->path; *c && len < sizeof name - 1; c++)
                        name[len++] = *c == '/' ? '-' : *c;
                name[len] = '\0';
                if (shown(p, page, main_port))
                        index_link(&body, base, *name ? name : "self", page->path, false);
        }
        if (!main_port || (!p->daemon->shy && !config_is_set(p->config, "management-port")))
                index_link(&body, base, "metrics-requiredMetricName",
                           "metrics/{requiredMetricName}", true);
        for (const struct actuator_page *extra = p->daemon->pages;
             extra && extra->name && !main_port; extra++)
                index_link(&body, base, extra->name, extra->name, false);
        text_string(&body, "}}");
        http_answer_body(r, 200, actuator_json, &body);
}

static bool extra_page(struct process *p, struct http_request *r, const char *name)
{
        struct text body = text_open(r->arena, 2000);

        for (const struct actuator_page *page = p->daemon->pages; page && page->name; page++) {
                if (strcmp(page->name, name) != 0)
                        continue;
                r->routine = true;
                page->write(p, &body);
                http_answer_body(r, 200, page->type, &body);
                return true;
        }
        return false;
}

static bool may_ask(struct http_request *r)
{
        if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0)
                return true;
        if (strcmp(r->method, "OPTIONS") == 0) {
                struct text none = text_open(r->arena, 0);

                http_answer_body(r, 200, NULL, &none);
        } else {
                http_answer_problem(r, 405, "%s is not possible here", r->method);
        }
        http_answer_header(r, "Allow", "GET,HEAD,OPTIONS");
        return false;
}

static const char *page_name(struct http_request *r)
{
        size_t len = strlen(r->path);
        const char *name;

        while (len > 9 && r->path[len - 1] == '/')
                len--;
        name = len > 10 ? http_unescape(r->arena, r->path + 10, len - 10, false) : "";
        return name ? name : "\n";
}

void actuator_handle(struct process *p, struct http_request *r, bool main_port)
{
        const char *name = page_name(r);
        bool all = !main_port || (!p->daemon->shy && !config_is_set(p->config, "management-port"));

        r->uri_template = "/actuator/**";
        if (!may_ask(r))
                return;
        for (const struct page *page = pages; page->path; page++) {
                if (strcmp(page->path, name) != 0)
                        continue;
                r->routine = true; /* also where it is hidden: the console asks all the time */
                if (shown(p, page, main_port)) {
                        page->answer(p, r);
                        return;
                }
        }
        if (all && strncmp(name, "metrics/", 8) == 0)
                one_metric(p, r, name + 8);
        else if (!all || !extra_page(p, r, name))
                http_answer_problem(r, 404, "there is no %s here", r->path);
}
