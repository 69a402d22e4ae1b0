#include "event/chronicle.h"

#include <stdlib.h>

enum { SKEW_MS = 1000 /* between the clocks of two machines */ };

static bool add(void *arg, const struct recent_event *e)
{
        struct chronicle *s = arg;
        struct recent_event *kept = &s->events[s->count];

        if (s->count == CHRONICLE_MOST)
                return false;
        *kept = *e;
        kept->line = arena_copy(s->arena, e->line, e->len);
        s->count++;
        return true;
}

/* ---- what names the subject by its key, and is the newest one's ---- */

const struct recent_event *chronicle_beginning(const struct chronicle *s)
{
        for (size_t i = s->count; i-- > 0;)
                if (s->events[i].type->begins && !s->events[i].duplicate)
                        return &s->events[i];
        return NULL;
}

/* Where no beginning is remembered, the store that was named last. */
static uint64_t newest_store(const struct chronicle *s, const struct recent_event *beginning)
{
        for (size_t i = s->count; !beginning && i-- > 0;)
                if (s->events[i].store)
                        return s->events[i].store;
        return beginning ? beginning->store : 0;
}

static bool is_of_trace(const struct chronicle *s, uint64_t trace, uint64_t store)
{
        for (size_t i = 0; i < s->count; i++)
                if (s->events[i].trace == trace && s->events[i].store == store)
                        return true;
        return false;
}

static void choose(const struct chronicle *all, struct chronicle *chosen)
{
        const struct recent_event *beginning = chronicle_beginning(all);
        uint64_t store = newest_store(all, beginning);
        int64_t since = beginning ? beginning->announced - SKEW_MS : INT64_MIN;

        for (size_t i = 0; i < all->count; i++) {
                const struct recent_event *e = &all->events[i];
                bool is_its = e->announced >= since;

                if (store && e->store)
                        is_its = e->store == store;
                else if (store && e->trace)
                        is_its = is_of_trace(all, e->trace, store);
                if (is_its)
                        chosen->events[chosen->count++] = *e;
        }
}

/* ---- what belongs to it by its trace ---- */

const struct recent_event *chronicle_cause(const struct chronicle *s, const struct recent_event *e)
{
        for (const struct recent_event *c = s->events; c < s->events + s->count; c++)
                if (c->trace == e->trace && c->type->by_key && (!e->cause || c->id == e->cause) &&
                    (!e->type->follows || e->type->follows & 1U << c->type->kind))
                        return c;
        return NULL;
}

static bool add_caused(void *arg, const struct recent_event *e)
{
        struct chronicle *s = arg;

        return e->type->by_key || !chronicle_cause(s, e) || add(s, e);
}

static void add_traces(struct recent *recent, struct chronicle *s)
{
        size_t count = s->count;

        for (size_t i = 0; i < count; i++) {
                uint64_t trace = s->events[i].trace;
                bool seen = !trace;

                for (size_t j = 0; j < i; j++)
                        seen |= s->events[j].trace == trace;
                if (!seen)
                        recent_find(recent, -1, trace, add_caused, s);
        }
}

static int by_time(const void *a, const void *b)
{
        const struct recent_event *x = a, *y = b;

        if (x->announced != y->announced)
                return x->announced < y->announced ? -1 : 1;
        if (x->duplicate != y->duplicate)
                return x->duplicate - y->duplicate;
        return x->partition == y->partition ? (x->offset > y->offset) - (x->offset < y->offset) : 0;
}

struct chronicle *chronicle_of(struct recent *recent, int64_t subject, struct arena *arena)
{
        struct chronicle *all = arena_alloc(arena, sizeof *all),
                         *chosen = arena_alloc(arena, sizeof *chosen);

        all->arena = chosen->arena = arena;
        recent_find(recent, subject, 0, add, all);
        choose(all, chosen);
        add_traces(recent, chosen);
        for (size_t i = 0; i < chosen->count; i++)
                chosen->bytes += chosen->events[i].len;
        qsort(chosen->events, chosen->count, sizeof *chosen->events, by_time);
        return chosen;
}
