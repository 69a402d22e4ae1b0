/* relay: the span of each record that is published, from its hand-over to the bus's word. What it
   says is kept beside the flight, in little memory: there may be thousands. */
#include "base/clock.h"
#include "base/span.h"
#include "data/event_form.h"
#include "event/messaging.h"
#include "event/relay_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MOST = SPAN_TEXT };

struct flight_span {
        struct trace trace;
        int64_t begun_ns;
        const char *type; /* within texts */
        char texts[];     /* the key, the type */
};

static struct packed_header type_of(const struct outbox_record *o)
{
        const char *at = o->headers, *end = at + o->headers_len;
        struct packed_header h;

        while (packed_headers_next(&at, end, PACKED_FOR_OUTBOX, &h))
                if (strcmp(h.name, EVENT_TYPE_HEADER) == 0 && h.value)
                        return h;
        return (struct packed_header){.value = ""};
}

/* "": it has none, which is not told either */
static size_t key_length(const struct outbox_record *o)
{
        return o->key ? strnlen(o->key, TEXT_MOST) : 0;
}

struct flight_span *relay_span_begin(const struct outbox_record *o)
{
        struct packed_header type;
        struct flight_span *s;
        struct trace trace;
        size_t key;

        if (!span_is_on() || !event_form_trace(o, &trace))
                return NULL;
        key = key_length(o);
        type = type_of(o);
        s = memory_alloc(sizeof *s + key + type.len + 2);
        s->trace = trace;
        s->begun_ns = clock_wall_ns();
        if (key)
                memcpy(s->texts, o->key, key);
        s->type = memcpy(s->texts + key + 1, type.value, type.len);
        return s;
}

static void tell(struct span *span, const struct relay *r, const struct flight *f)
{
        const struct flight_span *s = f->span;
        char id[24];

        snprintf(id, sizeof id, "%lld", (long long)f->id);
        messaging_tell(span, &(struct messaging){.system = r->system,
                                                 .topic = r->topic,
                                                 .operation = "publish",
                                                 .kind = "send",
                                                 .key = *s->texts ? s->texts : NULL,
                                                 .id = id,
                                                 .source = store_source(r->store),
                                                 .type = *s->type ? s->type : NULL});
        span_end(span, 0);
}

void relay_span_end(struct relay *r, struct flight *f, const char *why)
{
        struct arena *arena;
        struct span *span;

        if (!f->span)
                return;
        arena = arena_open();
        span = span_begin(arena, &f->span->trace, SPAN_PRODUCER,
                          arena_printf(arena, "publish %s", r->topic), f->span->begun_ns);
        span_text(span, "error.type", why ? "refused" : NULL);
        if (why)
                span_fail(span, why);
        tell(span, r, f);
        arena_close(&arena);
        free(f->span);
        f->span = NULL;
}
