#include "http/server_span.h"

#include "base/span.h"
#include "http/client.h"
#include "http/connection.h"
#include "http/injected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 200, CLIENT_GONE = 499 };

/* ---- its begin ---- */

/* As the client sees us: what trusted proxies say of it is better than what they sent. */
static const char *forwarded(struct http_request *r, const char *field)
{
        const char *element;

        if (!r->peer_trusted)
                return NULL;
        element = client_element(http_header_list(r, field), r->client_hops);
        if (!*element || *element == ',')
                return NULL;
        return arena_copy(r->arena, element, strcspn(element, ", \t"));
}

/* "order:8080", "[::1]:8080" */
static void server_tell(struct span *span, struct http_request *r, const char *received)
{
        const char *named = forwarded(r, "X-Forwarded-Host");
        char *host = arena_string(r->arena, named ? named : received), *colon, *bracket;

        if (!host || !*host)
                return;
        bracket = *host == '[' ? strchr(host, ']') : NULL;
        colon = strchr(bracket ? bracket : host, ':');
        if (colon && colon[1])
                span_number(span, "server.port", strtol(colon + 1, NULL, 10));
        if (colon)
                *colon = '\0';
        if (bracket)
                *bracket = '\0';
        span_text(span, "server.address", bracket ? host + 1 : host);
}

static void agent_tell(struct span *span, struct http_request *r)
{
        const char *agent = http_header(r, "User-Agent");

        if (*agent)
                span_text(span, "user_agent.original", arena_string(r->arena, agent));
}

void server_span_begin(struct exchange *e)
{
        struct http_request *r = &e->request;
        const char *scheme, *slash = e->line.version ? strchr(e->line.version, '/') : NULL;
        int64_t ago_us;

        if (!span_is_on())
                return;
        ago_us = clock_mono_us() - e->started_us;
        e->span = span_begin(r->arena, &e->trace, SPAN_SERVER, "HTTP",
                             clock_wall_ns() - ago_us * 1000);
        if (!e->span)
                return;
        scheme = forwarded(r, "X-Forwarded-Proto");
        span_text(e->span, "url.scheme", scheme ? scheme : "http");
        server_tell(e->span, r, e->framing.host);
        span_text(e->span, "client.address", r->client);
        span_text(e->span, "network.peer.address", r->peer);
        span_text(e->span, "network.protocol.version",
                  slash ? arena_string(r->arena, slash + 1) : NULL);
        agent_tell(e->span, r);
}

/* ---- its end ---- */

static void method_tell(struct exchange *e)
{
        span_text(e->span, "http.request.method", e->method < 0 ? "_OTHER" : e->request.method);
        if (e->method < 0)
                span_text(e->span, "http.request.method_original", e->request.method);
}

static void target_tell(struct exchange *e)
{
        const struct http_request *r = &e->request;

        span_text(e->span, "url.path", *r->path ? r->path : NULL);
        span_text(e->span, "url.query", r->query);
}

static void status_tell(struct exchange *e, const char *digits)
{
        if (e->status == CLIENT_GONE) { /* nothing was sent */
                span_text(e->span, "error.type", "client_gone");
                span_fail(e->span, "the client closed the connection");
                return;
        }
        if (e->status == INJECTED_RESET) { /* nothing was sent */
                span_text(e->span, "error.type", "connection_reset");
                span_fail(e->span, "a fault reset the connection");
                return;
        }
        span_number(e->span, "http.response.status_code", e->status);
        if (e->status < 500)
                return;
        span_text(e->span, "error.type", digits);
        span_fail(e->span, NULL);
}

static void tell_and_end(struct exchange *e)
{
        const struct http_request *r = &e->request;
        const char *method = e->method < 0 ? "HTTP" : r->method;
        bool routed = r->uri_template && strcmp(r->uri_template, "UNKNOWN") != 0;
        char name[NAME], digits[12];

        snprintf(name, sizeof name, "%s%s%s", method, routed ? " " : "",
                 routed ? r->uri_template : "");
        snprintf(digits, sizeof digits, "%d", e->status);
        span_name(e->span, name);
        method_tell(e);
        target_tell(e);
        span_text(e->span, "http.route", routed ? r->uri_template : NULL);
        status_tell(e, digits);
        span_end(e->span, 0);
}

void server_span_end(struct exchange *e)
{
        if (e->span && !e->request.untraced)
                tell_and_end(e);
        e->span = NULL;
}
