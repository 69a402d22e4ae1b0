/* books - do the services' books balance? */
#include "frontend/console.h"

#include <string.h>

enum { MEMORY = 48 << 20, OFFENCES = 100 };

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
        standing_gauges_note(&c->gauges, away ? STANDING_UNKNOWN
                                              : standing_write(&c->standing, &places, waits, out));
        arena_close(&arena);
}
