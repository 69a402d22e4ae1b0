#include "http/injected.h"

#include "base/faults_kinds.h"
#include "base/span.h"
#include "http/answer.h"
#include "http/stream.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
        LOOK_US = 100 * 1000, /* is the fault still on? */
        SENT_US = 5 * 1000,   /* is the half sent? */
        SENT_MOST_US = 5000 * 1000,
};

struct injected {
        struct exchange *exchange;
        const char *kinds;  /* "http-latency,http-reset" */
        struct timer timer; /* of either wait: before the answer, or after half of it */
        int64_t fault, until_us;
        /* the half that is still to be sent: of the answer's body, or of what its pull gives */
        const char *body;
        long (*pull)(struct http_request *request, char *to, size_t room);
        size_t left;
        bool one_piece; /* its length is unknown: the first piece is the half */
        int64_t give_up_us;
};

static struct injected *injected_of(struct exchange *e)
{
        if (!e->injected) {
                e->injected = arena_alloc(e->request.arena, sizeof *e->injected);
                e->injected->exchange = e;
        }
        return e->injected;
}

static bool strikes(struct exchange *e, enum fault_kind kind, struct injection *injection)
{
        const struct http_request *r = &e->request;
        const struct fault_place place = {.method = r->method, .path = r->path};
        struct faults *faults = r->server->config.faults;
        struct injected *in;

        if (!faults_may(faults, kind) || !faults_strike(faults, kind, &place, injection))
                return false;
        in = injected_of(e);
        in->kinds = in->kinds ? arena_printf(r->arena, "%s,%s", in->kinds, fault_rows[kind].name)
                              : fault_rows[kind].name;
        return true;
}

/* ---- a status ---- */

bool injected_instead(struct exchange *e)
{
        struct http_request *r = &e->request;
        struct injection injection;

        if (!strikes(e, FAULT_HTTP_STATUS, &injection))
                return false;
        http_answer_problem(r, injection.status,
                            "the fault http-status made this answer, and nothing was done");
        if (injection.status == 503 || injection.status == 429)
                http_answer_header(r, "Retry-After", "1");
        return true;
}

/* ---- the wait ---- */

static bool is_draining(const struct exchange *e)
{
        return atomic_load_explicit(&e->request.server->draining, memory_order_relaxed);
}

static void wake(struct injected *in)
{
        connection_of(in->exchange)->worker->touched = true;
        MHD_resume_connection(in->exchange->mhd);
}

static void look_after(struct injected *in, int64_t left_us)
{
        loop_timer(in->exchange->request.loop, &in->timer, left_us < LOOK_US ? left_us : LOOK_US);
}

/* A server that is about to end keeps nobody waiting. */
static void look(struct timer *timer)
{
        struct injected *in = CONTAINER_OF(timer, struct injected, timer);
        const struct http_request *r = &in->exchange->request;
        int64_t left_us = in->until_us - clock_mono_us();

        if (left_us > 0 && !is_draining(in->exchange) &&
            faults_still(r->server->config.faults, in->fault))
                look_after(in, left_us);
        else
                wake(in);
}

static bool delay(struct exchange *e)
{
        struct injection injection;
        struct injected *in;

        if (e->state == EXCHANGE_DELAYED || connection_of(e)->hung_up || is_draining(e) ||
            !strikes(e, FAULT_HTTP_LATENCY, &injection))
                return false;
        in = injected_of(e);
        in->fault = injection.fault;
        in->until_us = clock_mono_us() + injection.delay_us;
        in->timer.due = look;
        look_after(in, injection.delay_us);
        e->state = EXCHANGE_DELAYED;
        MHD_suspend_connection(e->mhd);
        return true;
}

void injected_hurry(struct exchange *e)
{
        struct injected *in = e->injected;

        if (!in || e->state != EXCHANGE_DELAYED || !in->timer.set)
                return;
        loop_timer_clear(e->request.loop, &in->timer);
        wake(in);
}

/* ---- the reset ---- */

/* The library closes the connection in this round and frees it in the next. */
static enum injected_step reset(struct exchange *e)
{
        stream_reset(e);
        connection_of(e)->worker->touched = true;
        return INJECTED_CLOSED;
}

static enum injected_step reset_at_once(struct exchange *e)
{
        e->status = INJECTED_RESET;
        e->request.answer.body = NULL; /* for the access line: nothing of it was sent */
        e->request.answer.len = 0;
        return reset(e);
}

/* ---- half of an answer ---- */

static void sent_due(struct timer *timer)
{
        http_go_on(&CONTAINER_OF(timer, struct injected, timer)->exchange->request);
}

/* A reset drops what the client's side has not taken yet. So it waits for that, though not long. */
static long break_off_when_sent(struct injected *in)
{
        struct exchange *e = in->exchange;
        int64_t now = clock_mono_us();
        int unsent = 0;

        if (!in->give_up_us)
                in->give_up_us = now + SENT_MOST_US;
        if (now >= in->give_up_us || is_draining(e) ||
            ioctl(connection_of(e)->fd, SIOCOUTQ, &unsent) != 0 || !unsent)
                return HTTP_PULL_BROKEN;
        in->timer.due = sent_due;
        loop_timer(e->request.loop, &in->timer, SENT_US);
        return HTTP_PULL_LATER;
}

static long give(struct injected *in, char *to, size_t room)
{
        if (room > in->left)
                room = in->left;
        if (in->pull)
                return in->pull(&in->exchange->request, to, room);
        memcpy(to, in->body, room);
        in->body += room;
        return (long)room;
}

static long pull_half(struct http_request *r, char *to, size_t room)
{
        struct injected *in = ((struct exchange *)r)->injected;
        long n = in->left ? give(in, to, room) : HTTP_PULL_END;

        if (n == HTTP_PULL_END)
                in->left = 0;
        else if (n > 0)
                in->left = in->one_piece ? 0 : in->left - (size_t)n;
        return n == HTTP_PULL_END ? break_off_when_sent(in) : n;
}

static bool has_body(const struct http_request *r)
{
        const struct http_answer *a = &r->answer;

        if (strcmp(r->method, "HEAD") == 0 || a->status < 200 || a->status == 204 ||
            a->status == 304)
                return false;
        return a->pull ? a->pull_len != 0 : a->body && a->len;
}

/* The head says the whole length. Where there is no body, the break is within the head, which the
   library cannot do. */
static enum injected_step halve(struct exchange *e, bool early)
{
        struct http_answer *a = &e->request.answer;
        struct injected *in = injected_of(e);

        if (early || !has_body(&e->request)) {
                answer_push_half(e);
                return reset(e);
        }
        if (!a->pull)
                a->pull_len = (int64_t)a->len;
        in->pull = a->pull;
        in->body = a->body;
        in->one_piece = a->pull_len < 0;
        in->left = in->one_piece ? SIZE_MAX : (size_t)a->pull_len / 2;
        a->body = NULL;
        a->len = 0;
        a->pull = pull_half;
        return INJECTED_SEND;
}

/* ---- for the exchange ---- */

enum injected_step injected_strike(struct exchange *e, bool early)
{
        struct injection injection;

        if (delay(e))
                return INJECTED_WAIT;
        if (strikes(e, FAULT_HTTP_RESET, &injection))
                return reset_at_once(e);
        if (strikes(e, FAULT_HTTP_HALF_ANSWER, &injection))
                return halve(e, early);
        return INJECTED_SEND;
}

void injected_end(struct exchange *e)
{
        if (!e->injected)
                return;
        loop_timer_clear(e->request.loop, &e->injected->timer);
        if (e->span)
                span_text(e->span, "mall.fault", e->injected->kinds);
        e->injected = NULL;
}
