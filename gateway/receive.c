/* An exchange's answer on its way back. */
#include "gateway/upstream_inside.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
        GATHER_MOST = 128 << 10,
        GATHER_ALL = 4 << 20,  /* of all exchanges together: when many clients are slow, a desk's worth of each answer is enough */
        GATHER_US = 20 * 1000, /* an answer that trickles is passed on as it comes */
        FIRST_READ = 8 << 10,  /* the head and a small body; more of a larger one would be copied once more */
};

static bool is_event_stream(const char *type)
{
        return strncasecmp(type, "text/event-stream", 17) == 0;
}

/* Out of the desk, which is soon another's: the bytes in one piece, `moved` further on. */
static void take_fields(struct exchange *x, const struct reply_field *fields, size_t count, ptrdiff_t moved,
                        struct upstream_header **to, size_t *to_count)
{
        *to = arena_room(x->arena, (count + 1) * sizeof **to);
        *to_count = 0;
        for (size_t i = 0; i < count; i++)
                if (!fields[i].hop)
                        (*to)[(*to_count)++] = (struct upstream_header){fields[i].name + moved, fields[i].value + moved};
}

static void take_length(struct exchange *x)
{
        size_t kept = 0;

        x->answer_total = -1;
        for (size_t i = 0; i < x->answer_count; i++)
                if (strcasecmp(x->answer[i].name, "Content-Length") == 0) {
                        x->answer_total = strtoll(x->answer[i].value, NULL, 10);
                } else {
                        x->endless |= strcasecmp(x->answer[i].name, "Content-Type") == 0 && is_event_stream(x->answer[i].value);
                        x->answer[kept++] = x->answer[i];
                }
        x->answer_count = kept;
}

static long read_over(struct exchange *x)
{
        struct reply *r = &x->link->desk->reply;
        bool clean = r->keep && x->body_sent && !x->deaf && !x->out_len && x->link->desk->start == x->link->desk->end;

        if (r->trailer_count) {
                const struct reply_field *first = r->trailers, *last = first + r->trailer_count - 1;
                const char *copy = arena_copy(x->arena, first->name, (size_t)(last->value + last->value_len - first->name));

                take_fields(x, first, r->trailer_count, copy - first->name, &x->trailers, &x->trailer_count);
        }
        place_worked(x->link->place);
        exchange_release(x, clean);
        return EXCHANGE_END;
}

static long read_broken(struct exchange *x, const char *why)
{
        x->reason = arena_string(x->arena, why);
        x->outcome = UPSTREAM_BROKEN;
        place_failed(x->link->place);
        exchange_release(x, false);
        return EXCHANGE_BROKEN;
}

static const char *broken_reason(int number, const char *otherwise)
{
        return number ? strerror(number) : otherwise;
}

static long read_closed(struct exchange *x)
{
        int number = errno;
        struct reply *r = &x->link->desk->reply;

        if (number == 0 && reply_close(r))
                return read_over(x);
        return read_broken(x, broken_reason(number, r->why));
}

static bool is_complete(const struct reply *r)
{
        return r->framing == REPLY_LENGTH && r->body == r->length;
}

static void read_end(struct exchange *x)
{
        struct desk *d = x->link->desk;
        const char *out;
        size_t used, len;

        if (reply_body(&d->reply, d->bytes + d->start, d->end - d->start, &used, &out, &len) == REPLY_END)
                read_over(x);
}

static long give_piece(struct exchange *x, char *to, size_t room)
{
        size_t len = x->piece_len < room ? x->piece_len : room;

        memcpy(to, x->piece, len);
        x->piece += len;
        x->piece_len -= len;
        if (!x->piece_len && is_complete(&x->link->desk->reply))
                read_end(x); /* nobody asks behind the last byte of a known length */
        return (long)len;
}

/* What the desk holds of the body, decoded in place. */
static long read_desk(struct exchange *x, char *to, size_t room)
{
        struct desk *d = x->link->desk;
        size_t used = 0;
        enum reply_result result = reply_body(&d->reply, d->bytes + d->start, d->end - d->start, &used, &x->piece, &x->piece_len);

        d->start += used;
        if (result == REPLY_BAD)
                return read_broken(x, d->reply.why);
        if (result == REPLY_END)
                return read_over(x);
        if (result == REPLY_DATA && x->piece_len)
                return give_piece(x, to, room);
        x->piece_len = 0;
        return EXCHANGE_LATER;
}

static long read_some(struct exchange *x, char *to, size_t room)
{
        for (;;) {
                struct desk *d = x->link->desk;
                size_t start = d->start, end = d->end;
                long n = read_desk(x, to, room);

                if (n != EXCHANGE_LATER)
                        return n;
                if (d->start != start && d->start != end)
                        continue; /* framing was read, there may be more behind it */
                n = link_receive(x->link, DESK_ROOM);
                if (n < 0)
                        return read_closed(x);
                if (n == 0)
                        return EXCHANGE_LATER;
        }
}

long exchange_read(struct exchange *x, char *to, size_t room)
{
        long n;

        x->wants_read = false;
        if (x->piece_len)
                return give_piece(x, to, room);
        if (x->over)
                return x->reason ? EXCHANGE_BROKEN : EXCHANGE_END;
        n = read_some(x, to, room);
        if (n > 0) {
                loop_timer_clear(x->upstreams->loop, &x->timer);
        } else if (n == EXCHANGE_LATER) {
                x->wants_read = true;
                exchange_wait(x);
        }
        return n;
}

static void tell_head(struct exchange *x)
{
        loop_timer_clear(x->upstreams->loop, &x->timer);
        x->gathered = NULL;
        x->headed = true;
        x->done(x);
}

static void take_whole(struct exchange *x)
{
        x->whole = x->piece;
        x->whole_len = x->piece_len;
        read_end(x);
        tell_head(x);
}

/* What breaks off or takes too long is told of as far as it came, like a long one. */
static void gather(struct exchange *x)
{
        struct reply *r = &x->link->desk->reply;
        const char *out;
        size_t used, len;
        long n = 0;

        /* a byte more than is wanted: so the read is a short one, and the connection known to be empty */
        while (!is_complete(r) && (n = link_receive_to(x->link, x->gathered + x->piece_len, (size_t)reply_plain(r) + 1)) > 0) {
                reply_body(r, x->gathered + x->piece_len, (size_t)n, &used, &out, &len);
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
        tell_head((struct exchange *)((char *)timer - offsetof(struct exchange, timer)));
}

/* A body that is not long is read to where it is sent from, and sent as one: half the copies, and nobody is woken in between. */
static void gather_begin(struct exchange *x, size_t length)
{
        struct desk *d = x->link->desk;
        const char *out;
        size_t used;

        x->piece = x->gathered = arena_room(x->arena, length + 1);
        x->held = length;
        x->upstreams->gathered += length;
        /* what came with the head, often all of it */
        if (reply_body(&d->reply, d->bytes + d->start, d->end - d->start, &used, &out, &x->piece_len) == REPLY_DATA)
                memcpy(x->gathered, out, x->piece_len);
        d->start += used;
        if (is_complete(&d->reply)) {
                take_whole(x);
                return;
        }
        x->timer.due = gather_due;
        loop_timer(x->upstreams->loop, &x->timer, GATHER_US);
        gather(x);
}

static bool is_to_be_gathered(const struct exchange *x, uint64_t length)
{
        const struct desk *d = x->link->desk;

        return length <= d->end - d->start || (length <= GATHER_MOST && x->upstreams->gathered + length <= GATHER_ALL);
}

void receive_forget(struct exchange *x)
{
        if (x->held)
                x->upstreams->gathered -= x->held;
        x->held = 0;
}

static void take_head(struct exchange *x, size_t used)
{
        struct desk *d = x->link->desk;
        struct reply *r = &d->reply;

        loop_timer_clear(x->upstreams->loop, &x->timer);
        x->outcome = UPSTREAM_ANSWERED;
        x->status = r->status;
        take_fields(x, r->fields, r->field_count, arena_copy(x->arena, d->bytes, used) - d->bytes, &x->answer, &x->answer_count);
        take_length(x);
        x->has_body = r->framing != REPLY_NO_BODY;
        d->start = used;
        if (r->framing == REPLY_LENGTH && is_to_be_gathered(x, r->length)) {
                gather_begin(x, (size_t)r->length);
        } else if (r->framing == REPLY_NO_BODY) {
                x->whole = "";
                read_end(x);
                tell_head(x);
        } else {
                tell_head(x);
        }
}

void receive_head(struct exchange *x)
{
        struct link *l = x->link;

        if (x->gathered) {
                gather(x);
                return;
        }
        while (l->readable) {
                size_t used;
                long n;

                if (!l->desk)
                        desk_take(l, strcmp(x->method, "HEAD") == 0);
                n = link_receive(l, FIRST_READ);
                if (n < 0) {
                        exchange_fail(x, UPSTREAM_BROKEN, broken_reason(errno, l->desk->end ? "it closed within the head of its answer"
                                                                                     : "it closed without an answer"));
                        return;
                }
                if (n == 0)
                        return;
                x->begun = true;
                switch (reply_head(&l->desk->reply, l->desk->bytes, l->desk->end, &used)) {
                case REPLY_HEAD:
                        take_head(x, used);
                        return;
                case REPLY_BAD:
                        exchange_fail(x, UPSTREAM_BROKEN, l->desk->reply.why);
                        return;
                default:
                        break;
                }
        }
}

