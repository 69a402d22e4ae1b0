#include "gateway/upstream/request_writer.h"

#include "gateway/upstream/connection.h"

#include <string.h>

/* So much of a body is taken at once; and a chunk's size and its two line ends. */
enum { PIECE = 64 << 10, FRAME = 32 };

static bool is_one_line(const char *text)
{
        return !strpbrk(text, "\r\n");
}

bool request_writer_is_sound(const struct upstream_request *request)
{
        for (size_t i = 0; i < request->header_count; i++)
                if (!is_one_line(request->headers[i].name) ||
                    !is_one_line(request->headers[i].value))
                        return false;
        return is_one_line(request->method) && is_one_line(request->target) &&
               is_one_line(request->authority);
}

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

static void add_head(const struct upstream_request *request, struct text *t)
{
        text_string(t, request->method);
        text_char(t, ' ');
        text_string(t, request->target);
        text_string(t, " HTTP/1.1\r\n");
        header_write(t, "Host", request->authority);
        for (size_t i = 0; i < request->header_count; i++)
                header_write(t, request->headers[i].name, request->headers[i].value);
        if (is_chunked(request))
                text_string(t, "Transfer-Encoding: chunked\r\n");
        else if (request->more)
                text_printf(t, "Content-Length: %lld\r\n", (long long)request->body_total);
        else if (request->body_len || expects_body(request->method))
                text_printf(t, "Content-Length: %zu\r\n", request->body_len);
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

void request_writer_begin(struct request_writer *w, const struct upstream_request *request)
{
        struct text t = text_open(request->arena, 700 + request->body_len);

        add_head(request, &t);
        add_piece(request, &t, request->body, request->body_len);
        send_next(w, &t);
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
