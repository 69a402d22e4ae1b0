#include "service/event_stream.h"

#include "base/clock.h"
#include "base/container.h"

#include <stdlib.h>
#include <string.h>

enum {
        PACE_MS = 100, /* between two wakes */
        BEAT_MS = 10000,
        LAST = 100, /* old events for a newcomer */
        LAST_MOST = 1000,
        RATE = 1000,          /* events a second for a stream that has caught up */
        LEFT_AFTER_GAP = 100, /* that many of the newest are still sent */
        PIECE = 24 << 10,     /* bytes at a time */
        PAY_US = 90000, /* so that a stream at its limit sends in pieces, not event by event */
        RATES_US = 1000000,
        AHEAD_US = 3000000, /* another replica may be ahead of this one by so much */
};

struct event_follower {
        struct sse_stream stream;
        struct event_streams *streams;
        uint64_t next, free_until; /* events before free_until are not limited by RATE */
        int64_t opened_us, paid_us, rates_us;
        int budget; /* events that may be sent now */
        uint64_t skipped, rates;
        bool greeted;
        int partitions; /* in the two lists */
        int64_t *sent;  /* by partition: the last offset that was sent, -1: none */
        int64_t *had;   /* what the client has from an earlier stream, until that is passed */
};

static void know_partition(struct event_follower *f, int32_t partition)
{
        int more = partition + 1;

        if (more <= f->partitions)
                return;
        f->sent = memory_grow(f->sent, (size_t)more * sizeof *f->sent);
        f->had = memory_grow(f->had, (size_t)more * sizeof *f->had);
        for (; f->partitions < more; f->partitions++)
                f->sent[f->partitions] = f->had[f->partitions] = -1;
}

/* ---- its beginning ---- */

/* "0-17.1-4"; false: it is no such list. */
static bool vector_read(struct event_follower *f, const char *text)
{
        char *end = (char *)(uintptr_t)text;

        for (bool more = *text; more; more = *end == '.', text = end + 1) {
                long partition = strtol(text, &end, 10);

                if (*text < '0' || *text > '9' || *end != '-' || partition >= RECENT_PARTITIONS ||
                    end[1] < '0' || end[1] > '9')
                        return false;
                know_partition(f, (int32_t)partition);
                f->had[partition] = f->sent[partition] = strtoll(end + 1, &end, 10);
        }
        return f->partitions && !*end;
}

static void forget_vector(struct event_follower *f)
{
        for (int i = 0; i < f->partitions; i++)
                f->had[i] = f->sent[i] = -1;
}

static void begin_as_newcomer(struct event_follower *f, uint64_t last)
{
        struct recent_span span = recent_span(f->streams->recent);

        f->next = span.end - span.first > last ? span.end - last : span.first;
        f->free_until = span.end;
}

/* What the client has not got and we have no longer. */
static void begin_after_vector(struct event_follower *f)
{
        struct recent_span span = recent_span(f->streams->recent);

        for (int i = 0; i < f->partitions; i++) {
                int64_t before = recent_before(f->streams->recent, i);

                if (f->had[i] >= 0 && before > f->had[i])
                        f->skipped += (uint64_t)(before - f->had[i]);
        }
        f->next = span.first;
        f->free_until = span.end;
}

static bool last_read(struct http_request *r, uint64_t *last)
{
        const char *text = http_query(r, "last", 0);
        char *end;

        *last = LAST;
        if (!text)
                return true;
        *last = strtoul(text, &end, 10);
        if (*last > LAST_MOST)
                *last = LAST_MOST;
        return *text >= '0' && *text <= '9' && !*end;
}

/* The header is newer: a browser that comes back by itself asks with the query of its first time.
 */
static const char *place_asked(struct http_request *r)
{
        const char *text = http_header(r, "Last-Event-ID");

        if (!*text)
                text = http_query(r, "lastEventId", 0);
        return text ? text : "";
}

enum http_result event_stream_begin(struct event_streams *es, struct http_request *r)
{
        struct event_follower *f;
        uint64_t last;

        if (!last_read(r, &last)) {
                http_answer_problem(r, 400, "last must be a number of events");
                return HTTP_ANSWERED;
        }
        f = memory_alloc(sizeof *f);
        f->streams = es;
        f->opened_us = f->paid_us = clock_mono_us();
        f->budget = RATE;
        if (vector_read(f, place_asked(r))) {
                begin_after_vector(f);
        } else {
                forget_vector(f);
                begin_as_newcomer(f, last);
        }
        return sse_begin(es->sse, r, &f->stream);
}

/* ---- what it sends ---- */

/* Another replica may have been ahead of us, so what the client has may still come. If it does not,
   the topic was made anew. */
static void doubt_vector(struct event_follower *f)
{
        bool ahead = false;

        if (!f->opened_us || clock_mono_us() - f->opened_us < AHEAD_US)
                return;
        f->opened_us = 0;
        for (int i = 0; i < f->partitions; i++)
                ahead |= f->had[i] > recent_newest(f->streams->recent, i);
        if (!ahead)
                return;
        forget_vector(f);
        begin_as_newcomer(f, LAST);
        f->skipped++;
}

static void pay(struct event_follower *f)
{
        int64_t now = clock_mono_us(), more = (now - f->paid_us) * RATE / 1000000;

        if (now - f->paid_us < PAY_US)
                return;
        f->paid_us = now;
        f->budget = f->budget + more > RATE ? RATE : f->budget + (int)more;
}

/* Too slow, or too much came. */
static void skip_ahead(struct event_follower *f)
{
        struct recent_span span = recent_span(f->streams->recent);
        uint64_t from = f->next;

        if (f->next < span.first)
                f->next = span.first;
        if (f->next >= f->free_until && span.end - f->next > RATE)
                f->next = span.end - LEFT_AFTER_GAP;
        f->skipped += f->next - from;
}

struct event_piece {
        struct event_follower *follower;
        struct text *out;
        uint64_t at; /* the number of the event that comes */
        int events;
};

/* The frame stays open, because the last one of a piece gets an id. */
static bool add_event(void *arg, const struct recent_event *e)
{
        struct event_piece *p = arg;
        struct event_follower *f = p->follower;
        bool is_free = p->at < f->free_until;

        if (p->out->len >= PIECE || (!is_free && !f->budget))
                return false;
        p->at++;
        know_partition(f, e->partition);
        if (e->offset <= f->had[e->partition])
                return true;
        f->had[e->partition] = -1;
        f->sent[e->partition] = e->offset;
        f->budget -= !is_free;
        text_string(p->out, p->events++ ? "\ndata: " : "data: ");
        text_add(p->out, e->line, e->len);
        text_char(p->out, '\n');
        return true;
}

static void add_id(const struct event_follower *f, struct text *out)
{
        const char *between = "id: ";

        for (int i = 0; i < f->partitions; i++) {
                if (f->sent[i] < 0)
                        continue;
                text_printf(out, "%s%d-%lld", between, i, (long long)f->sent[i]);
                between = ".";
        }
        text_string(out, "\n\n");
}

static void add_events(struct event_follower *f, struct text *out)
{
        struct event_piece piece = {f, out, f->next, 0};

        f->next = recent_each(f->streams->recent, f->next, add_event, &piece);
        if (piece.events)
                add_id(f, out);
}

static void add_gap(struct event_follower *f, struct text *out)
{
        if (f->skipped)
                text_printf(out, "event: gap\ndata: {\"skipped\":%llu}\n\n",
                            (unsigned long long)f->skipped);
        f->skipped = 0;
}

/* Once a second, if they changed. */
static void add_rates(struct event_follower *f, struct text *out)
{
        struct event_streams *es = f->streams;
        struct text counts;
        int followers;
        int64_t passed, now = clock_mono_us();
        uint64_t version;

        if (now - f->rates_us < RATES_US)
                return; /* before the counts, which are made under the memory's lock */
        counts = text_open(out->arena, 500);
        followers = sse_count(es->sse);
        passed = atomic_load(&es->passed_over);
        version = recent_counts(es->recent, &counts) + ((uint64_t)passed << 20) +
                  ((uint64_t)followers << 50);
        if (version == f->rates)
                return;
        f->rates = version;
        f->rates_us = now;
        text_printf(out,
                    "event: rates\ndata: {\"counts\":%s,\"passedOver\":%lld,\"followers\":%d}\n\n",
                    counts.at, (long long)passed, followers);
}

static void fill(struct sse_stream *stream, struct text *out)
{
        struct event_follower *f = CONTAINER_OF(stream, struct event_follower, stream);

        if (!f->greeted)
                text_string(out, "retry: 1000\n\n");
        f->greeted = true;
        doubt_vector(f);
        skip_ahead(f);
        pay(f);
        add_gap(f, out);
        add_events(f, out);
        add_rates(f, out);
}

static void left(struct sse_stream *stream)
{
        struct event_follower *f = CONTAINER_OF(stream, struct event_follower, stream);

        free(f->sent);
        free(f->had);
}

void event_streams_open(struct event_streams *es, struct recent *recent, int most)
{
        struct sse_config config = {most, PACE_MS, BEAT_MS, fill, left};

        es->recent = recent;
        es->sse = sse_open(&config);
}

void event_streams_close(struct event_streams *es)
{
        sse_close(&es->sse);
}
