#include "event/event.h"

#include "base/hash.h"
#include "data/event_form.h"

#include <string.h>

const struct reaction *reaction_named(const struct reaction *reactions, const char *type,
                                      size_t len)
{
        for (; reactions->type; reactions++)
                if (strlen(reactions->type) == len && memcmp(reactions->type, type, len) == 0)
                        return reactions;
        return NULL;
}

const struct reaction *reaction_for(const struct reaction *reactions, const char *type)
{
        return reaction_named(reactions, type, strlen(type));
}

const char *event_id(const struct event *event)
{
        return event->id;
}

const char *event_label(const struct reaction *reactions, const char *type)
{
        if (!type)
                return "unknown";
        return reaction_for(reactions, type) ? type : "other";
}

/* Never 0. */
static int32_t content_of(const struct record *record)
{
        uint64_t hash = hash_bytes(record->value, record->value_len);
        uint32_t folded = (uint32_t)(hash ^ hash >> 32);

        return folded ? (int32_t)folded : 1;
}

static void identify(const struct record *record, struct arena *arena, struct event *event)
{
        const char *source = record_header(record, EVENT_SOURCE_HEADER, arena);
        const char *id = record_header(record, EVENT_ID_HEADER, arena);

        /* an index takes some 2700 bytes a key, and real identities are much shorter */
        if (source && id && strlen(source) + strlen(id) > EVENT_IDENTITY_MOST)
                source = id = NULL;
        event->source = source && id ? source : "";
        if (source && id) {
                event->id = id;
                event->identity_source = source;
                event->identity = id;
                event->content = content_of(record);
                return;
        }
        event->identity_source = arena_printf(arena, "%s/%d", record->topic, record->partition);
        /* the hash distinguishes records at the same place, of a topic that was deleted and made
           again */
        event->identity =
                arena_printf(arena, "%lld-%lld-%016llx", (long long)record->offset,
                             (long long)record->timestamp_ms,
                             (unsigned long long)hash_bytes(record->value, record->value_len));
}

enum event_verdict event_read(const struct record *record, const struct reaction *reactions,
                              struct arena *arena, struct event *event, struct error *error)
{
        const char *said = record_header(record, EVENT_TYPE_HEADER, arena);

        *event = (struct event){.record = record};
        if (said && !reaction_for(reactions, said))
                return EVENT_FOREIGN;
        identify(record, arena, event);
        event->body = event_form_read(record, &event->type, &event->timestamp, arena, error);
        if (!event->body)
                return EVENT_BROKEN;
        event->traceparent = event_form_traceparent(record, arena);
        return reaction_for(reactions, event->type) ? EVENT_OURS : EVENT_FOREIGN;
}

bool event_is_for(struct event *event, const char *group, struct arena *arena)
{
        const struct record *r = event->record;
        const char *whose = record_header(r, REPLAY_GROUP_HEADER, arena), *of, *at;

        if (!whose || strcmp(whose, group) != 0)
                return !whose;
        of = record_header(r, REPLAY_OF_HEADER, arena);
        at = record_header(r, REPLAY_AT_HEADER, arena);
        if (!of || strlen(of) + (at ? strlen(at) : 0) + strlen(group) > EVENT_IDENTITY_MOST)
                return true;
        event->identity_source = arena_printf(arena, "/replay/%s", group);
        event->identity = arena_printf(arena, "%s%s%s", of, at ? "@" : "", at ? at : "");
        event->content = 0; /* one letter, mended in two ways, is still one */
        return true;
}

void *event_row(struct unit *unit, const struct event *event, const struct shape *shape)
{
        void *row = arena_alloc(unit_arena(unit), shape->size);
        struct error error = {0};

        if (!event_form_row(event->record, event->body, shape, row, unit_arena(unit), &error))
                unit_refuse(unit, error.kind, error.member, "%s", error.text);
        return row;
}

bool event_is_newer(const struct event *event, int64_t then)
{
        return !event->source[0] && event->timestamp > then;
}

bool event_is_older(const struct event *event, int64_t then)
{
        return !event->source[0] && event->timestamp < then;
}
