#include "service/inquiry.h"

#include "base/breaker.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/redact.h"
#include "service/fetch.h"

#include <stdlib.h>
#include <string.h>

enum inquiry_outcome { ALLOWED, REFUSED, FAILED, TIMEOUT, OPEN, FULL, OUTCOMES };

enum {
        BREAKER_STATES = BREAKER_HALF_OPEN + 1,
        MOST_URL = 8192, /* a service takes no longer target, unless it is set up so */
};

const struct metric_family inquiry_families[] = {
        {"mall_question_seconds",
         "What is asked of another service before a row is created, by how it ended",
         METRIC_HISTOGRAM,
         {"name", "outcome"}},
        {NULL},
};

struct inquiry {
        struct admission admission; /* first */
        const struct inquiry_question *question;
        struct arena *arena; /* of what is below */
        const char *base;
        bool refuses; /* the row is refused where there is no answer */
        int64_t timeout_ms;
        int most;
        struct fetcher *fetcher;
        struct breaker *breaker; /* NULL: none */
        enum breaker_state seen; /* when a question last ended; the fetcher's thread's */
        struct metric *ended[OUTCOMES], *states[BREAKER_STATES];
};

/* One question under way, in the applicant's arena. */
struct asking {
        struct fetch fetch;
        struct inquiry *inquiry;
        struct applicant *applicant;
        uint64_t ticket; /* of the breaker */
        int64_t began_us;
};

static int64_t now_ms(void)
{
        return clock_mono_us() / 1000;
}

static void conclude(struct asking *a, enum inquiry_outcome outcome, const char *why)
{
        struct inquiry *i = a->inquiry;

        metric_observe(i->ended[outcome], clock_mono_us() - a->began_us);
        if (outcome > REFUSED && i->refuses)
                error_set(&a->applicant->verdict, ERROR_UNAVAILABLE, "%s: %s", i->question->unasked,
                          why);
        a->applicant->done(a->applicant);
}

/* ---- the answer ---- */

static bool has_all(const struct shape *shape, const struct json *object, struct error *error)
{
        for (const struct field *f = shape->fields; f->name; f++)
                if (!json_member(object, f->name))
                        return error_set(error, ERROR_BAD_INPUT, "%s is missing", f->name);
        return true;
}

static void *read_found(struct asking *a, struct error *error)
{
        const struct shape *shape = a->inquiry->question->answer;
        struct arena *arena = a->applicant->arena;
        struct json_wanted members = {.is = shape_has, .arg = shape};
        const struct json *body =
                json_read_wanted(arena, a->fetch.body.at, a->fetch.body.len, &members, error);
        void *found = arena_alloc(arena, shape->size);

        return body && has_all(shape, body, error) && shape_read(shape, body, found, error) ? found
                                                                                            : NULL;
}

static enum inquiry_outcome judge(struct asking *a, const char **why)
{
        const struct inquiry_question *q = a->inquiry->question;
        struct applicant *p = a->applicant;
        struct error error = {0};
        void *found = NULL;

        if (a->fetch.status != 200 && a->fetch.status != 404) {
                *why = arena_printf(p->arena, "it answered %d", a->fetch.status);
                return FAILED;
        }
        if (a->fetch.status == 200 && !(found = read_found(a, &error))) {
                *why = arena_printf(p->arena, "its answer makes no sense: %s", error.text);
                return FAILED;
        }
        return q->allows(p->row, found, &p->verdict) ? ALLOWED : REFUSED;
}

static enum inquiry_outcome outcome_of(struct asking *a, const char **why)
{
        switch (a->fetch.outcome) {
        case FETCH_ANSWERED:
                return judge(a, why);
        case FETCH_LATE:
                *why = arena_printf(a->applicant->arena, "no answer within %lld ms",
                                    (long long)a->inquiry->timeout_ms);
                return TIMEOUT;
        case FETCH_TOO_LARGE:
                *why = arena_printf(a->applicant->arena, "its answer is larger than %d bytes",
                                    FETCH_MOST);
                return FAILED;
        default:
                *why = a->fetch.why;
                return FAILED;
        }
}

/* After a 4xx, or an answer that is too large because a client made such a row, the other side is
   well. */
static bool is_bad(const struct asking *a, enum inquiry_outcome outcome)
{
        bool is_well = a->fetch.outcome == FETCH_TOO_LARGE ||
                       (a->fetch.outcome == FETCH_ANSWERED && a->fetch.status / 100 == 4);

        return outcome > REFUSED && !is_well;
}

static void note(struct asking *a, bool bad)
{
        struct inquiry *i = a->inquiry;
        enum breaker_state state;

        if (!i->breaker)
                return;
        breaker_note(i->breaker, a->ticket, bad ? BREAKER_BAD : BREAKER_GOOD, now_ms());
        state = breaker_state(i->breaker);
        if (state == BREAKER_OPEN && i->seen != BREAKER_OPEN)
                log_write(LOG_WARN, "breaker open: nothing is asked for a while", "breaker.name",
                          i->question->name, NULL);
        else if (state == BREAKER_CLOSED && i->seen != BREAKER_CLOSED)
                log_write(LOG_INFO, "breaker closed", "breaker.name", i->question->name, NULL);
        i->seen = state == BREAKER_HALF_OPEN ? i->seen : state;
}

static void answered(struct fetch *fetch)
{
        struct asking *a = fetch->arg;
        const char *why = "";
        enum inquiry_outcome outcome = outcome_of(a, &why);

        note(a, is_bad(a, outcome));
        conclude(a, outcome, why);
}

/* ---- the question ---- */

/* NULL: too long to be asked. */
static const char *url_of(const struct inquiry *i, struct arena *arena, const char *about)
{
        const struct inquiry_question *q = i->question;
        const char *url;

        if (strlen(about) > MOST_URL)
                return NULL;
        url = arena_printf(arena, "%s/%s/search/%s?%s=%s", i->base, q->collection, q->search,
                           q->member, fetch_escape(arena, about));
        return strlen(url) > MOST_URL ? NULL : url;
}

static void ask(struct admission *admission, struct applicant *p)
{
        struct inquiry *i = (struct inquiry *)admission;
        const char *about = i->question->about(p->row),
                   *url = about ? url_of(i, p->arena, about) : NULL;
        struct asking *a;

        if (!url) {
                if (about)
                        i->question->allows(p->row, NULL, &p->verdict);
                p->done(p);
                return;
        }
        a = arena_alloc(p->arena, sizeof *a);
        *a = (struct asking){.inquiry = i, .applicant = p, .began_us = clock_mono_us()};
        if (i->breaker && !(a->ticket = breaker_ask(i->breaker, now_ms()))) {
                conclude(a, OPEN,
                         "most of the last questions came to nothing, none is asked for a while");
                return;
        }
        a->fetch = (struct fetch){.url = url,
                                  .traceparent = p->traceparent,
                                  .arena = p->arena,
                                  .done = answered,
                                  .arg = a};
        if (fetch_start(i->fetcher, &a->fetch))
                return; /* it may have ended already */
        if (i->breaker)
                breaker_note(i->breaker, a->ticket, BREAKER_UNKNOWN, now_ms());
        conclude(a, FULL,
                 arena_printf(p->arena, "%d questions wait for an answer already", i->most));
}

/* ---- its life ---- */

static void refresh(void *arg)
{
        struct inquiry *i = arg;
        enum breaker_state state = breaker_state(i->breaker);

        for (int s = 0; s < BREAKER_STATES; s++)
                metric_set(i->states[s], s == (int)state);
}

static void count_in(struct inquiry *i, struct metrics *metrics)
{
        static const char *const outcomes[OUTCOMES] = {
                [ALLOWED] = "allowed", [REFUSED] = "refused", [FAILED] = "failed",
                [TIMEOUT] = "timeout", [OPEN] = "open",       [FULL] = "full"};
        static const char *const states[BREAKER_STATES] = {[BREAKER_CLOSED] = "closed",
                                                           [BREAKER_OPEN] = "open",
                                                           [BREAKER_HALF_OPEN] = "half_open"};

        for (int o = 0; o < OUTCOMES; o++)
                i->ended[o] = metrics_series(metrics, inquiry_families,
                                             (const char *[]){i->question->name, outcomes[o]});
        if (!i->breaker)
                return;
        for (int s = 0; s < BREAKER_STATES; s++)
                i->states[s] = metrics_series(metrics, breaker_families,
                                              (const char *[]){i->question->name, states[s]});
        metrics_on_scrape(metrics, refresh, i);
}

static void close_it(struct admission *admission)
{
        struct inquiry *i = (struct inquiry *)admission;

        fetcher_close(&i->fetcher);
        breaker_close(&i->breaker);
        arena_close(&i->arena);
        free(i);
}

static struct breaker *breaker_of(int64_t pause_ms)
{
        const struct breaker_config config = {.failure_rate = 50,
                                              .window = 20,
                                              .minimum = 10,
                                              .wait_ms = pause_ms,
                                              .permitted = 3};

        return pause_ms ? breaker_open(&config) : NULL;
}

static const char *base_of(struct arena *arena, const char *url)
{
        size_t len = strlen(url);

        return arena_copy(arena, url, url[len - 1] == '/' ? len - 1 : len);
}

struct admission *inquiry_open(const struct inquiry_question *q, const struct config *config,
                               struct metrics *metrics, struct error *error)
{
        struct arena *arena = arena_open();
        const char *name = arena_printf(arena, "%s-url", q->name), *url = config_text(config, name);
        char shown[REDACTED];
        struct inquiry *i;

        if (!url || !fetch_base_is_right(url)) {
                if (url)
                        error_set(error, ERROR_BAD_INPUT,
                                  "%s is to be like http://host:8080, not %s", name,
                                  redact(url, shown));
                arena_close(&arena);
                return NULL;
        }
        i = memory_alloc(sizeof *i);
        i->admission = (struct admission){ask, close_it};
        i->question = q;
        i->arena = arena;
        i->base = base_of(arena, url);
        i->refuses = strcmp(config_text(config, arena_printf(arena, "%s-failure", q->name)),
                            "refuse") == 0;
        i->timeout_ms = config_number(config, arena_printf(arena, "%s-timeout", q->name));
        i->most = (int)config_number(config, arena_printf(arena, "%s-most", q->name));
        i->breaker = breaker_of(config_number(config, arena_printf(arena, "%s-pause", q->name)));
        i->fetcher = fetcher_open(i->most, i->timeout_ms);
        count_in(i, metrics);
        return &i->admission;
}
