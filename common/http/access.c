#include "http/access.h"

#include "base/log.h"
#include "http/connection.h"
#include "http/injected.h"
#include "http/method.h"

#include <stdlib.h>
#include <string.h>

/* Series that were looked up once, in a table that only grows and is read without a lock. One that
   finds no free slot is looked up each time. */
enum { SLOTS = 256, TRIES = 16 };

struct seen {
        const char *key; /* the template's address: a quick look before the text */
        char *uri;
        int method, status;
        struct metric *series;
};

struct access {
        struct metrics *metrics;
        _Atomic(struct seen *) slots[SLOTS];
};

const struct metric_family http_families[] = {
        {.name = "http_server_requests_seconds",
         .help = "Requests answered, from the request line to the last byte of the answer; not "
                 "probes and scrapes of /actuator",
         .kind = METRIC_HISTOGRAM,
         .labels = {"method", "uri", "status", "outcome"}},
        {NULL},
};

struct access *access_open(struct metrics *metrics)
{
        struct access *a = memory_alloc(sizeof *a);

        a->metrics = metrics;
        return a;
}

void access_close(struct access **access)
{
        struct access *a = *access;

        if (!a)
                return;
        *access = NULL;
        for (int i = 0; i < SLOTS; i++) {
                struct seen *s = atomic_load(&a->slots[i]);

                if (s)
                        free(s->uri);
                free(s);
        }
        free(a);
}

/* As Spring names them. */
static const char *outcome(int status)
{
        static const char *const names[] = {"UNKNOWN",     "INFORMATIONAL", "SUCCESS",
                                            "REDIRECTION", "CLIENT_ERROR",  "SERVER_ERROR"};

        if (status == INJECTED_RESET) /* it is the server that failed */
                return names[5];
        return names[status >= 100 && status < 600 ? status / 100 : 0];
}

static struct metric *series_find(struct access *a, const char *uri, int method, int status)
{
        char digits[4] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                          (char)('0' + status % 10), '\0'};
        const char *values[] = {method < 0 ? "UNKNOWN" : method_name(method), uri, digits,
                                outcome(status)};

        return metrics_series(a->metrics, &http_families[0], values);
}

static struct seen *seen_open(struct access *a, const char *uri, int method, int status)
{
        struct seen *s = memory_alloc(sizeof *s);

        s->key = uri;
        s->uri = memory_string(uri);
        s->method = method;
        s->status = status;
        s->series = series_find(a, uri, method, status);
        return s;
}

static struct metric *series_of(struct access *a, const char *uri, int method, int status)
{
        size_t hash = ((uintptr_t)uri >> 3) * 31 + (size_t)(method + 1) * 7 + (size_t)status;

        for (size_t i = 0; i < TRIES; i++) {
                _Atomic(struct seen *) *slot = &a->slots[(hash + i) % SLOTS];
                struct seen *s = atomic_load_explicit(slot, memory_order_acquire), *mine;

                if (!s) {
                        mine = seen_open(a, uri, method, status);
                        if (atomic_compare_exchange_strong(slot, &s, mine))
                                return mine->series;
                        free(mine->uri);
                        free(mine);
                }
                /* s is now what is there, ours or another thread's */
                if (s->key == uri && s->method == method && s->status == status &&
                    strcmp(s->uri, uri) == 0)
                        return s->series;
        }
        return series_find(a, uri, method, status);
}

/* HEAD and 304 say how long a body would be, and have none. */
static int64_t body_sent(const struct exchange *e)
{
        const struct http_answer *a = &e->request.answer;
        bool none = (!a->body && !e->pulled) || e->status == 304 ||
                    (e->request.method && strcmp(e->request.method, "HEAD") == 0);

        return none ? 0 : (int64_t)(a->len + e->pulled);
}

static void count(struct access *a, const char *uri, const struct exchange *e, int64_t us)
{
        struct metric *series = series_of(a, uri, e->method, e->status);

        if (e->span && !e->request.untraced)
                metric_observe_traced(series, us, &e->trace);
        else
                metric_observe(series, us);
}

void access_tell(struct access *a, const struct exchange *e)
{
        const struct http_request *r = &e->request;
        const char *uri = r->uri_template ? r->uri_template : "UNKNOWN";
        int64_t us = clock_mono_us() - e->started_us;

        if (a->metrics && !r->routine)
                count(a, uri, e, us);
        if (log_is_on(r->routine ? LOG_DEBUG : LOG_INFO))
                log_access(&(struct log_access){
                        .method = r->method ? r->method : "-",
                        .target = e->target ? e->target : "-",
                        .trace = r->trace_id,
                        .span = r->span_id,
                        .client = r->client,
                        .status = e->status,
                        .duration_us = us,
                        .bytes_in = (int64_t)(e->streamed ? e->streamed : e->body.len),
                        .bytes_out = body_sent(e),
                        .wall_ms = clock_wall_ms(),
                        .routine = r->routine,
                });
}
