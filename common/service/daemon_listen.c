/* daemon_listen - a daemon's HTTP servers: the main one, and the management port's. */
#include "service/actuator.h"
#include "service/build.h"
#include "service/daemon.h"

struct front {
        struct process *process;
        struct http_handler handler;
};

static enum http_result handle_main(struct http_request *r, void *arg)
{
        struct front *front = arg;

        if (!actuator_owns(r->path))
                return front->handler.handle(r, front->handler.arg);
        r->untraced = true;
        actuator_handle(front->process, r, true);
        return HTTP_ANSWERED;
}

static void finish_main(struct http_request *r, void *arg)
{
        struct front *front = arg;

        front->handler.finish(r, front->handler.arg);
}

static enum http_result handle_management(struct http_request *r, void *arg)
{
        r->untraced = true;
        if (actuator_owns(r->path))
                actuator_handle(arg, r, false);
        else
                http_answer_problem(r, 404, "only /actuator is here");
        return HTTP_ANSWERED;
}

static struct http_config http_config_of(struct process *p)
{
        const struct config *c = p->config;

        return (struct http_config){
                .address = config_text(c, "address"),
                .port = (int)config_number(c, "port"),
                .threads = (int)config_number(c, "threads"),
                .max_body = (size_t)config_number(c, "max-body"),
                .max_target = (size_t)config_number(c, "max-target"),
                .max_header = (size_t)config_number(c, "max-header"),
                .max_fields = (size_t)config_number(c, "max-fields"),
                .memory = &p->memory,
                .header_ms = (int)config_number(c, "header-timeout"),
                .body_ms = (int)config_number(c, "body-timeout"),
                .max_connections = (int)config_number(c, "max-connections"),
                .max_client_connections = (int)config_number(c, "max-client-connections"),
                .trusted_proxies = config_text(c, "trusted-proxies"),
                .faults = p->faults,
                .metrics = p->metrics,
                .pod = p->pod,
                .version = build_version,
        };
}

static struct front front; /* one a process */

bool daemon_listen(struct process *p, const struct http_handler *handler, struct error *error)
{
        struct http_config http = http_config_of(p);

        p->memory.most = (size_t)config_number(p->config, "max-request-memory");
        front = (struct front){.process = p, .handler = *handler};
        http.handler = (struct http_handler){handle_main, finish_main, &front, handler->streams};
        p->server = http_server_open(&http, error);
        if (!p->server || !config_is_set(p->config, "management-port"))
                return p->server != NULL;
        http.port = (int)config_number(p->config, "management-port");
        http.faults = NULL; /* there one sees what fails */
        http.threads = 1;
        http.max_connections = 100;
        http.handler = (struct http_handler){handle_management, NULL, p, NULL};
        p->management = http_server_open(&http, error);
        if (!p->management)
                http_server_close(&p->server, 0);
        return p->management != NULL;
}
