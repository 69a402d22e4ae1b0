/* timeline - all that is remembered of one order, in order of time. */
#include "base/clock.h"
#include "base/json.h"
#include "event/chronicle.h"
#include "frontend/console.h"

#include <stdlib.h>
#include <string.h>

static const char *status_of(const struct chronicle *s)
{
        unsigned has = 0;

        for (size_t i = 0; i < s->count; i++)
                has |= 1U << s->events[i].type->kind;
        return has & 1U << MEANS_ORDER_CANCELED ? "canceled"
               : has & 1U << MEANS_OUT_OF_STOCK ? "outOfStock"
               : has & 1U << MEANS_STARTED      ? "started"
                                                : "placed";
}

static const struct json *line_read(const struct chronicle *s, const struct recent_event *e)
{
        struct error error = {0};

        return json_read(s->arena, e->line, e->len, &error);
}

static void write_member(struct text *out, const char *name, const struct json *value)
{
        text_string(out, name);
        if (value)
                json_write(out, value);
        else
                text_string(out, "null");
}

/* A delivery that started takes its quantity, one that was canceled gives it back. */
static void write_stock(struct text *out, const struct chronicle *s, const struct recent_event *e)
{
        const struct recent_event *cause = chronicle_cause(s, e);
        const struct json *value = json_member(line_read(s, e), "value"), *qty = NULL;

        if (cause)
                qty = json_member(json_member(line_read(s, cause), "value"), "qty");
        write_member(out, ",\"stock\":{\"productId\":", json_member(value, "productId"));
        write_member(out, ",\"productName\":", json_member(value, "productName"));
        if (qty && qty->type == JSON_NUMBER)
                text_printf(out, ",\"moved\":%lld",
                            (long long)json_whole(qty, 0) *
                                    (cause->type->kind == MEANS_STARTED ? -1 : 1));
        else
                text_string(out, ",\"moved\":null");
        write_member(out, ",\"left\":", json_member(value, "stock"));
        text_char(out, '}');
}

static void write_events(struct text *out, const struct chronicle *s)
{
        const struct recent_event *placed = chronicle_beginning(s);
        int64_t since = placed ? placed->announced : s->events[0].announced;

        for (const struct recent_event *e = s->events; e < s->events + s->count; e++) {
                if (e > s->events)
                        text_char(out, ',');
                text_add(out, e->line, e->len - 1);
                text_printf(out, ",\"ms\":%lld", (long long)(e->announced - since));
                if (e->type->kind == MEANS_STOCK)
                        write_stock(out, s, e);
                text_char(out, '}');
        }
}

static void write_all(struct console *c, struct text *out, const char *order,
                      const struct chronicle *s)
{
        const struct recent_event *placed = chronicle_beginning(s);
        struct recent_span span = recent_span(c->recent);

        text_printf(out, "{\"order\":\"%s\"", order);
        write_member(out,
                     ",\"source\":", placed ? json_member(line_read(s, placed), "source") : NULL);
        text_printf(out,
                    ",\"status\":\"%s\",\"kept\":{\"count\":%llu,\"most\":%lld,\"since\":%lld},"
                    "\"events\":[",
                    status_of(s), (unsigned long long)(span.end - span.first),
                    (long long)config_number(c->process->config, "events-kept"),
                    (long long)span.since);
        write_events(out, s);
        text_string(out, "]}");
}

static void answer_unknown(struct console *c, struct http_request *r, const char *order)
{
        struct recent_span span = recent_span(c->recent);
        char since[CLOCK_RFC3339] = "";

        if (!span.since) {
                http_answer_problem(r, 404, "no event is remembered yet");
                return;
        }
        clock_rfc3339(span.since, since);
        http_answer_problem(
                r, 404,
                "nothing is remembered of order %s: the memory has the last %llu events, "
                "since %s",
                order, (unsigned long long)(span.end - span.first), since);
}

enum http_result timeline_answer(void *console, struct http_request *r)
{
        struct console *c = console;
        const char *order = r->path + strlen("/timeline/");
        size_t digits = strspn(order, "0123456789");
        struct text body = text_open(r->arena, 4000);
        struct arena *arena;
        const struct chronicle *s;

        if (!digits || digits > 18 || order[digits]) {
                http_answer_problem(r, 400, "an order's id is a whole number");
                return HTTP_ANSWERED;
        }
        arena = arena_open();
        s = chronicle_of(c->recent, strtoll(order, NULL, 10), arena);
        if (!arena_may_take(r->arena, 2 * s->bytes)) {
                http_answer_problem(r, 503, "no memory for %zu events", s->count);
                http_answer_header(r, "Retry-After", "1");
        } else if (s->count) {
                write_all(c, &body, order, s);
                http_answer_body(r, 200, "application/json", &body);
        } else {
                answer_unknown(c, r, order);
        }
        http_answer_header(r, "Cache-Control", "no-store");
        arena_close(&arena);
        return HTTP_ANSWERED;
}
