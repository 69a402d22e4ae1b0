/* The answer's way to the client: fields through the route's filters, the body as it comes. */
#include "gateway/proxy/proxy_request.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void fail(struct proxy_request *c, int status, const char *what)
{
        http_answer_problem(c->request, status, "route %s: %s %s: %s", c->route->id, c->route->uri,
                            what, c->upstream.reason);
}

static void fill_failure(struct proxy_request *c)
{
        static const struct {
                int status;
                const char *what;
        } failures[] = {
                [UPSTREAM_REFUSED] = {503, "cannot be reached"},
                [UPSTREAM_SLOW] = {504, "is too slow"},
                [UPSTREAM_BROKEN] = {502, "broke off"},
        };
        enum upstream_outcome outcome = c->upstream.outcome;

        if (outcome == UPSTREAM_REFUSED && c->reached &&
            c->made_key) /* a try before got there, and the client does not know its key */
                outcome = UPSTREAM_BROKEN;
        if (outcome == UPSTREAM_REFUSED)
                c->retry_after_s = 1;
        fail(c, failures[outcome].status, failures[outcome].what);
}

static void fill_here(struct proxy_request *c)
{
        if (c->detail)
                http_answer_problem(c->request, c->status, "%s", c->detail);
        else
                c->request->answer.status = c->status;
}

/* Problems are ours whole: what the filters see of them is their fields. */
static void pass_back(struct proxy_request *c, struct headers *fields)
{
        c->chain.answer = *fields;
        c->chain.status = c->request->answer.status;
        filter_chain_answer(&c->chain);
        c->request->answer.status = c->chain.status;
        *fields = c->chain.answer;
}

/* What the upstream says of a key that we made is no matter of the client's. */
static bool is_own_key(const struct proxy_request *c, const char *name)
{
        return c->made_key && strcasecmp(name, "Idempotency-Key") == 0;
}

static void add_fields(struct proxy_request *c, const struct headers *fields)
{
        struct http_request *r = c->request;

        for (size_t i = 0; i < fields->count; i++) {
                const struct http_header *h = &fields->at[i];

                if (!r->answer.type && strcasecmp(h->name, "Content-Type") == 0)
                        r->answer.type = h->value;
                else if (!cors_owns(&c->cors, h->name) && !is_own_key(c, h->name))
                        http_answer_pass(r, h->name, h->value);
        }
}

static void add_own(struct proxy_request *c)
{
        struct http_request *r = c->request;
        struct limiter_header limits[LIMITER_HEADERS];
        char number[24];

        for (int i = 0; i < c->cors.header_count; i++)
                http_answer_header(r, c->cors.headers[i].name, c->cors.headers[i].value);
        if (c->limiter) {
                limiter_headers(c->limiter->state, c->tokens_left, limits);
                for (int i = 0; i < LIMITER_HEADERS; i++) {
                        snprintf(number, sizeof number, "%lld", (long long)limits[i].value);
                        http_answer_header(r, limits[i].name, number);
                }
        }
        if (c->retry_after_s) {
                snprintf(number, sizeof number, "%d", c->retry_after_s);
                http_answer_header(r, "Retry-After", number);
        }
}

/* ---- the body ---- */

static long end(struct proxy_request *c)
{
        const struct upstream_request *x = &c->upstream;

        for (size_t i = 0; i < x->trailer_count; i++)
                http_answer_trailer(c->request, x->trailers[i].name, x->trailers[i].value);
        return HTTP_PULL_END;
}

static long pull(struct http_request *r, char *to, size_t room)
{
        struct proxy_request *c = r->state;
        long n = upstream_read(&c->upstream, to, room);

        if (n > 0)
                return n;
        if (n == UPSTREAM_READ_LATER)
                return HTTP_PULL_LATER;
        if (n == UPSTREAM_READ_END)
                return end(c);
        log_write(LOG_WARN, "an upstream broke off in its answer, the client's connection is cut",
                  "route", c->route->id, "error.message",
                  c->upstream.reason ? c->upstream.reason : "", "trace.id", r->trace_id, NULL);
        return HTTP_PULL_BROKEN;
}

static void fill_body(struct proxy_request *c)
{
        struct http_answer *a = &c->request->answer;
        const struct upstream_request *x = &c->upstream;
        bool head = strcmp(c->request->method, "HEAD") == 0;

        if (x->whole && x->has_body) {
                a->body = x->whole;
                a->len = x->whole_len;
        } else if (x->has_body || (head && x->status != 204 && x->status != 304)) {
                a->pull = pull; /* to HEAD only its length is said */
                a->pull_len = x->answer_total;
        }
}

/* Among what CORS and the limiter add. */
static bool fits(const struct proxy_request *c, const struct headers *fields)
{
        size_t bytes = 0, own = CORS_HEADERS + LIMITER_HEADERS + 1;

        for (size_t i = 0; i < fields->count; i++)
                bytes += strlen(fields->at[i].name) + strlen(fields->at[i].value) + sizeof ": \r\n";
        return fields->count + own <= HTTP_ANSWER_HEADERS &&
               bytes + 64 * own <= http_answer_room(c->request);
}

void response_fill(struct proxy_request *c)
{
        struct http_request *r = c->request;
        struct headers fields = {.arena = r->arena};
        bool upstream = !c->status && c->upstream.outcome == UPSTREAM_ANSWERED;

        if (upstream) {
                r->answer.status = c->upstream.status;
                fields = (struct headers){r->arena, c->upstream.answer, c->upstream.answer_count,
                                          c->upstream.answer_count};
        } else if (c->status) {
                fill_here(c);
                if (c->chain.route)
                        fields = c->chain.answer;
        } else {
                fill_failure(c);
        }
        if (c->chain.route)
                pass_back(c, &fields);
        if (upstream && !fits(c, &fields)) {
                upstream_cancel(&c->upstream);
                c->upstream.reason = "the head of its answer is too large";
                fail(c, 502, "broke off");
                fields.count = 0;
                upstream = false;
        }
        add_fields(c, &fields);
        if (upstream)
                fill_body(c);
        add_own(c);
}
