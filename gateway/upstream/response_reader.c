/* An request's answer on its way back. */
#include "gateway/upstream/upstream_inside.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
        GATHER_MOST = 128 << 10,
        GATHER_ALL = 4 << 20,  /* of all requests together: when many clients are slow, a buffer's
                                  worth of each answer is enough */
        GATHER_US = 20 * 1000, /* an answer that trickles is passed on as it comes */
        FIRST_READ = 8 << 10,  /* the head and a small body; more of a larger one would be copied
                                  once more */
};

static bool is_event_stream(const char *type)
{
        return strncasecmp(type, "text/event-stream", 17) == 0;
}

/* Out of the buffer, which is soon another's: the bytes in one piece, `moved` further on. */
static void take_fields(struct upstream_request *x, const struct response_field *fields,
                        size_t count, ptrdiff_t moved, struct http_header **to, size_t *to_count)
{
        *to = arena_room(x->arena, (count + 1) * sizeof **to);
        *to_count = 0;
        for (size_t i = 0; i < count; i++)
                if (!fields[i].hop)
                        (*to)[(*to_count)++] = (struct http_header){fields[i].name + moved,
                                                                    fields[i].value + moved};
}

static void take_length(struct upstream_request *x)
{
        size_t kept = 0;

        x->answer_total = -1;
        for (size_t i = 0; i < x->answer_count; i++)
                if (strcasecmp(x->answer[i].name, "Content-Length") == 0) {
                        x->answer_total = strtoll(x->answer[i].value, NULL, 10);
                } else {
                        x->endless |= strcasecmp(x->answer[i].name, "Content-Type") == 0 &&
                                      is_event_stream(x->answer[i].value);
                        x->answer[kept++] = x->answer[i];
                }
        x->answer_count = kept;
}

static long read_over(struct upstream_request *x)
{
        struct response_parser *r = &x->connection->buffer->parser;
        bool clean = r->keep && x->body_sent && !x->deaf && !x->out_len &&
                     x->connection->buffer->start == x->connection->buffer->end;

        if (r->trailer_count) {
                const struct response_field *first = r->trailers,
                                            *last = first + r->trailer_count - 1;
                const char *copy =
                        arena_copy(x->arena, first->name,
                                   (size_t)(last->value + last->value_len - first->name));

                take_fields(x, first, r->trailer_count, copy - first->name, &x->trailers,
                            &x->trailer_count);
        }
        endpoint_worked(x->connection->endpoint);
        upstream_release(x, clean);
        return UPSTREAM_READ_END;
}

static long read_broken(struct upstream_request *x, const char *why)
{
        x->reason = arena_string(x->arena, why);
        x->outcome = UPSTREAM_BROKEN;
        endpoint_failed(x->connection->endpoint);
        upstream_release(x, false);
        return UPSTREAM_READ_BROKEN;
}

static const char *broken_reason(int number, const char *otherwise)
{
        return number ? strerror(number) : otherwise;
}

static long read_closed(struct upstream_request *x)
{
        int number = errno;
        struct response_parser *r = &x->connection->buffer->parser;

        if (number == 0 && response_parser_close(r))
                return read_over(x);
        return read_broken(x, broken_reason(number, r->why));
}

static bool is_complete(const struct response_parser *r)
{
        return r->framing == RESPONSE_LENGTH && r->body == r->length;
}

static void read_end(struct upstream_request *x)
{
        struct read_buffer *d = x->connection->buffer;
        const char *out;
        size_t used, len;

        if (response_parser_body(&d->parser, d->bytes + d->start, d->end - d->start, &used, &out,
                                 &len) == RESPONSE_END)
                read_over(x);
}

static long give_piece(struct upstream_request *x, char *to, size_t room)
{
        size_t len = x->piece_len < room ? x->piece_len : room;

        memcpy(to, x->piece, len);
        x->piece += len;
        x->piece_len -= len;
        if (!x->piece_len && is_complete(&x->connection->buffer->parser))
                read_end(x); /* nobody asks behind the last byte of a known length */
        return (long)len;
}

/* What the buffer holds of the body, decoded in endpoint. */
static long read_desk(struct upstream_request *x, char *to, size_t room)
{
        struct read_buffer *d = x->connection->buffer;
        size_t used = 0;
        enum response_result result =
                response_parser_body(&d->parser, d->bytes + d->start, d->end - d->start, &used,
                                     &x->piece, &x->piece_len);

        d->start += used;
        if (result == RESPONSE_BAD)
                return read_broken(x, d->parser.why);
        if (result == RESPONSE_END)
                return read_over(x);
        if (result == RESPONSE_DATA && x->piece_len)
                return give_piece(x, to, room);
        x->piece_len = 0;
        return UPSTREAM_READ_LATER;
}

static long read_some(struct upstream_request *x, char *to, size_t room)
{
        for (;;) {
                struct read_buffer *d = x->connection->buffer;
                size_t start = d->start, end = d->end;
                long n = read_desk(x, to, room);

                if (n != UPSTREAM_READ_LATER)
                        return n;
                if (d->start != start && d->start != end)
                        continue; /* framing was read, there may be more behind it */
                n = upstream_connection_receive(x->connection, READ_BUFFER_ROOM);
                if (n < 0)
                        return read_closed(x);
                if (n == 0)
                        return UPSTREAM_READ_LATER;
        }
}

long upstream_read(struct upstream_request *x, char *to, size_t room)
{
        long n;

        x->wants_read = false;
        if (x->piece_len)
                return give_piece(x, to, room);
        if (x->over)
                return x->reason ? UPSTREAM_READ_BROKEN : UPSTREAM_READ_END;
        n = read_some(x, to, room);
        if (n > 0) {
                loop_timer_clear(x->upstreams->loop, &x->timer);
        } else if (n == UPSTREAM_READ_LATER) {
                x->wants_read = true;
                upstream_wait(x);
        }
        return n;
}

static void tell_head(struct upstream_request *x)
{
        loop_timer_clear(x->upstreams->loop, &x->timer);
        x->gathered = NULL;
        x->headed = true;
        x->done(x);
}

static void take_whole(struct upstream_request *x)
{
        x->whole = x->piece;
        x->whole_len = x->piece_len;
        read_end(x);
        tell_head(x);
}

/* What breaks off or takes too long is told of as far as it came, like a long one. */
static void gather(struct upstream_request *x)
{
        struct response_parser *r = &x->connection->buffer->parser;
        const char *out;
        size_t used, len;
        long n = 0;

        /* a byte more than is wanted: so the read is a short one, and the connection known to be
           empty */
        while (!is_complete(r) &&
               (n = upstream_connection_receive_to(x->connection, x->gathered + x->piece_len,
                                                   (size_t)response_parser_plain(r) + 1)) > 0) {
                response_parser_body(r, x->gathered + x->piece_len, (size_t)n, &used, &out, &len);
                x->piece_len += len;
                r->keep = r->keep && used == (size_t)n;
        }
        if (is_complete(r))
                take_whole(x);
        else if (n < 0)
                tell_head(x);
}

static void gather_due(struct timer *timer)
{
        tell_head((struct upstream_request *)((char *)timer -
                                              offsetof(struct upstream_request, timer)));
}

/* A body that is not long is read to where it is sent from, and sent as one: half the copies, and
   nobody is woken in between. */
static void gather_begin(struct upstream_request *x, size_t length)
{
        struct read_buffer *d = x->connection->buffer;
        const char *out;
        size_t used;

        x->piece = x->gathered = arena_room(x->arena, length + 1);
        x->held = length;
        x->upstreams->gathered += length;
        /* what came with the head, often all of it */
        if (response_parser_body(&d->parser, d->bytes + d->start, d->end - d->start, &used, &out,
                                 &x->piece_len) == RESPONSE_DATA)
                memcpy(x->gathered, out, x->piece_len);
        d->start += used;
        if (is_complete(&d->parser)) {
                take_whole(x);
                return;
        }
        x->timer.due = gather_due;
        loop_timer(x->upstreams->loop, &x->timer, GATHER_US);
        gather(x);
}

static bool is_to_be_gathered(const struct upstream_request *x, uint64_t length)
{
        const struct read_buffer *d = x->connection->buffer;

        return length <= d->end - d->start ||
               (length <= GATHER_MOST && x->upstreams->gathered + length <= GATHER_ALL);
}

void receive_forget(struct upstream_request *x)
{
        if (x->held)
                x->upstreams->gathered -= x->held;
        x->held = 0;
}

static void take_head(struct upstream_request *x, size_t used)
{
        struct read_buffer *d = x->connection->buffer;
        struct response_parser *r = &d->parser;

        loop_timer_clear(x->upstreams->loop, &x->timer);
        x->outcome = UPSTREAM_ANSWERED;
        x->status = r->status;
        take_fields(x, r->fields, r->field_count, arena_copy(x->arena, d->bytes, used) - d->bytes,
                    &x->answer, &x->answer_count);
        take_length(x);
        x->has_body = r->framing != RESPONSE_NO_BODY;
        d->start = used;
        if (r->framing == RESPONSE_LENGTH && is_to_be_gathered(x, r->length)) {
                gather_begin(x, (size_t)r->length);
        } else if (r->framing == RESPONSE_NO_BODY) {
                x->whole = "";
                read_end(x);
                tell_head(x);
        } else {
                tell_head(x);
        }
}

void receive_head(struct upstream_request *x)
{
        struct upstream_connection *l = x->connection;

        if (x->gathered) {
                gather(x);
                return;
        }
        while (l->readable) {
                size_t used;
                long n;

                if (!l->buffer)
                        read_buffer_take(l, strcmp(x->method, "HEAD") == 0);
                n = upstream_connection_receive(l, FIRST_READ);
                if (n < 0) {
                        upstream_fail(
                                x, UPSTREAM_BROKEN,
                                broken_reason(errno,
                                              l->buffer->end
                                                      ? "it closed within the head of its answer"
                                                      : "it closed without an answer"));
                        return;
                }
                if (n == 0)
                        return;
                x->begun = true;
                switch (response_parser_head(&l->buffer->parser, l->buffer->bytes, l->buffer->end,
                                             &used)) {
                case RESPONSE_HEAD:
                        take_head(x, used);
                        return;
                case RESPONSE_BAD:
                        upstream_fail(x, UPSTREAM_BROKEN, l->buffer->parser.why);
                        return;
                default:
                        break;
                }
        }
}
