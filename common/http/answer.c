#include "http/answer.h"

#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
        int status;
        const char *text;
} statuses[] = {
        {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {206, "Partial Content"},
        {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
        {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
        {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
        {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {408, "Request Timeout"}, {409, "Conflict"},
        {410, "Gone"}, {411, "Length Required"}, {412, "Precondition Failed"}, {413, "Content Too Large"},
        {414, "URI Too Long"}, {415, "Unsupported Media Type"}, {417, "Expectation Failed"},
        {421, "Misdirected Request"}, {422, "Unprocessable Content"}, {425, "Too Early"}, {426, "Upgrade Required"},
        {428, "Precondition Required"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
        {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"}, {507, "Insufficient Storage"},
};

const char *http_status_text(int status)
{
        for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
                if (statuses[i].status == status)
                        return statuses[i].text;
        return "Unknown";
}

static bool is_control(char c)
{
        return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

/* A copy, for callers make values in buffers of their own. Whatever it was made of, it never becomes a second header:
   control characters are left out. */
static const char *value_clean(struct arena *arena, const char *value)
{
        char *clean = arena_string(arena, value), *to = clean;

        for (const char *p = value; *p; p++)
                if (!is_control(*p))
                        *to++ = *p;
        *to = '\0';
        return clean;
}

void http_answer_header(struct http_request *r, const char *name, const char *value)
{
        struct http_answer *a = &r->answer;

        assert(a->header_count < HTTP_ANSWER_HEADERS && is_token(name, strlen(name)));
        if (a->header_count >= HTTP_ANSWER_HEADERS || !value || !is_token(name, strlen(name)))
                return;
        a->headers[a->header_count++] = (struct http_header){name, value_clean(r->arena, value)};
}

void http_answer_body(struct http_request *r, int status, const char *type, const struct text *body)
{
        r->answer.status = status;
        r->answer.type = type;
        r->answer.body = body->at;
        r->answer.len = body->len;
}

/* A message may quote what the client sent, cut anywhere: what is no UTF-8 becomes '?'. */
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

        text_printf(&body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":", http_status_text(status),
                    status);
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
                log_write(status == 503 ? LOG_WARN : LOG_ERROR, "request failed", "error.message", error->text,
                          "http.request.method", r->method, "url.path", r->path, "trace.id", r->trace_id, NULL);
        problem(r, status, error->text, error->member);
        if (error_is_passing(error->kind))
                http_answer_header(r, "Retry-After", "1");
}

/* A body goes with neither; the library leaves it out for HEAD. */
static bool is_bodyless(int status)
{
        return status < 200 || status == 204;
}

static struct MHD_Response *response_open(struct exchange *e)
{
        struct http_answer *a = &e->request.answer;
        bool none = !a->body || is_bodyless(a->status);
        /* in the arena, which outlives the response */
        struct MHD_Response *response = MHD_create_response_from_buffer(
                none ? 0 : a->len, none ? NULL : (void *)(uintptr_t)a->body, MHD_RESPMEM_PERSISTENT);

        if (!response)
                return NULL;
        if (a->type && !none)
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
        for (int i = 0; i < a->header_count; i++)
                MHD_add_response_header(response, a->headers[i].name, a->headers[i].value);
        if (a->close || atomic_load_explicit(&e->request.server->draining, memory_order_relaxed))
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        return response;
}

enum MHD_Result answer_send(struct exchange *e)
{
        struct http_answer *a = &e->request.answer;
        struct connection *c = connection_of(e);
        struct MHD_Response *response;
        enum MHD_Result queued;

        if (a->status < 200 || a->status > 999) /* a handler that forgot: its bug, not the client's */
                http_answer_problem(&e->request, 500, "no answer was made");
        response = response_open(e);
        if (!response)
                return MHD_NO;
        e->status = a->status;
        connection_enter(c, PHASE_WRITING, c->server->config.body_ms);
        queued = MHD_queue_response(e->mhd, (unsigned)a->status, response);
        MHD_destroy_response(response);
        return queued;
}

void answer_cut_short(int fd, int status)
{
        char body[160], all[512];
        int len = snprintf(body, sizeof body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}",
                           http_status_text(status), status);

        len = snprintf(all, sizeof all,
                       "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
                       "Connection: close\r\n\r\n%s",
                       status, http_status_text(status), len, body);
        /* a client that does not read misses it */
        if (send(fd, all, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                return;
}
