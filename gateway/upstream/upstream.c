#include "gateway/upstream/upstream.h"

#include "base/container.h"
#include "gateway/upstream/upstream_inside.h"

enum {
        GATHER_MOST = 128 << 10,
        GATHER_ALL = 4 << 20,  /* of all attempts together: when many clients are slow, a buffer's
                                  worth of each answer is enough */
        GATHER_US = 20 * 1000, /* an answer that trickles is passed on as it comes */
};

/* What the caller is to be told. */
enum news {
        NEWS_NONE,
        NEWS_DONE,  /* done() */
        NEWS_READY, /* ready() */
};

/* ---- an attempt's end ---- */

static void finish(struct upstream_attempt *a, bool keep)
{
        struct upstream_connection *c = a->connection;

        a->state = UPSTREAM_DONE;
        a->connection = NULL;
        a->reader.piece_len = 0; /* it may lie in the connection's buffer */
        loop_timer_clear(a->upstreams->loop, &a->timer);
        if (c)
                upstream_connection_release(c, keep);
}

static enum news fail(struct upstream_attempt *a, enum upstream_outcome outcome, const char *reason)
{
        const struct upstream_connection *c = a->connection;
        bool told = a->state == UPSTREAM_STREAMING;

        a->request->outcome = outcome;
        a->request->reason = arena_string(a->request->arena, reason);
        /* that a kept connection was closed before an answer says nothing about the server */
        if (c && (!c->reused || told || outcome == UPSTREAM_SLOW))
                endpoint_failed(c->endpoint);
        finish(a, false);
        if (!told)
                return NEWS_DONE;
        return a->reader_waits || a->writer_waits ? NEWS_READY : NEWS_NONE;
}

/* The answer ended as it should. */
static void complete(struct upstream_attempt *a)
{
        struct upstream_connection *c = a->connection;
        bool clean = response_reader_end(a->request, c) && a->upload == UPLOAD_GIVEN &&
                     !a->writer.out_len && !c->deaf;

        endpoint_worked(c->endpoint);
        finish(a, clean);
}

/* Always the last step: the caller may cancel the request or start it again. */
static void tell(struct upstream_attempt *a, enum news news)
{
        if (news == NEWS_DONE)
                a->request->done(a->request);
        else if (news == NEWS_READY)
                a->request->ready(a->request);
}

static void set_timer(struct upstream_attempt *a, void (*due)(struct timer *timer), int64_t in_us)
{
        a->timer.due = due;
        loop_timer(a->upstreams->loop, &a->timer, in_us);
}

static void silence_due(struct timer *timer)
{
        struct upstream_attempt *a = CONTAINER_OF(timer, struct upstream_attempt, timer);
        const char *reason = a->state == UPSTREAM_STREAMING ? "no more of its answer came in time"
                                                            : "no answer in time";

        tell(a, fail(a, UPSTREAM_SLOW, reason));
}

static void expect_a_sign(struct upstream_attempt *a)
{
        if (a->silence_ms > 0)
                set_timer(a, silence_due, a->silence_ms * 1000LL);
}

/* ---- the answer ---- */

static enum news answered_whole(struct upstream_attempt *a, const char *body, size_t len)
{
        a->request->outcome = UPSTREAM_ANSWERED;
        a->request->whole = body;
        a->request->whole_len = len;
        complete(a);
        return NEWS_DONE;
}

static enum news answered(struct upstream_attempt *a)
{
        a->request->outcome = UPSTREAM_ANSWERED;
        a->state = UPSTREAM_STREAMING;
        loop_timer_clear(a->upstreams->loop, &a->timer);
        if (response_reader_is_event_stream(a->request))
                a->silence_ms = 0;
        return NEWS_DONE;
}

/* If the body breaks off, the caller gets the part that came, as of a long body. */
static enum news gather(struct upstream_attempt *a)
{
        enum response_reader_result result = response_reader_gather(&a->reader, a->connection);

        if (result == READER_WAIT)
                return NEWS_NONE;
        return result == READER_END ? answered_whole(a, a->reader.piece, a->reader.piece_len)
                                    : answered(a);
}

/* If it stalls, too. */
static void gather_due(struct timer *timer)
{
        struct upstream_attempt *a = CONTAINER_OF(timer, struct upstream_attempt, timer);

        tell(a, answered(a));
}

static bool is_to_be_gathered(const struct upstream_attempt *a)
{
        const struct read_buffer *b = a->connection->buffer;
        uint64_t length = b->parser.length;

        return b->parser.framing == RESPONSE_LENGTH &&
               (length <= b->end - b->start ||
                (length <= GATHER_MOST && a->upstreams->gathered + length <= GATHER_ALL));
}

/* A short body is read into the place that it is sent from, and sent as one piece: half of the
   copies, and no wake-ups between pieces. */
static enum news gather_begin(struct upstream_attempt *a)
{
        enum news news;

        a->held = (size_t)a->connection->buffer->parser.length;
        a->upstreams->gathered += a->held;
        response_reader_gather_begin(&a->reader, a->request, a->connection);
        news = gather(a);
        if (news == NEWS_NONE) {
                a->state = UPSTREAM_GATHERING;
                set_timer(a, gather_due, GATHER_US);
        }
        return news;
}

static enum news read_head(struct upstream_attempt *a)
{
        switch (response_reader_head(&a->reader, a->request, a->connection)) {
        case READER_WAIT:
                return NEWS_NONE;
        case READER_HEAD:
                if (!a->request->has_body)
                        return answered_whole(a, "", 0);
                return is_to_be_gathered(a) ? gather_begin(a) : answered(a);
        default:
                return fail(a, UPSTREAM_BROKEN, a->reader.why);
        }
}

long upstream_read(struct upstream_request *request, char *to, size_t room)
{
        struct upstream_attempt *a = request->attempt;
        size_t len;

        a->reader_waits = false;
        if (a->state == UPSTREAM_DONE)
                return request->reason ? UPSTREAM_READ_BROKEN : UPSTREAM_READ_END;
        switch (response_reader_body(&a->reader, a->connection, to, room, &len)) {
        case READER_WAIT:
                a->reader_waits = true;
                expect_a_sign(a);
                return UPSTREAM_READ_LATER;
        case READER_DATA:
                loop_timer_clear(a->upstreams->loop, &a->timer);
                if (response_reader_is_complete(&a->reader, a->connection))
                        complete(a); /* the caller need not ask for the end */
                return (long)len;
        case READER_END:
                complete(a);
                return UPSTREAM_READ_END;
        default:
                fail(a, UPSTREAM_BROKEN, a->reader.why);
                return UPSTREAM_READ_BROKEN;
        }
}

/* ---- the request ---- */

/* While we wait for the caller to give more of the body, the upstream's time does not run. */
static void set_patience(struct upstream_attempt *a)
{
        if (a->state == UPSTREAM_GATHERING)
                return; /* the timer is for that */
        if (a->writer.out_len || a->state == UPSTREAM_WAITING)
                expect_a_sign(a);
        else if (a->state == UPSTREAM_SENDING)
                loop_timer_clear(a->upstreams->loop, &a->timer);
}

static void send_some(struct upstream_attempt *a)
{
        enum request_writer_result result = request_writer_flush(&a->writer, a->connection);

        if (result == WRITER_EMPTY && a->upload == UPLOAD_ENDING) {
                request_writer_end(&a->writer, a->request);
                a->upload = UPLOAD_GIVEN;
                result = request_writer_flush(&a->writer, a->connection);
        }
        a->request->reached |= a->writer.sent > 0;
        if (a->state == UPSTREAM_SENDING &&
            (result == WRITER_BROKEN || (result == WRITER_EMPTY && a->upload == UPLOAD_GIVEN)))
                a->state = UPSTREAM_WAITING;
        set_patience(a);
}

/* Does all that can be done now, then tells the caller. */
static void advance(struct upstream_attempt *a)
{
        enum news news;

        if (a->writer.out_len && a->connection->writable)
                send_some(a);
        if (a->state == UPSTREAM_STREAMING)
                news = a->reader_waits && a->connection->readable ? NEWS_READY : NEWS_NONE;
        else
                news = a->state == UPSTREAM_GATHERING ? gather(a) : read_head(a);
        if (a->writer_waits && !a->writer.out_len) {
                a->writer_waits = false;
                news = news == NEWS_NONE ? NEWS_READY : news;
        }
        tell(a, news);
}

static void connection_ready(struct watch *watch, unsigned events)
{
        struct upstream_connection *c = CONTAINER_OF(watch, struct upstream_connection, watch);

        c->writable |= (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
        c->hung_up |= (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        c->readable |= (events & EPOLLIN) != 0 || c->hung_up;
        if (c->attempt)
                advance(c->attempt);
        else if (c->readable)
                upstream_connection_drop(c); /* it was closed, or something came unasked */
}

static void broken_due(struct timer *timer)
{
        struct upstream_attempt *a = CONTAINER_OF(timer, struct upstream_attempt, timer);

        expect_a_sign(a);
        advance(a);
}

/* For upstream_start and upstream_write, which call nobody back: if the upstream reads no more, the
   loop looks why, and whether it answered before. */
static void send_quietly(struct upstream_attempt *a)
{
        send_some(a);
        if (a->connection->deaf && a->state == UPSTREAM_WAITING)
                set_timer(a, broken_due, 0);
}

size_t upstream_write(struct upstream_request *request, const char *data, size_t len)
{
        struct upstream_attempt *a = request->attempt;
        bool deaf = a->connection && a->connection->deaf;

        if (!len && a->upload == UPLOAD_OPEN)
                a->upload = UPLOAD_ENDING;
        if (a->state == UPSTREAM_DONE || a->upload == UPLOAD_GIVEN ||
            (deaf && a->state == UPSTREAM_STREAMING))
                return len; /* nobody reads it any more */
        if (!a->connection || a->writer.out_len || deaf) {
                a->writer_waits = len > 0;
                return 0;
        }
        if (len)
                len = request_writer_add(&a->writer, request, data, len);
        send_quietly(a);
        return len;
}

/* ---- start and cancel ---- */

static void count_connecting(struct upstream_attempt *a, int more)
{
        const struct pool *pool = pool_of(a->upstreams, a->request->host, a->request->port);

        if (pool->meter)
                metric_add(pool->meter->connecting, more);
}

static void begin(struct upstream_attempt *a, struct upstream_connection *c)
{
        a->connection = c;
        c->attempt = a;
        a->state = UPSTREAM_SENDING;
}

static void dialled(struct dial *dial)
{
        struct upstream_attempt *a = dial->arg;
        struct pool *pool = pool_of(a->upstreams, dial->host, dial->port);

        a->dial = NULL;
        count_connecting(a, -1);
        if (dial->fd < 0) {
                tell(a, fail(a, UPSTREAM_REFUSED, dial->reason));
                return;
        }
        begin(a, upstream_connection_open(pool, dial->fd, dial->endpoint, connection_ready));
        advance(a);
}

static void start_dial(struct upstream_attempt *a)
{
        struct dial *dial = arena_alloc(a->request->arena, sizeof *dial);

        *dial = (struct dial){.host = a->request->host,
                              .port = a->request->port,
                              .connect_ms = a->request->connect_ms,
                              .done = dialled,
                              .arg = a};
        a->dial = dial;
        count_connecting(a, 1);
        dial_start(a->upstreams->dialer, dial);
}

static void forget_answer(struct upstream_request *request)
{
        request->outcome = UPSTREAM_BROKEN;
        request->reached = request->begun = request->has_body = false;
        request->reason = request->whole = NULL;
        request->whole_len = request->answer_count = request->trailer_count = 0;
        request->status = 0;
}

/* A body that the caller has ended before stays ended. */
static struct upstream_attempt *attempt_open(struct upstreams *u, struct upstream_request *request)
{
        struct upstream_attempt *a = request->attempt;
        enum upstream_upload upload = a && a->upload != UPLOAD_OPEN ? UPLOAD_ENDING : UPLOAD_OPEN;

        upstream_cancel(request);
        forget_answer(request);
        if (!a)
                a = request->attempt = arena_room(request->arena, sizeof *a);
        *a = (struct upstream_attempt){.request = request,
                                       .upstreams = u,
                                       .state = UPSTREAM_CONNECTING,
                                       .upload = request->more ? upload : UPLOAD_GIVEN,
                                       .silence_ms = request->response_ms};
        return a;
}

static void unsound_due(struct timer *timer)
{
        struct upstream_attempt *a = CONTAINER_OF(timer, struct upstream_attempt, timer);

        tell(a, fail(a, UPSTREAM_BROKEN, "a line break in a header field"));
}

void upstream_start(struct upstreams *u, struct upstream_request *request)
{
        struct upstream_attempt *a = attempt_open(u, request);
        struct upstream_connection *kept;

        if (!request_writer_begin(&a->writer, request)) {
                set_timer(a, unsound_due, 0);
                return;
        }
        kept = pool_take(pool_of(u, request->host, request->port), request->careful);
        if (kept) {
                begin(a, kept);
                send_quietly(a);
        } else {
                start_dial(a);
        }
}

void upstream_cancel(struct upstream_request *request)
{
        struct upstream_attempt *a = request->attempt;

        if (!a)
                return;
        if (a->held) /* else the upstreams may be closed: a request may end after its worker */
                a->upstreams->gathered -= a->held;
        a->held = 0;
        if (a->state == UPSTREAM_DONE)
                return;
        if (a->dial) {
                dial_cancel(a->dial);
                count_connecting(a, -1);
        }
        finish(a, false);
}
