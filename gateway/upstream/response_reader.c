#include "gateway/upstream/response_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The first read takes the head and a small body; more of a larger one would be copied once more.
 */
enum { FIRST_READ = 8 << 10 };

static enum response_reader_result broken(struct response_reader *r, const char *why)
{
        r->why = why;
        return READER_BROKEN;
}

/* ---- head and trailers ---- */

/* Out of the buffer, which is soon another's: the fields' bytes were copied in one piece, and lie
   `moved` further on. */
static size_t copy_fields(struct arena *arena, const struct response_field *fields, size_t count,
                          ptrdiff_t moved, struct http_header **to)
{
        size_t kept = 0;

        *to = arena_room(arena, (count + 1) * sizeof **to);
        for (size_t i = 0; i < count; i++)
                if (!fields[i].hop)
                        (*to)[kept++] = (struct http_header){fields[i].name + moved,
                                                             fields[i].value + moved};
        return kept;
}

/* Content-Length is a number to the caller, not a field. */
static void split_length(struct upstream_request *request)
{
        size_t kept = 0;

        request->answer_total = -1;
        for (size_t i = 0; i < request->answer_count; i++)
                if (strcasecmp(request->answer[i].name, "Content-Length") == 0)
                        request->answer_total = strtoll(request->answer[i].value, NULL, 10);
                else
                        request->answer[kept++] = request->answer[i];
        request->answer_count = kept;
}

static void take_head(struct upstream_request *request, struct read_buffer *b, size_t used)
{
        const struct response_parser *p = &b->parser;
        ptrdiff_t moved = arena_copy(request->arena, b->bytes, used) - b->bytes;

        request->status = p->status;
        request->has_body = p->framing != RESPONSE_NO_BODY;
        request->answer_count =
                copy_fields(request->arena, p->fields, p->field_count, moved, &request->answer);
        split_length(request);
        b->start = used;
}

bool response_reader_is_event_stream(const struct upstream_request *request)
{
        static const char type[] = "text/event-stream";

        for (size_t i = 0; i < request->answer_count; i++)
                if (strcasecmp(request->answer[i].name, "Content-Type") == 0 &&
                    strncasecmp(request->answer[i].value, type, sizeof type - 1) == 0)
                        return true;
        return false;
}

static void take_trailers(struct upstream_request *request, const struct response_parser *p)
{
        const struct response_field *first = p->trailers, *last = first + p->trailer_count - 1;
        size_t len = (size_t)(last->value + last->value_len - first->name);
        ptrdiff_t moved = arena_copy(request->arena, first->name, len) - first->name;

        request->trailer_count =
                copy_fields(request->arena, first, p->trailer_count, moved, &request->trailers);
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
