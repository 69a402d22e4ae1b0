#include "http/answer.h"

#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "http/answer_head.h"
#include "http/grammar.h"
#include "http/served.h"
#include "http/stream.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
        int status;
        const char *text;
} statuses[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
};

const char *http_status_text(int status)
{
        for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
                if (statuses[i].status == status)
                        return statuses[i].text;
        return "Unknown";
}

/* A copy, because callers make values in buffers of their own. Control characters are left out, so
   that no value becomes a second header. */
static const char *value_clean(struct arena *arena, const char *value)
{
        size_t len = strlen(value);
        char *clean = arena_copy(arena, value, len), *to = clean;

        if (!has_control(value, len))
                return clean;
        for (const char *p = value; *p; p++)
                if (!is_control(*p))
                        *to++ = *p;
        *to = '\0';
        return clean;
}

static void headers_grow(struct http_request *r)
{
        struct http_answer *a = &r->answer;
        int room = a->header_room ? 2 * a->header_room : 8;
        struct http_header *larger = arena_alloc(r->arena, (size_t)room * sizeof *larger);

        if (a->header_count)
                memcpy(larger, a->headers, (size_t)a->header_count * sizeof *larger);
        a->headers = larger;
        a->header_room = room;
}

void http_answer_field(struct http_request *r, const struct http_header *field)
{
        struct http_answer *a = &r->answer;

        assert(a->header_count < HTTP_ANSWER_HEADERS);
        if (a->header_count >= HTTP_ANSWER_HEADERS)
                return;
        if (a->header_count == a->header_room)
                headers_grow(r);
        a->headers[a->header_count++] = *field;
}

void http_answer_pass(struct http_request *r, const char *name, const char *value)
{
        http_answer_field(r, &(struct http_header){name, value, (uint32_t)strlen(name),
                                                   (uint32_t)strlen(value)});
}

void http_answer_header(struct http_request *r, const char *name, const char *value)
{
        bool is_name = is_token(name, strlen(name));

        assert(is_name);
        if (value && is_name)
                http_answer_pass(r, name, value_clean(r->arena, value));
}

void http_answer_body(struct http_request *r, int status, const char *type, const struct text *body)
{
        r->answer.status = status;
        r->answer.type = type;
        r->answer.body = body->at;
        r->answer.len = body->len;
}

/* A message may quote the client's bytes, cut anywhere: each byte that is no UTF-8 becomes '?'. */
static const char *as_utf8(struct arena *arena, const char *text)
{
        size_t len = strlen(text), length;
        char *clean = arena_copy(arena, text, len), *end = clean + len;

        for (char *p = clean; p < end; p += length) {
                length = (unsigned char)*p < 0x80 ? 1 : utf8_length(p, end);
                if (!length) {
                        *p = '?';
                        length = 1;
                }
        }
        return clean;
}

static void problem(struct http_request *r, int status, const char *detail, const char *member)
{
        struct text body = text_open(r->arena, 256);

        text_printf(&body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":",
                    http_status_text(status), status);
        json_write_string(&body, as_utf8(r->arena, detail));
        text_string(&body, ",\"instance\":");
        json_write_string(&body, r->path ? r->path : "");
        if (member && *member) {
                text_string(&body, ",\"member\":");
                json_write_string(&body, member);
        }
        text_char(&body, '}');
        http_answer_body(r, status, "application/problem+json", &body);
}

void http_answer_problem(struct http_request *r, int status, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        problem(r, status, arena_vprintf(r->arena, format, args), NULL);
        va_end(args);
}

void http_answer_error(struct http_request *r, const struct error *error)
{
        int status = error_status(error->kind);

        if (status >= 500)
                log_write(status == 503 ? LOG_WARN : LOG_ERROR, "request failed", "error.message",
                          error->text, "http.request.method", r->method, "url.path", r->path,
                          "trace.id", r->trace_id, "span.id", r->span_id, NULL);
        problem(r, status, error->text, error->member);
        if (error_is_passing(error->kind))
                http_answer_header(r, "Retry-After", "1");
}

/* For HEAD and 304 the library leaves the body out but says its length, which is right: a 200 would
   have it. */
static bool is_bodyless(const struct http_answer *a)
{
        if (a->status ==
            304) /* with a known length: else 0.9.75 sends the end of chunks that never began */
                return a->pull ? a->pull_len < 0 : !a->body || !a->len;
        return a->status < 200 || a->status == 204 || (!a->body && !a->pull);
}

/* A 304 may say only the length that a 200 would have (RFC 9110, 8.6). Before 0.9.77 the library
   says 0 unless we close the connection. We let it: caches do not update that field (RFC 9111,
   3.2). */
static void keep_length_unsaid(struct MHD_Response *response)
{
#if MHD_VERSION >= 0x00097701
        MHD_set_response_options(response, MHD_RF_HEAD_ONLY_RESPONSE, MHD_RO_END);
#else
        (void)response;
#endif
}

/* For HEAD 0.9.75 would send the end of chunks that never began, unless the close ends the body. */
static bool is_head_of_unknown(const struct http_request *r)
{
        return r->answer.pull && r->answer.pull_len < 0 && strcmp(r->method, "HEAD") == 0;
}

/* Who made it says so itself. */
static const struct served *served_of(const struct http_request *r)
{
        return r->answer.passed_on ? NULL : r->server->served;
}

static struct MHD_Response *response_open(struct exchange *e)
{
        struct http_answer *a = &e->request.answer;
        bool none = is_bodyless(a);
        /* a body is in the arena, which outlives the response */
        struct MHD_Response *response =
                a->pull && !none
                        ? stream_response(e)
                        : MHD_create_response_from_buffer(none ? 0 : a->len,
                                                          none ? NULL : (void *)(uintptr_t)a->body,
                                                          MHD_RESPMEM_PERSISTENT);

        if (!response)
                return NULL;
        if (a->status == 304 && none)
                keep_length_unsaid(response);
        answer_head_add(response, a, none ? NULL : a->type, served_of(&e->request),
                        e->request.arena);
        if (a->close || is_head_of_unknown(&e->request) ||
            atomic_load_explicit(&e->request.server->draining, memory_order_relaxed))
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        return response;
}

/* A handler that made no answer: its bug, not the client's. */
static void status_check(struct http_request *r)
{
        if (r->answer.status < 200 || r->answer.status > 999)
                http_answer_problem(r, 500, "no answer was made");
}

enum MHD_Result answer_send(struct exchange *e)
{
        struct http_answer *a = &e->request.answer;
        struct connection *c = connection_of(e);
        struct MHD_Response *response;
        enum MHD_Result queued;

        status_check(&e->request);
        response = response_open(e);
        if (!response)
                return MHD_NO;
        e->status = a->status;
        e->response = response;
        e->state = EXCHANGE_ANSWERED;
        c->worker->moved = true;
        connection_enter(c, PHASE_WRITING, c->server->config.body_ms);
        queued = MHD_queue_response(e->mhd, (unsigned)a->status, response);
        MHD_destroy_response(response);
        return queued;
}

static void push(int fd, const char *bytes, size_t len)
{
        if (send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                return; /* the socket is full: the client does not read, and misses it */
}

/* The request's answer as it is sent past the library; where its body begins. */
static struct text answer_written(struct exchange *e, size_t *head_len)
{
        struct http_answer *a = &e->request.answer;
        struct text t = text_open(e->request.arena, 512 + a->len);
        bool none;

        status_check(&e->request);
        none = is_bodyless(a) || a->pull || a->status == 304;
        text_printf(&t, "HTTP/1.1 %d %s\r\n", a->status, http_status_text(a->status));
        if (a->type && !none)
                header_write(&t, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
        for (int i = 0; i < a->header_count; i++)
                header_write(&t, a->headers[i].name, a->headers[i].value);
        text_string(&t, served_lines(served_of(&e->request)));
        if (a->status != 204 && a->status != 304)
                text_printf(&t, "Content-Length: %zu\r\n", none ? 0 : a->len);
        text_string(&t, "Connection: close\r\n\r\n");
        *head_len = t.len;
        if (!none && strcmp(e->request.method, "HEAD") != 0)
                text_add(&t, a->body, a->len);
        e->status = a->status;
        return t;
}

void answer_push(struct exchange *e)
{
        size_t head_len;
        struct text t = answer_written(e, &head_len);

        push(connection_of(e)->fd, t.at, t.len);
}

void answer_push_half(struct exchange *e)
{
        size_t head_len;
        struct text t = answer_written(e, &head_len);
        size_t body_len = t.len - head_len;

        push(connection_of(e)->fd, t.at, body_len ? head_len + body_len / 2 : head_len / 2);
        e->request.answer.body = NULL; /* the access line counts what passed the library */
        e->request.answer.len = 0;
}

void answer_cut_short(const struct http_server *s, int fd, int status)
{
        const char *again = status == 503 ? "Retry-After: 1\r\n" : "";
        char body[160], all[1024];
        int len = snprintf(body, sizeof body,
                           "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}",
                           http_status_text(status), status);

        len = snprintf(
                all, sizeof all,
                "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
                "%s%sConnection: close\r\n\r\n%s",
                status, http_status_text(status), len, again, served_lines(s->served), body);
        push(fd, all, (size_t)len);
}
