#include "http/stream.h"

#include "http/grammar.h"

#include <sys/socket.h>

enum {
        MIN_RATE = 500, /* bytes a second, as Apache's mod_reqtimeout */
        BLOCK = 32 << 10,
};

static int64_t now_ms(const struct exchange *e)
{
        return atomic_load_explicit(&e->request.server->now_ms, memory_order_relaxed);
}

static void patience_begin(struct exchange *e)
{
        e->patience = (struct body_patience){e->request.server->config.body_ms, now_ms(e)};
}

/* The peer moved so many bytes since we began to wait. */
static void patience_grow(struct exchange *e, size_t bytes)
{
        struct body_patience *p = &e->patience;
        int64_t most = e->request.server->config.body_ms;

        p->left_ms += (int64_t)bytes * 1000 / MIN_RATE - (now_ms(e) - p->since_ms);
        if (p->left_ms > most)
                p->left_ms = most;
}

/* Waits for the peer, at most for the time that is left. */
static void wait_for_peer(struct exchange *e, enum phase phase)
{
        e->patience.since_ms = now_ms(e);
        connection_enter(connection_of(e), phase,
                         (int)(e->patience.left_ms > 0 ? e->patience.left_ms : 0));
}

/* Waits for the handler, however long that takes. */
static void fall_asleep(struct exchange *e)
{
        e->asleep = true;
        connection_enter(connection_of(e), PHASE_BUSY, -1);
        MHD_suspend_connection(e->mhd);
}

void http_go_on(struct http_request *request)
{
        struct exchange *e = (struct exchange *)request;

        if (!e->asleep)
                return;
        e->asleep = false;
        wait_for_peer(e, e->response ? PHASE_WRITING : PHASE_BODY);
        connection_of(e)->worker->touched = true;
        MHD_resume_connection(e->mhd);
}

void stream_body_begins(struct exchange *e)
{
        patience_begin(e);
        e->streamed = e->body.len;
        wait_for_peer(e, PHASE_BODY);
}

/* After an early answer the rest of the body is read and dropped: the library sends nothing before
   the body's end. */
static size_t hand_on(struct exchange *e, const char *data, size_t len)
{
        const struct http_handler *handler = &e->request.server->config.handler;

        if (atomic_load(&e->turn) == TURN_RESUMED)
                return len;
        return handler->streams->take(&e->request, data, len, handler->streams->arg);
}

bool stream_body_take(struct exchange *e, const char *data, size_t *len)
{
        struct connection *c = connection_of(e);
        size_t taken;

        if (e->streamed + *len > c->server->config.max_body) {
                e->cut_short = 413;
                c->linger = true;
                return false;
        }
        taken = hand_on(e, data, *len);
        e->streamed += taken;
        *len -= taken;
        patience_grow(e, taken);
        if (*len)
                fall_asleep(e);
        else
                wait_for_peer(e, PHASE_BODY);
        return true;
}

void stream_body_over(struct exchange *e)
{
        const struct http_handler *handler = &e->request.server->config.handler;

        connection_enter(connection_of(e), PHASE_BUSY, -1);
        if (atomic_load(&e->turn) != TURN_RESUMED)
                handler->streams->take(&e->request, NULL, 0, handler->streams->arg);
}

/* If only the close ends the body, as in HTTP/1.0, an orderly close would look like its end, and
   the library closes in order. connect(2) with AF_UNSPEC resets the connection at once. */
void stream_reset(struct exchange *e)
{
        struct sockaddr nobody = {.sa_family = AF_UNSPEC};

        if (connect(connection_of(e)->fd, &nobody, sizeof nobody) != 0)
                return; /* gone already */
}

/* MHD_ContentReaderCallback */
static ssize_t pull(void *arg, uint64_t position, char *to, size_t room)
{
        struct exchange *e = arg;
        long n = e->request.answer.pull(&e->request, to, room);

        (void)position;
        if (n != HTTP_PULL_LATER)
                connection_of(e)->worker->moved = true;
        if (n > 0) {
                e->pulled += (size_t)n;
                patience_grow(e, (size_t)n);
                wait_for_peer(e, PHASE_WRITING);
                return n;
        }
        if (n == HTTP_PULL_LATER) {
                fall_asleep(e);
                return 0;
        }
        if (n == HTTP_PULL_END)
                return MHD_CONTENT_READER_END_OF_STREAM;
        stream_reset(e);
        /* the library closes it in this round and frees it in the next */
        connection_of(e)->worker->touched = true;
        return MHD_CONTENT_READER_END_WITH_ERROR;
}

struct MHD_Response *stream_response(struct exchange *e)
{
        int64_t len = e->request.answer.pull_len;

        patience_begin(e);
        return MHD_create_response_from_callback(len < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)len, BLOCK,
                                                 pull, e, NULL);
}

void http_answer_trailer(struct http_request *request, const char *name, const char *value)
{
        struct exchange *e = (struct exchange *)request;

        if (e->response && is_token(name, strlen(name)))
                MHD_add_response_footer(e->response, name, value);
}
