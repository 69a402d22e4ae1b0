#include "gateway/proxy/response.h"

#include "base/log.h"
#include "gateway/proxy/absent.h"
#include "gateway/proxy/proxy_request_inside.h"
#include "gateway/upstream/response_reader.h"

#include <stdio.h>
#include <string.h>

static void fail(struct proxy_request *p, int status, const char *what, const char *reason)
{
        http_answer_problem(p->request, status, "route %s: %s %s: %s", p->route->id, p->route->uri,
                            what, reason);
}

static void fill_failure(struct proxy_request *p)
{
        static const struct {
                int status;
                const char *what;
        } failures[] = {
                [UPSTREAM_REFUSED] = {503, "cannot be reached"},
                [UPSTREAM_SLOW] = {504, "is too slow"},
                [UPSTREAM_BROKEN] = {502, "broke off"},
        };
        enum upstream_outcome outcome = p->upstream.outcome;

        /* an earlier try got there, and the client does not know the key to repeat it by */
        if (outcome == UPSTREAM_REFUSED && p->tries.reached && p->key.made)
                outcome = UPSTREAM_BROKEN;
        if (outcome == UPSTREAM_REFUSED)
                p->own.retry_after_s = 1;
        if (outcome == UPSTREAM_REFUSED && absent_is_asked_for(p->request))
                absent_answer(p->request,
                              &(struct absence){p->route->id, p->route->uri, p->upstream.reason});
        else
                fail(p, failures[outcome].status, failures[outcome].what, p->upstream.reason);
}

static void fill_own(struct proxy_request *p)
{
        if (p->own.detail)
                http_answer_problem(p->request, p->own.status, "%s", p->own.detail);
        else
                p->request->answer.status = p->own.status;
}

/* Of a problem the filters see status and fields only; its body is made already. */
static void pass_filters_back(struct proxy_request *p, struct headers *fields)
{
        p->chain.answer = *fields;
        p->chain.status = p->request->answer.status;
        filter_chain_answer(&p->chain);
        p->request->answer.status = p->chain.status;
        *fields = p->chain.answer;
}

/* The client knows nothing of a key that we made. */
static bool is_own_key(const struct proxy_request *p, const struct http_header *h)
{
        return p->key.made && header_is(h, "Idempotency-Key", sizeof "Idempotency-Key" - 1);
}

static void add_fields(struct proxy_request *p, const struct headers *fields)
{
        struct http_request *r = p->request;

        for (size_t i = 0; i < fields->count; i++) {
                const struct http_header *h = &fields->at[i];

                if (!r->answer.type && header_is(h, "Content-Type", sizeof "Content-Type" - 1))
                        r->answer.type = h->value;
                else if (!cors_owns(&p->cors, h->name) && !is_own_key(p, h))
                        http_answer_field(r, h);
        }
}

static void add_own(struct proxy_request *p)
{
        struct http_request *r = p->request;
        struct limiter_header limits[LIMITER_HEADERS];
        char number[24];

        for (int i = 0; i < p->cors.header_count; i++)
                http_answer_header(r, p->cors.headers[i].name, p->cors.headers[i].value);
        if (p->admission.limiter) {
                limiter_headers(p->admission.limiter->state, p->admission.tokens_left, limits);
                for (int i = 0; i < LIMITER_HEADERS; i++) {
                        snprintf(number, sizeof number, "%lld", (long long)limits[i].value);
                        http_answer_header(r, limits[i].name, number);
                }
        }
        if (p->own.retry_after_s) {
                snprintf(number, sizeof number, "%d", p->own.retry_after_s);
                http_answer_header(r, "Retry-After", number);
        }
}

/* ---- the body ---- */

static long end(struct proxy_request *p)
{
        const struct upstream_request *x = &p->upstream;

        for (size_t i = 0; i < x->trailer_count; i++)
                http_answer_trailer(p->request, x->trailers[i].name, x->trailers[i].value);
        return HTTP_PULL_END;
}

/* A client that leaves is no trouble: every stream of events ends so. */
static long cut(const struct proxy_request *p)
{
        const char *reason = p->cut ? p->cut : p->upstream.reason;

        log_write(p->cut ? LOG_INFO : LOG_WARN,
                  p->cut ? "an answer is given up before its end"
                         : "an upstream broke off in its answer, the client's connection is cut",
                  "route", p->route->id, "error.message", reason ? reason : "", "trace.id",
                  p->request->trace_id, "span.id", p->request->span_id, NULL);
        return HTTP_PULL_BROKEN;
}

static long pull(struct http_request *r, char *to, size_t room)
{
        struct proxy_request *p = r->state;
        long n;

        if (p->worker->ends_streams && response_reader_is_event_stream(&p->upstream))
                return end(p);
        n = p->cut ? UPSTREAM_READ_BROKEN : upstream_read(&p->upstream, to, room);
        if (n > 0)
                return n;
        if (n == UPSTREAM_READ_LATER)
                return HTTP_PULL_LATER;
        return n == UPSTREAM_READ_END ? end(p) : cut(p);
}

static void fill_body(struct proxy_request *p)
{
        struct http_answer *a = &p->request->answer;
        const struct upstream_request *x = &p->upstream;
        bool head = strcmp(p->request->method, "HEAD") == 0;

        if (x->whole && x->has_body) {
                a->body = x->whole;
                a->len = x->whole_len;
        } else if (x->has_body || (head && x->status != 204 && x->status != 304)) {
                a->pull = pull; /* after HEAD it is not called: only the length is said */
                a->pull_len = x->answer_total;
        }
}

/* With the fields that CORS and the limiter add. */
static bool fits(const struct proxy_request *p, const struct headers *fields)
{
        size_t bytes = 0;

        for (size_t i = 0; i < fields->count; i++)
                bytes += fields->at[i].name_len + fields->at[i].value_len + sizeof ": \r\n";
        return fields->count + RESPONSE_OWN_FIELDS <= HTTP_ANSWER_HEADERS &&
               bytes + HTTP_FIELD_ROOM * RESPONSE_OWN_FIELDS <= http_answer_room(p->request);
}

void response_fill(struct proxy_request *p)
{
        struct http_request *r = p->request;
        struct headers fields = {.arena = r->arena};
        bool upstream = !p->own.status && p->upstream.outcome == UPSTREAM_ANSWERED;

        if (upstream) {
                r->answer.status = p->upstream.status;
                fields = (struct headers){r->arena, p->upstream.answer, p->upstream.answer_count,
                                          p->upstream.answer_count, UINT64_MAX};
        } else if (p->own.status) {
                fill_own(p);
                if (p->chain.route)
                        fields = p->chain.answer;
        } else {
                fill_failure(p);
        }
        if (p->chain.route)
                pass_filters_back(p, &fields);
        if (upstream && !fits(p, &fields)) {
                upstream_cancel(&p->upstream);
                fail(p, 502, "broke off", "the head of its answer is too large");
                fields.count = 0;
                upstream = false;
        }
        r->answer.passed_on = upstream;
        add_fields(p, &fields);
        if (upstream)
                fill_body(p);
        add_own(p);
}
