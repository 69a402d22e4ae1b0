#include "service/otlp.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/redact.h"
#include "base/span_queue.h"
#include "base/thread.h"
#include "service/otlp_document.h"
#include "service/otlp_sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_BACKOFF_MS = 5000 };

const struct metric_family otlp_families[] = {
        {.name = "mall_spans_exported_total",
         .help = "Spans that the collector took",
         .kind = METRIC_COUNTER},
        {NULL},
};

struct otlp {
        const struct otlp_settings *settings;
        struct otlp_sender *sender;
        struct metric *exported; /* NULL: nobody counts */
        struct prng random;
        pthread_t thread;
        bool failing; /* the log knows */
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool closing;
        _Atomic int64_t give_up_us; /* 0: none */
};

/* A document on its way. */
struct batch {
        char *document;
        size_t len;
        int64_t spans, begun_us;
        int tries;
};

/* ---- what is said of it ---- */

static void say_failing(struct otlp *o, const char *why)
{
        char shown[REDACTED];

        if (!o->failing)
                log_write(LOG_WARN, "traces cannot be exported", "url.full",
                          redact(o->settings->url, shown), "error.message", why, NULL);
        o->failing = true;
}

static void say_working(struct otlp *o)
{
        if (o->failing)
                log_write(LOG_INFO, "traces are exported again", NULL);
        o->failing = false;
}

static void taken(struct otlp *o, const struct batch *b, const struct otlp_answer *answer)
{
        int64_t rejected = answer->rejected < 0          ? 0
                           : answer->rejected > b->spans ? b->spans
                                                         : answer->rejected;

        if (o->exported)
                metric_add(o->exported, b->spans - rejected);
        if (!rejected) {
                say_working(o);
                return;
        }
        span_queue_count_dropped("rejected", rejected);
        say_failing(o, *answer->why ? answer->why : "the collector rejects spans");
}

/* ---- one batch ---- */

static bool is_closing(struct otlp *o)
{
        bool closing;

        pthread_mutex_lock(&o->lock);
        closing = o->closing;
        pthread_mutex_unlock(&o->lock);
        return closing;
}

/* False: otlp_close was called meanwhile. */
static bool pause_for(struct otlp *o, int64_t ms)
{
        struct timespec until = clock_after(ms);
        bool go_on;

        pthread_mutex_lock(&o->lock);
        while (!o->closing &&
               pthread_cond_clockwait(&o->changed, &o->lock, CLOCK_MONOTONIC, &until) == 0)
                ;
        go_on = !o->closing;
        pthread_mutex_unlock(&o->lock);
        return go_on;
}

/* The longest wait doubles with each try. Half of it is random, so that daemons which failed
   together do not come back together. */
static int64_t backoff_ms(struct otlp *o, int tries)
{
        int64_t ms = o->settings->backoff_ms;

        for (int i = 1; i < tries && ms < LONGEST_BACKOFF_MS; i++)
                ms *= 2;
        ms = ms < LONGEST_BACKOFF_MS ? ms : LONGEST_BACKOFF_MS;
        return ms / 2 + (int64_t)(prng_draw(&o->random) >> 32) % (ms / 2 + 1);
}

static int64_t wait_ms(struct otlp *o, const struct batch *b, const struct otlp_answer *answer)
{
        int64_t own = backoff_ms(o, b->tries);

        return answer->retry_after_ms > own ? answer->retry_after_ms : own;
}

/* The batch may be sent again, now. */
static bool wait_to_try_again(struct otlp *o, const struct batch *b,
                              const struct otlp_answer *answer)
{
        int64_t spent_ms = (clock_mono_us() - b->begun_us) / 1000;

        return spent_ms < o->settings->export_ms && pause_for(o, wait_ms(o, b, answer));
}

/* False: it was lost. */
static bool deliver(struct otlp *o, struct batch *b)
{
        struct otlp_answer answer;

        do {
                otlp_sender_send(o->sender, b->document, b->len, &o->give_up_us, &answer);
                b->tries++;
                if (answer.outcome == OTLP_TAKEN) {
                        taken(o, b, &answer);
                        return true;
                }
                say_failing(o, answer.why);
        } while (answer.outcome == OTLP_AGAIN && wait_to_try_again(o, b, &answer));
        span_queue_count_dropped(answer.outcome == OTLP_AGAIN ? "failed" : "refused", b->spans);
        return false;
}

static bool export(struct otlp *o, struct span_record *first)
{
        struct batch b = {.begun_us = clock_mono_us()};
        bool delivered;

        for (const struct span_record *r = first; r; r = r->next)
                b.spans++;
        b.document = otlp_document(o->settings->resource, first);
        b.len = strlen(b.document);
        span_records_free(first);
        delivered = deliver(o, &b);
        free(b.document);
        return delivered;
}

/* ---- the thread ---- */

static void *run(void *arg)
{
        struct otlp *o = arg;
        struct span_record *first;
        bool delivered;

        /* at the end a collector that does not take one batch will not take the next */
        do {
                first = span_queue_take(o->settings->batch_most, o->settings->batch_most,
                                        o->settings->delay_ms);
                delivered = first && export(o, first);
        } while (delivered || !is_closing(o));
        return NULL;
}

static void say_open(const struct otlp_settings *s)
{
        static const char *const names[] = {
                [TRACE_ALWAYS_ON] = "always_on",
                [TRACE_ALWAYS_OFF] = "always_off",
                [TRACE_RATIO] = "traceidratio",
                [TRACE_PARENT_ALWAYS_ON] = "parentbased_always_on",
                [TRACE_PARENT_ALWAYS_OFF] = "parentbased_always_off",
                [TRACE_PARENT_RATIO] = "parentbased_traceidratio",
        };
        char shown[REDACTED], ratio[24];

        snprintf(ratio, sizeof ratio, "%g", s->ratio);
        log_write(LOG_INFO, "traces are exported", "url.full", redact(s->url, shown),
                  "otel.traces.sampler", names[s->sampler], "otel.traces.sampler.arg",
                  s->sampler == TRACE_RATIO || s->sampler == TRACE_PARENT_RATIO ? ratio : NULL,
                  NULL);
}

struct otlp *otlp_open(const struct otlp_settings *settings, struct metrics *metrics)
{
        struct otlp *o;

        if (!settings->url)
                return NULL;
        o = memory_alloc(sizeof *o);
        o->settings = settings;
        o->sender = otlp_sender_open(settings);
        o->exported = metrics ? metrics_series(metrics, &otlp_families[0], NULL) : NULL;
        o->random = prng_open_random();
        pthread_mutex_init(&o->lock, NULL);
        pthread_cond_init(&o->changed, NULL);
        say_open(settings);
        span_queue_open(settings->queue_most, metrics);
        trace_sampler_set(settings->sampler, settings->ratio);
        o->thread = thread_start("otlp", run, o);
        return o;
}

void otlp_close(struct otlp **at, int wait_ms)
{
        struct otlp *o = *at;

        if (!o)
                return;
        *at = NULL;
        trace_sampler_set(TRACE_OFF, 0);
        atomic_store(&o->give_up_us, clock_mono_us() + wait_ms * 1000LL);
        pthread_mutex_lock(&o->lock);
        o->closing = true;
        pthread_cond_signal(&o->changed);
        pthread_mutex_unlock(&o->lock);
        span_queue_hurry();
        otlp_sender_wake(o->sender);
        pthread_join(o->thread, NULL);
        span_queue_close();
        otlp_sender_close(&o->sender);
        pthread_mutex_destroy(&o->lock);
        pthread_cond_destroy(&o->changed);
        free(o);
}
