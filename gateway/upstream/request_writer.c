/* An request's request on its way to the upstream. */
#include "gateway/upstream/upstream_inside.h"

#include "base/text.h"

#include <string.h>

/* What of a body is taken at once, and a chunk's size and ends. */
enum { SPILL = 64 << 10, FRAME = 32 };

/* Fields were checked where they came from; a line break here would make one request two. */
static bool is_one_line(const char *text)
{
        return !strpbrk(text, "\r\n");
}

bool send_is_sound(const struct upstream_request *x)
{
        for (size_t i = 0; i < x->header_count; i++)
                if (!is_one_line(x->headers[i].name) || !is_one_line(x->headers[i].value))
                        return false;
        return is_one_line(x->method) && is_one_line(x->target) && is_one_line(x->authority);
}

static void add_field(struct text *t, const char *name, const char *value)
{
        text_string(t, name);
        text_add(t, ": ", 2);
        text_string(t, value);
        text_add(t, "\r\n", 2);
}

static void add_head(struct upstream_request *x, struct text *t)
{
        text_string(t, x->method);
        text_char(t, ' ');
        text_string(t, x->target);
        text_string(t, " HTTP/1.1\r\n");
        add_field(t, "Host", x->authority);
        for (size_t i = 0; i < x->header_count; i++)
                add_field(t, x->headers[i].name, x->headers[i].value);
        if (x->more && x->body_total < 0)
                text_string(t, "Transfer-Encoding: chunked\r\n");
        else if (x->more)
                text_printf(t, "Content-Length: %lld\r\n", (long long)x->body_total);
        else if (x->body_len || strcmp(x->method, "POST") == 0 || strcmp(x->method, "PUT") == 0 ||
                 strcmp(x->method, "PATCH") == 0)
                text_printf(t, "Content-Length: %zu\r\n", x->body_len);
        text_add(t, "\r\n", 2);
}

/* A piece of a body of unknown length is a chunk. */
static void add_piece(struct upstream_request *x, struct text *t, const char *data, size_t len)
{
        bool chunked = x->more && x->body_total < 0;

        if (!len)
                return;
        if (chunked)
                text_printf(t, "%zx\r\n", len);
        text_add(t, data, len);
        if (chunked)
                text_add(t, "\r\n", 2);
}

/* False: it is broken. */
static bool flush(struct upstream_request *x)
{
        while (x->out_len) {
                long n = upstream_connection_send(x->connection, x->out, x->out_len);

                if (n <= 0)
                        return n == 0;
                x->reached = true;
                x->out += n;
                x->out_len -= (size_t)n;
        }
        return true;
}

/* The body is complete, and all but its end is on its way. */
static void add_end(struct upstream_request *x)
{
        x->body_sent = true;
        if (x->body_total >= 0)
                return;
        x->out = "0\r\n\r\n";
        x->out_len = 5;
}

void send_more(struct upstream_request *x)
{
        bool well = flush(x);

        if (well && !x->out_len && x->ending && !x->body_sent) {
                add_end(x);
                well = flush(x);
        }
        if (!well) {
                x->deaf = true;
                x->out_len = 0;
                x->connection->readable = true; /* an answer given before, or why */
        }
        if (x->out_len || ((x->body_sent || x->deaf) && !x->headed))
                upstream_wait(x);
        else if (!x->headed)
                loop_timer_clear(x->upstreams->loop, &x->timer); /* the client is waited for, whose
                                                                    time is the server's to keep */
        if (!x->out_len && x->wants_write) {
                x->wants_write = false;
                x->ready(x);
        }
}

void send_first(struct upstream_request *x)
{
        struct text t = text_open(x->arena, 700 + x->body_len);

        add_head(x, &t);
        add_piece(x, &t, x->body, x->body_len);
        x->out = t.at;
        x->out_len = t.len;
        x->body_sent = !x->more;
        send_more(x);
}

/* The piece goes through one buffer, however long the body is. */
size_t upstream_write(struct upstream_request *x, const char *data, size_t len)
{
        struct text *t = &x->spill;

        if (x->over || x->deaf || x->body_sent)
                return len; /* nobody reads it any more */
        x->ending = !len;
        if (!x->connection || x->out_len) {
                x->wants_write = len > 0;
                return 0;
        }
        if (!t->at)
                *t = text_open(x->arena, SPILL + FRAME);
        t->len = 0;
        len = len < SPILL ? len : SPILL;
        add_piece(x, t, data, len);
        x->out = t->at;
        x->out_len = t->len;
        send_more(x);
        upstream_proceed(x);
        return len;
}
