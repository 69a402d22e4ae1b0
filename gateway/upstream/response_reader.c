#include "gateway/upstream/response_reader.h"

#include "http/header_kinds.h"

#include <errno.h>
#include <string.h>

/* The first read takes the head and a small body; more of a larger one would be copied once more.
 */
enum { FIRST_READ = 8 << 10 };

static enum response_reader_result broken(struct response_reader *r, const char *why)
{
        r->why = why;
        return READER_BROKEN;
}

/* ---- head and trailers ---- */

/* Out of the buffer, which is soon another's: the field's bytes were copied with all others in one
   piece, and lie `moved` further on. */
static struct http_header copy_of(const struct response_field *f, ptrdiff_t moved)
{
        return (struct http_header){f->name + moved, f->value + moved, f->name_len, f->value_len,
                                    f->kinds};
}

/* Content-Length: the only one of these that is not about the connection, too. */
static bool is_length(const struct response_field *f)
{
        return f->kinds & HEADER_DELIMITS;
}

/* The length is a number to the caller, not a field. */
static void copy_fields(struct upstream_request *request, const struct response_parser *p,
                        ptrdiff_t moved)
{
        struct http_header *to = arena_room(request->arena, (p->field_count + 1) * sizeof *to);

        request->answer = to;
        request->answer_total = -1;
        for (const struct response_field *f = p->fields; f < p->fields + p->field_count; f++) {
                if (f->hop)
                        continue;
                if (is_length(f))
                        request->answer_total = (int64_t)p->length;
                else
                        *to++ = copy_of(f, moved);
        }
        request->answer_count = (size_t)(to - request->answer);
}

static void take_head(struct upstream_request *request, struct read_buffer *b, size_t used)
{
        const struct response_parser *p = &b->parser;
        ptrdiff_t moved = arena_copy(request->arena, b->bytes, used) - b->bytes;

        request->status = p->status;
        request->has_body = p->framing != RESPONSE_NO_BODY;
        copy_fields(request, p, moved);
        b->start = used;
}

bool response_reader_is_event_stream(const struct upstream_request *request)
{
        static const char name[] = "Content-Type", type[] = "text/event-stream";

        for (size_t i = 0; i < request->answer_count; i++)
                if (header_is(&request->answer[i], name, sizeof name - 1) &&
                    strncasecmp(request->answer[i].value, type, sizeof type - 1) == 0)
                        return true;
        return false;
}

static void take_trailers(struct upstream_request *request, const struct response_parser *p)
{
        const struct response_field *first = p->trailers, *last = first + p->trailer_count - 1;
        size_t len = (size_t)(last->value + last->value_len - first->name);
        ptrdiff_t moved = arena_copy(request->arena, first->name, len) - first->name;

        request->trailers =
                arena_room(request->arena, p->trailer_count * sizeof *request->trailers);
        for (size_t i = 0; i < p->trailer_count; i++)
                request->trailers[i] = copy_of(&first[i], moved);
        request->trailer_count = p->trailer_count;
}

static enum response_reader_result head_closed(struct response_reader *r,
                                               const struct read_buffer *b)
{
        if (errno)
                return broken(r, strerror(errno));
        return broken(r, b->end ? "it closed within the head of its answer"
                                : "it closed without an answer");
}

enum response_reader_result response_reader_head(struct response_reader *r,
                                                 struct upstream_request *request,
                                                 struct upstream_connection *c)
{
        while (c->readable) {
                size_t used;
                long n;

                if (!c->buffer)
                        read_buffer_take(c, strcmp(request->method, "HEAD") == 0);
                n = upstream_connection_receive(c, FIRST_READ);
                if (n < 0)
                        return head_closed(r, c->buffer);
                if (n == 0)
                        return READER_WAIT;
                request->begun = true;
                switch (response_parser_head(&c->buffer->parser, c->buffer->bytes, c->buffer->end,
                                             &used)) {
                case RESPONSE_HEAD:
                        take_head(request, c->buffer, used);
                        return READER_HEAD;
                case RESPONSE_BAD:
                        return broken(r, c->buffer->parser.why);
                default:
                        break;
                }
        }
        return READER_WAIT;
}

bool response_reader_end(struct upstream_request *request, struct upstream_connection *c)
{
        if (c->buffer->parser.trailer_count)
                take_trailers(request, &c->buffer->parser);
        return c->buffer->parser.keep && c->buffer->start == c->buffer->end;
}

/* ---- a short body, in one place ---- */

static bool all_decoded(const struct response_parser *p)
{
        return p->framing == RESPONSE_LENGTH && p->body == p->length;
}

void response_reader_gather_begin(struct response_reader *r, struct upstream_request *request,
                                  struct upstream_connection *c)
{
        struct read_buffer *b = c->buffer;
        const char *out;
        size_t used;

        r->piece = r->gathered = arena_room(request->arena, (size_t)b->parser.length + 1);
        if (response_parser_body(&b->parser, b->bytes + b->start, b->end - b->start, &used, &out,
                                 &r->piece_len) == RESPONSE_DATA)
                memcpy(r->gathered, out, r->piece_len);
        b->start += used;
}

/* We ask for one byte more than the body has: the read is then a short one, after which the
   connection is known to be empty. */
enum response_reader_result response_reader_gather(struct response_reader *r,
                                                   struct upstream_connection *c)
{
        struct response_parser *p = &c->buffer->parser;

        while (!all_decoded(p)) {
                char *to = r->gathered + r->piece_len;
                long n =
                        upstream_connection_receive_to(c, to, (size_t)response_parser_plain(p) + 1);
                const char *out;
                size_t used, len;

                if (n <= 0)
                        return n == 0 ? READER_WAIT : READER_BROKEN;
                response_parser_body(p, to, (size_t)n, &used, &out, &len);
                r->piece_len += len;
                p->keep = p->keep && used == (size_t)n;
        }
        return READER_END;
}

/* ---- a body in pieces ---- */

static enum response_reader_result give(struct response_reader *r, char *to, size_t room,
                                        size_t *len)
{
        *len = r->piece_len < room ? r->piece_len : room;
        memcpy(to, r->piece, *len);
        r->piece += *len;
        r->piece_len -= *len;
        return READER_DATA;
}

/* A piece from what the buffer holds, decoded where it lies. */
static enum response_reader_result decode(struct response_reader *r, struct read_buffer *b)
{
        size_t used = 0;
        enum response_result result =
                response_parser_body(&b->parser, b->bytes + b->start, b->end - b->start, &used,
                                     &r->piece, &r->piece_len);

        b->start += used;
        if (result == RESPONSE_BAD)
                return broken(r, b->parser.why);
        if (result == RESPONSE_END)
                return READER_END;
        if (result == RESPONSE_DATA && r->piece_len)
                return READER_DATA;
        r->piece_len = 0;
        return READER_WAIT;
}

/* errno says whether it closed in order, which may be the body's proper end. */
static enum response_reader_result body_closed(struct response_reader *r, struct response_parser *p)
{
        int number = errno;

        if (number)
                return broken(r, strerror(number));
        return response_parser_close(p) ? READER_END : broken(r, p->why);
}

enum response_reader_result response_reader_body(struct response_reader *r,
                                                 struct upstream_connection *c, char *to,
                                                 size_t room, size_t *len)
{
        struct read_buffer *b = c->buffer;

        while (!r->piece_len) {
                size_t start = b->start, end = b->end;
                enum response_reader_result result = decode(r, b);
                long n;

                if (result == READER_DATA)
                        break;
                if (result != READER_WAIT)
                        return result;
                if (b->start != start && b->start != end)
                        continue; /* framing was read, a piece may follow it */
                n = upstream_connection_receive(c, READ_BUFFER_ROOM);
                if (n < 0)
                        return body_closed(r, &b->parser);
                if (n == 0)
                        return READER_WAIT;
        }
        return give(r, to, room, len);
}

bool response_reader_is_complete(const struct response_reader *r,
                                 const struct upstream_connection *c)
{
        return !r->piece_len && all_decoded(&c->buffer->parser);
}
