#include "base/span.h"

#include "base/clock.h"
#include "base/span_queue.h"
#include "base/trace_sampler.h"

#include <string.h>

struct span {
        struct trace trace;
        enum span_kind kind;
        enum span_status status;
        const char *name, *why;
        int64_t start_ns;
        int count, lost;
        struct span_attribute attributes[SPAN_ATTRIBUTES];
};

bool span_is_on(void)
{
        return trace_sampler_is_on();
}

struct span *span_begin(struct arena *arena, const struct trace *trace, enum span_kind kind,
                        const char *name, int64_t start_ns)
{
        struct span *s;

        if (!span_is_on() || !trace_is_sampled(trace->parent))
                return NULL;
        s = arena_room(arena, sizeof *s);
        s->trace = *trace;
        s->kind = kind;
        s->status = SPAN_UNSET;
        s->name = name;
        s->why = NULL;
        s->start_ns = start_ns ? start_ns : clock_wall_ns();
        s->count = s->lost = 0;
        return s;
}

void span_name(struct span *s, const char *name)
{
        if (s)
                s->name = name;
}

static void attribute_add(struct span *s, struct span_attribute attribute)
{
        if (s->count < SPAN_ATTRIBUTES)
                s->attributes[s->count++] = attribute;
        else
                s->lost++;
}

void span_text(struct span *s, const char *key, const char *text)
{
        if (s && text)
                attribute_add(s, (struct span_attribute){key, SPAN_VALUE_TEXT, .text = text});
}

void span_number(struct span *s, const char *key, int64_t number)
{
        if (s)
                attribute_add(s, (struct span_attribute){key, SPAN_VALUE_NUMBER, .number = number});
}

void span_bool(struct span *s, const char *key, bool is)
{
        if (s)
                attribute_add(s, (struct span_attribute){key, SPAN_VALUE_BOOL, .number = is});
}

void span_fail(struct span *s, const char *why)
{
        if (!s)
                return;
        s->status = SPAN_ERROR;
        s->why = why;
}

/* ---- its end ---- */

/* How many bytes of a text are kept: whole characters. */
static size_t kept(const char *text)
{
        size_t len = strnlen(text, SPAN_TEXT + 1);

        if (len <= SPAN_TEXT)
                return len;
        for (len = SPAN_TEXT; len > SPAN_TEXT - 3 && ((unsigned char)text[len] & 0xc0) == 0x80;)
                len--;
        return len;
}

static size_t size_of(const struct span *s)
{
        size_t size = sizeof(struct span_record) + (size_t)s->count * sizeof *s->attributes;

        size += kept(s->name) + 1;
        size += s->why ? kept(s->why) + 1 : 0;
        for (int i = 0; i < s->count; i++)
                if (s->attributes[i].type == SPAN_VALUE_TEXT)
                        size += kept(s->attributes[i].text) + 1;
        return size;
}

static const char *text_copy(char **to, const char *text)
{
        size_t len = kept(text);
        char *copy = memcpy(*to, text, len);

        copy[len] = '\0';
        *to += len + 1;
        return copy;
}

static struct span_record *record_of(const struct span *s, int64_t end_ns)
{
        size_t size = size_of(s);
        struct span_record *r = memory_alloc(size);
        char *texts = (char *)&r->attributes[s->count];

        r->size = size;
        memcpy(r->trace, s->trace.id, TRACE_ID);
        memcpy(r->id, s->trace.span, SPAN_ID);
        memcpy(r->above, s->trace.above, SPAN_ID);
        r->kind = s->kind;
        r->status = s->status;
        r->name = text_copy(&texts, s->name);
        r->why = s->why ? text_copy(&texts, s->why) : NULL;
        r->start_ns = s->start_ns;
        r->end_ns = end_ns < s->start_ns ? s->start_ns : end_ns; /* the clock may have been set */
        r->attributes_lost = s->lost;
        r->attribute_count = s->count;
        for (int i = 0; i < s->count; i++) {
                r->attributes[i] = s->attributes[i];
                if (s->attributes[i].type == SPAN_VALUE_TEXT)
                        r->attributes[i].text = text_copy(&texts, s->attributes[i].text);
        }
        return r;
}

void span_end(struct span *s, int64_t end_ns)
{
        if (s)
                span_queue_put(record_of(s, end_ns ? end_ns : clock_wall_ns()));
}
