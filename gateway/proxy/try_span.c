#include "gateway/proxy/try_span.h"

#include "base/span.h"
#include "gateway/proxy/proxy_request_inside.h"
#include "http/grammar.h"

#include <stdio.h>

/* The fields were written for all tries, in the request's arena. */
static void traceparent_set(struct proxy_request *p, const char *traceparent)
{
        struct headers *out = &p->chain.headers;

        for (size_t i = out->count; i-- > 0;)
                if (is_same_name(out->at[i].name, "traceparent")) {
                        out->at[i] = header_whole("traceparent", traceparent);
                        return;
                }
}

static void tell(struct span *span, const struct proxy_request *p)
{
        const struct upstream_request *u = &p->upstream;

        span_text(span, "http.request.method", u->method);
        span_text(span, "server.address", u->host);
        span_number(span, "server.port", u->port);
        span_text(span, "url.full", arena_printf(u->arena, "http://%s%s", u->authority, u->target));
        span_text(span, "mall.gateway.route", p->route->id);
        if (p->tries.begun > 1)
                span_number(span, "http.request.resend_count", p->tries.begun - 1);
}

void try_span_begin(struct proxy_request *p)
{
        struct trace trace;

        if (!span_is_on() || !trace_is_sampled(p->request->traceparent))
                return;
        trace_continue(&trace, p->request->traceparent);
        p->tries.span = span_begin(p->request->arena, &trace, SPAN_CLIENT, p->request->method, 0);
        if (!p->tries.span)
                return;
        traceparent_set(p, arena_string(p->request->arena, trace.parent));
        tell(p->tries.span, p);
}

static void failed(struct span *span, const char *type, const char *why)
{
        span_text(span, "error.type", type);
        span_fail(span, why);
}

void try_span_end(struct proxy_request *p)
{
        static const char *const types[] = {
                [UPSTREAM_REFUSED] = "connection_refused",
                [UPSTREAM_SLOW] = "timeout",
                [UPSTREAM_BROKEN] = "connection_broken",
        };
        const struct upstream_request *u = &p->upstream;
        struct span *span = p->tries.span;
        char status[12];

        if (!span)
                return;
        p->tries.span = NULL;
        snprintf(status, sizeof status, "%d", u->status);
        if (u->outcome != UPSTREAM_ANSWERED) {
                failed(span, types[u->outcome], u->reason);
        } else {
                span_number(span, "http.response.status_code", u->status);
                if (u->status >= 400)
                        failed(span, status, NULL);
        }
        span_end(span, 0);
}

void try_span_cancel(struct proxy_request *p)
{
        struct span *span = p->tries.span;

        if (!span)
                return;
        p->tries.span = NULL;
        failed(span, "canceled", "nobody waits for the answer any more");
        span_end(span, 0);
}
