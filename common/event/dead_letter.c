#include "event/dead_letter.h"

#include "data/event_form.h"

#include <string.h>

static void pack(struct text *packed, const char *name, const char *value)
{
        packed_headers_add(packed, PACKED_FOR_OUTBOX, name, value, strlen(value));
}

static bool is_identity(const char *name)
{
        return strcmp(name, EVENT_SOURCE_HEADER) == 0 || strcmp(name, EVENT_ID_HEADER) == 0;
}

static void pack_own(struct text *packed, const struct event *event)
{
        const struct record *r = event->record;

        for (size_t i = 0; i < r->header_count; i++)
                if (event->source[0] || !is_identity(r->headers[i].name))
                        packed_headers_add(packed, PACKED_FOR_OUTBOX, r->headers[i].name,
                                           r->headers[i].value, r->headers[i].len);
}

static void pack_identity(struct text *packed, const char *group, const struct record *r)
{
        pack(packed, EVENT_SOURCE_HEADER, arena_printf(packed->arena, "/%s", group));
        pack(packed, EVENT_ID_HEADER,
             arena_printf(packed->arena, "%s/%d/%lld", r->topic, r->partition,
                          (long long)r->offset));
}

void dead_letter_write(struct unit *unit, const char *group, const struct event *event,
                       const char *why, bool bare)
{
        const struct record *r = event->record;
        struct arena *arena = unit_arena(unit);
        struct text packed = text_open(arena, 300);

        if (!bare)
                pack_own(&packed, event);
        if (bare || !event->source[0])
                pack_identity(&packed, group, r);
        pack(&packed, "x-original-topic", r->topic);
        pack(&packed, "x-original-partition", arena_printf(arena, "%d", r->partition));
        pack(&packed, "x-original-offset", arena_decimal(arena, r->offset));
        pack(&packed, "x-exception-message", why);
        unit_publish(unit, arena_printf(arena, "error.mall.%s", group),
                     r->key && !bare ? arena_copy(arena, r->key, r->key_len) : NULL,
                     bare ? NULL : r->value, bare ? 0 : r->value_len, &packed);
}
