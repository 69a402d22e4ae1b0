#include "event/event.h"

#include "base/hash.h"
#include "base/trace.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { IDENTITY_MOST = 1000 };

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

const char *event_label(const struct reaction *reactions, const char *type)
{
        if (!type)
                return "unknown";
        return reaction_for(reactions, type) ? type : "other";
}

const char *record_header(const struct record *record, const char *name, struct arena *arena)
{
        for (size_t i = 0; i < record->header_count; i++) {
                const struct record_header *h = &record->headers[i];

                if (strcmp(h->name, name) == 0 && h->value)
                        return utf8_is_valid(h->value, h->len) ? arena_copy(arena, h->value, h->len)
                                                               : NULL;
        }
        return NULL;
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
        const char *source = record_header(record, "ce_source", arena);
        const char *id = record_header(record, "ce_id", arena);

        /* an index takes no more than some 2700 bytes a key, and nobody's identity is that long */
        if (source && id && strlen(source) + strlen(id) > IDENTITY_MOST)
                source = id = NULL;
        event->source = source && id ? source : "";
        if (source && id) {
                event->identity_source = source;
                event->identity = id;
                event->content = content_of(record);
                return;
        }
        event->identity_source = arena_printf(arena, "%s/%d", record->topic, record->partition);
        /* the hash tells two records at one place of a topic that was made anew apart */
        event->identity =
                arena_printf(arena, "%lld-%lld-%016llx", (long long)record->offset,
                             (long long)record->timestamp_ms,
                             (unsigned long long)hash_bytes(record->value, record->value_len));
}

static int64_t timestamp_of(const struct record *record, const struct json *body)
{
        const struct json *stamp = json_member(body, "timestamp");

        return stamp && stamp->type == JSON_NUMBER ? strtoll(stamp->text, NULL, 10)
                                                   : record->timestamp_ms;
}

static bool read_body(const struct record *record, struct arena *arena, struct event *event,
                      struct error *error)
{
        const struct json *type;

        if (!record->value || !record->value_len)
                return error_set(error, ERROR_BAD_INPUT, "the value is empty");
        event->body = json_read_wanted(arena, record->value, record->value_len,
                                       &(struct json_wanted){0}, error); /* nothing nested */
        if (!event->body)
                return false;
        if (event->body->type != JSON_OBJECT)
                return error_set(error, ERROR_BAD_INPUT, "the value must be an object, not %s",
                                 json_type_name(event->body->type));
        type = json_member(event->body, "eventType");
        if (!type || type->type != JSON_STRING)
                return error_member(error, "eventType", "eventType must be a string");
        event->type = type->text;
        event->timestamp = timestamp_of(record, event->body);
        return true;
}

/* What the reaction says carries it, so that it must not have any length: of a later version the
   part that we know. */
static const char *traceparent_of(const struct record *record, struct arena *arena)
{
        const char *received = record_header(record, "traceparent", arena);

        return received && trace_is_well_formed(received)
                       ? arena_printf(arena, "00%.53s", received + 2)
                       : NULL;
}

enum event_verdict event_read(const struct record *record, const struct reaction *reactions,
                              struct arena *arena, struct event *event, struct error *error)
{
        const char *said = record_header(record, "ce_type", arena);

        *event = (struct event){.record = record};
        if (said && !reaction_for(reactions, said))
                return EVENT_FOREIGN;
        identify(record, arena, event);
        if (!read_body(record, arena, event, error))
                return EVENT_BROKEN;
        event->traceparent = traceparent_of(record, arena);
        return reaction_for(reactions, event->type) ? EVENT_OURS : EVENT_FOREIGN;
}

void *event_row(struct unit *unit, const struct event *event, const struct shape *shape)
{
        static const struct field id_field = {.name = "id", .type = FIELD_INT64, .offset = 0};
        const struct json *id = json_member(event->body, "id");
        void *row = arena_alloc(unit_arena(unit), shape->size);
        struct error error = {0};
        struct nullable_int number = {0};

        if (!id || !field_read(&id_field, id, &number, &error) || !number.known) {
                unit_refuse(unit, ERROR_BAD_INPUT, "id", "id must be a whole number");
                return row;
        }
        ((struct row *)row)->id = number.value;
        if (!shape_read(shape, event->body, row, &error))
                unit_refuse(unit, error.kind, error.member, "%s", error.text);
        for (const struct field *f = shape->fields; f->name; f++)
                if (f->flags & FIELD_HIDDEN && f->type == FIELD_TEXT)
                        *field_text(f, row) = record_header(
                                event->record, field_header(f, unit_arena(unit)), unit_arena(unit));
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
