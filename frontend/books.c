/* books - do the services' books balance? */
#include "frontend/console.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

enum { MEMORY = 48 << 20, OFFENCES = 100 };

enum { BALANCED, CHECKED };

const struct metric_family books_families[] = {
        [BALANCED] = {"mall_books_balanced",
                      "1 where the last verdict is that the books balance, 0 where they do not; "
                      "NaN where there is none, or the last audit could not be made",
                      METRIC_GAUGE,
                      {NULL}},
        [CHECKED] = {"mall_books_checked_timestamp_seconds",
                     "When the last audit came to a verdict, since 1970; NaN before the first",
                     METRIC_GAUGE,
                     {NULL}},
        {NULL},
};

void books_open(struct console *c)
{
        c->balanced = metrics_series(c->process->metrics, &books_families[BALANCED], NULL);
        c->checked = metrics_series(c->process->metrics, &books_families[CHECKED], NULL);
        metric_set(c->balanced, NAN);
        metric_set(c->checked, NAN);
}

/* While they settle, the last verdict stays: events under way are no news of the books. */
static void note(const struct console *c, enum standing_state state)
{
        bool is_verdict = state == STANDING_BALANCED || state == STANDING_UNBALANCED;

        if (is_verdict)
                metric_set(c->checked, (double)clock_wall_ms() / 1000);
        if (state != STANDING_SETTLING)
                metric_set(c->balanced, is_verdict ? state == STANDING_BALANCED : NAN);
}

/* For one that does not answer, an audit would wait long. NULL: all three are there. */
static const char *who_is_away(const struct console *c, const struct called *called,
                               const struct books_places *shop, struct arena *arena)
{
        if (!shop->order || !shop->delivery || !shop->product)
                return "MALL_SERVICES does not name order, delivery and product";
        for (const struct place *p = c->places; p->name; p++, called++)
                if ((p->url == shop->order || p->url == shop->delivery ||
                     p->url == shop->product) &&
                    strcmp(called->status, "AWAY") == 0)
                        return arena_printf(arena, "%s: %s", p->name, called->why);
        return NULL;
}

void books_make(void *console, struct text *out)
{
        struct console *c = console;
        struct arena *arena = arena_open();
        const struct called *called = roll_call(c->callers, c->places, arena);
        struct audit_places places = {
                .services = {url_of(c, "order"), url_of(c, "delivery"), url_of(c, "product")},
                .bus = c->bus.url,
                .bus_properties = c->bus.properties,
                .memory = MEMORY,
                .most_offences = OFFENCES,
                .stop = &c->process->draining,
        };
        const char *away = who_is_away(c, called, &places.services, arena);
        bool waits = false;

        for (size_t i = 0; c->places[i].name; i++)
                waits |= called[i].outbox > 0 || called[i].lag > 0;
        if (away)
                standing_unknown(out, away);
        note(c, away ? STANDING_UNKNOWN : standing_write(&c->standing, &places, waits, out));
        arena_close(&arena);
}
