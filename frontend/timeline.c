/* timeline - all that is remembered of one order, in order of time.

   An order's events name it by their key. Ids are used again when a store is made anew, so the
   newest order of that id is taken, and what is of another store, or older, is left out. The stock
   that was moved is found by the trace, and by the cause where the event names it. */
#include "base/clock.h"
#include "base/json.h"
#include "frontend/console.h"

#include <stdlib.h>
#include <string.h>

enum {
        MOST = 1000 /* events of one order */,
        SKEW_MS = 1000 /* between the clocks of two machines */
};

struct found {
        struct recent_event event; /* its line is a copy */
        const struct json *value;
};

struct list {
        struct arena *arena;
        struct found at[MOST];
        size_t count;
};

static bool add(void *arg, const struct recent_event *e)
{
        struct list *l = arg;
        struct found *f = &l->at[l->count];

        if (l->count == MOST)
                return false;
        f->event = *e;
        f->event.line = arena_copy(l->arena, e->line, e->len);
        l->count++;
        return true;
}

/* ---- what names the order by its key, and is the newest order's ---- */

static const struct recent_event *newest_placed(const struct list *l)
{
        for (size_t i = l->count; i-- > 0;)
                if (l->at[i].event.kind == MEANS_PLACED && !l->at[i].event.duplicate)
                        return &l->at[i].event;
        return NULL;
}

/* Where no Orderplaced is remembered, the store that was named last. */
static uint64_t newest_store(const struct list *l, const struct recent_event *placed)
{
        for (size_t i = l->count; !placed && i-- > 0;)
                if (l->at[i].event.store)
                        return l->at[i].event.store;
        return placed ? placed->store : 0;
}

static bool is_of_trace(const struct list *l, uint64_t trace, uint64_t store)
{
        for (size_t i = 0; i < l->count; i++)
                if (l->at[i].event.trace == trace && l->at[i].event.store == store)
                        return true;
        return false;
}

static void choose(const struct list *all, struct list *chosen)
{
        const struct recent_event *placed = newest_placed(all);
        uint64_t store = newest_store(all, placed);
        int64_t since = placed ? placed->announced - SKEW_MS : 0;

        for (size_t i = 0; i < all->count; i++) {
                const struct recent_event *e = &all->at[i].event;

                if (store && e->store   ? e->store == store
                    : store && e->trace ? is_of_trace(all, e->trace, store)
                                        : e->announced >= since)
                        chosen->at[chosen->count++] = all->at[i];
        }
}

/* ---- what belongs to it by its trace ---- */

static bool is_delivery(const struct recent_event *e)
{
        return e->kind == MEANS_STARTED || e->kind == MEANS_DELIVERY_CANCELED;
}

/* The event that another one of its trace follows from; NULL: none of the order's. */
static const struct found *cause_of(const struct list *l, const struct recent_event *e)
{
        for (size_t i = 0; i < l->count; i++) {
                const struct recent_event *c = &l->at[i].event;

                if (c->trace == e->trace && (!e->cause || c->id == e->cause) &&
                    (e->kind == MEANS_STOCK ? is_delivery(c) : c->kind >= MEANS_PLACED))
                        return &l->at[i];
        }
        return NULL;
}

static bool add_caused(void *arg, const struct recent_event *e)
{
        struct list *l = arg;

        return e->kind >= MEANS_PLACED || !cause_of(l, e) || add(l, e);
}

static void add_traces(struct recent *recent, struct list *l)
{
        size_t count = l->count;

        for (size_t i = 0; i < count; i++) {
                uint64_t trace = l->at[i].event.trace;
                bool seen = !trace;

                for (size_t j = 0; j < i; j++)
                        seen |= l->at[j].event.trace == trace;
                if (!seen)
                        recent_find(recent, -1, trace, add_caused, l);
        }
}

/* ---- what is shown ---- */

static int by_time(const void *a, const void *b)
{
        const struct recent_event *x = &((const struct found *)a)->event,
                                  *y = &((const struct found *)b)->event;

        if (x->announced != y->announced)
                return x->announced < y->announced ? -1 : 1;
        if (x->duplicate != y->duplicate)
                return x->duplicate - y->duplicate;
        return x->partition == y->partition ? (x->offset > y->offset) - (x->offset < y->offset) : 0;
}

static const char *status_of(const struct list *l)
{
        unsigned has = 0;

        for (size_t i = 0; i < l->count; i++)
                has |= 1U << l->at[i].event.kind;
        return has & 1U << MEANS_ORDER_CANCELED ? "canceled"
               : has & 1U << MEANS_OUT_OF_STOCK ? "outOfStock"
               : has & 1U << MEANS_STARTED      ? "started"
                                                : "placed";
}

static void read_values(struct list *l)
{
        struct error error = {0};

        for (struct found *f = l->at; f < l->at + l->count; f++)
                f->value = json_member(json_read(l->arena, f->event.line, f->event.len, &error),
                                       "value");
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
static void write_stock(struct text *out, const struct list *l, const struct found *f)
{
        const struct found *cause = cause_of(l, &f->event);
        const struct json *qty = cause ? json_member(cause->value, "qty") : NULL;

        write_member(out, ",\"stock\":{\"productId\":", json_member(f->value, "productId"));
        write_member(out, ",\"productName\":", json_member(f->value, "productName"));
        if (qty && qty->type == JSON_NUMBER)
                text_printf(out, ",\"moved\":%lld",
                            strtoll(qty->text, NULL, 10) *
                                    (cause->event.kind == MEANS_STARTED ? -1 : 1));
        else
                text_string(out, ",\"moved\":null");
        write_member(out, ",\"left\":", json_member(f->value, "stock"));
        text_char(out, '}');
}

static void write_events(struct text *out, const struct list *l)
{
        const struct recent_event *placed = newest_placed(l);
        int64_t since = placed ? placed->announced : l->at[0].event.announced;

        for (const struct found *f = l->at; f < l->at + l->count; f++) {
                if (f > l->at)
                        text_char(out, ',');
                text_add(out, f->event.line, f->event.len - 1);
                text_printf(out, ",\"ms\":%lld", (long long)(f->event.announced - since));
                if (f->event.kind == MEANS_STOCK)
                        write_stock(out, l, f);
                text_char(out, '}');
        }
}

static const struct json *source_of(const struct list *l)
{
        const struct recent_event *placed = newest_placed(l);
        struct error error = {0};

        return placed ? json_member(json_read(l->arena, placed->line, placed->len, &error),
                                    "source")
                      : NULL;
}

static void write_all(struct console *c, struct text *out, const char *order, const struct list *l)
{
        struct recent_span span = recent_span(c->recent);

        text_printf(out, "{\"order\":\"%s\"", order);
        write_member(out, ",\"source\":", source_of(l));
        text_printf(out,
                    ",\"status\":\"%s\",\"kept\":{\"count\":%llu,\"most\":%lld,\"since\":%lld},"
                    "\"events\":[",
                    status_of(l), (unsigned long long)(span.end - span.first),
                    (long long)config_number(c->process->config, "events-kept"),
                    (long long)span.since);
        write_events(out, l);
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

static void find(struct console *c, int64_t order, struct list *l)
{
        struct list *all = arena_alloc(l->arena, sizeof *all);

        all->arena = l->arena;
        recent_find(c->recent, order, 0, add, all);
        choose(all, l);
        add_traces(c->recent, l);
        qsort(l->at, l->count, sizeof *l->at, by_time);
        read_values(l);
}

void timeline_answer(struct console *c, struct http_request *r, const char *order)
{
        struct arena *arena = arena_open();
        struct list *l = arena_alloc(arena, sizeof *l);
        struct text body = text_open(r->arena, 4000);

        l->arena = arena;
        find(c, strtoll(order, NULL, 10), l);
        if (l->count) {
                write_all(c, &body, order, l);
                http_answer_body(r, 200, "application/json", &body);
        } else {
                answer_unknown(c, r, order);
        }
        arena_close(&arena);
}
