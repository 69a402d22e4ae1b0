#include "gateway/upstream/request_writer.h"

#include "gateway/upstream/connection.h"
#include "http/grammar.h"

#include <string.h>

/* So much of a body is taken at once; and a chunk's size and its two line ends. */
enum { PIECE = 64 << 10, FRAME = 32 };

static bool is_chunked(const struct upstream_request *request)
{
        return request->more && request->body_total < 0;
}

/* A request of these methods without a body says so. */
static bool expects_body(const char *method)
{
        return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
               strcmp(method, "PATCH") == 0;
}

/* Lines under way, with room for all of them. */
struct head_lines {
        char *to, *line; /* the next byte; where its line began */
        bool sound;      /* none so far has a line break within it */
};

static void put(struct head_lines *l, const char *text, size_t len)
{
        l->to = mempcpy(l->to, text, len);
}

static void end_line(struct head_lines *l)
{
        l->sound &= !has_control(l->line, (size_t)(l->to - l->line));
        put(l, "\r\n", 2);
        l->line = l->to;
}

static void put_field(struct head_lines *l, const struct http_header *field)
{
        put(l, field->name, field->name_len);
        put(l, ": ", 2);
        put(l, field->value, field->value_len);
        end_line(l);
}

static size_t lines_size(const struct upstream_request *request)
{
        size_t size = sizeof "  HTTP/1.1\r\nHost: \r\n" + strlen(request->method) +
                      strlen(request->target) + strlen(request->authority);

        for (size_t i = 0; i < request->header_count; i++)
                size += request->headers[i].name_len + request->headers[i].value_len +
                        sizeof ": \r\n" - 1;
        return size;
}

/* The request line and the fields as they were given. They are nearly all of the head, and each is
   copied as it is. False: there is a line break in one of them. */
static bool add_lines(const struct upstream_request *request, struct text *t)
{
        struct head_lines l = {.to = t->at, .line = t->at, .sound = true};

        put(&l, request->method, strlen(request->method));
        put(&l, " ", 1);
        put(&l, request->target, strlen(request->target));
        put(&l, " HTTP/1.1", 9);
        end_line(&l);
        put(&l, "Host: ", 6);
        put(&l, request->authority, strlen(request->authority));
        end_line(&l);
        for (size_t i = 0; i < request->header_count; i++)
                put_field(&l, &request->headers[i]);
        t->len = (size_t)(l.to - t->at);
        return l.sound;
}

/* How long the body is, and the head's end. */
static void add_framing(const struct upstream_request *request, struct text *t)
{
        if (is_chunked(request)) {
                text_string(t, "Transfer-Encoding: chunked\r\n");
        } else if (request->more || request->body_len || expects_body(request->method)) {
                text_string(t, "Content-Length: ");
                text_int(t, request->more ? request->body_total : (int64_t)request->body_len);
                text_add(t, "\r\n", 2);
        }
        text_add(t, "\r\n", 2);
}

static void add_piece(const struct upstream_request *request, struct text *t, const char *data,
                      size_t len)
{
        if (!len)
                return;
        if (is_chunked(request))
                text_printf(t, "%zx\r\n", len);
        text_add(t, data, len);
        if (is_chunked(request))
                text_add(t, "\r\n", 2);
}

static void send_next(struct request_writer *w, const struct text *t)
{
        w->out = t->at;
        w->out_len = t->len;
}

bool request_writer_begin(struct request_writer *w, const struct upstream_request *request)
{
        enum { FRAMING = 64 };
        struct text t = text_open(request->arena,
                                  lines_size(request) + FRAMING + FRAME + request->body_len);

        if (!add_lines(request, &t))
                return false;
        add_framing(request, &t);
        add_piece(request, &t, request->body, request->body_len);
        send_next(w, &t);
        return true;
}

/* All pieces go through one buffer, however long the body is. */
size_t request_writer_add(struct request_writer *w, const struct upstream_request *request,
                          const char *data, size_t len)
{
        if (!w->piece.at)
                w->piece = text_open(request->arena, PIECE + FRAME);
        w->piece.len = 0;
        len = len < PIECE ? len : PIECE;
        add_piece(request, &w->piece, data, len);
        send_next(w, &w->piece);
        return len;
}

void request_writer_end(struct request_writer *w, const struct upstream_request *request)
{
        if (!is_chunked(request))
                return;
        w->out = "0\r\n\r\n";
        w->out_len = 5;
}

enum request_writer_result request_writer_flush(struct request_writer *w,
                                                struct upstream_connection *connection)
{
        while (w->out_len) {
                long n = upstream_connection_send(connection, w->out, w->out_len);

                if (n < 0)
                        w->out_len = 0;
                if (n <= 0)
                        return n == 0 ? WRITER_WAIT : WRITER_BROKEN;
                w->sent += (size_t)n;
                w->out += n;
                w->out_len -= (size_t)n;
        }
        return WRITER_EMPTY;
}
