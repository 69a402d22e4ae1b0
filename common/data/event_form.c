#include "data/event_form.h"

#include "base/clock.h"
#include "base/trace.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        HEADERS_COMMON = 5,
        HEADERS_USUAL = 16, /* an event has no more; a dead letter may have any number */
        /* what headers cost on the bus beyond the packed ones, at most: the common ones, and some
           bytes for each */
        HEADERS_BESIDE = 400,
        /* the values that another process may give for the same row, and their names */
        ORIGIN_MOST = EVENT_POD_MOST + EVENT_VERSION_MOST + EVENT_CAUSE_MOST + 50,
};

/* ---- writing ---- */

/* CloudEvents wants names of extension attributes in lower case. */
static const char *hidden_header(const struct field *field, struct arena *arena)
{
        static const char prefix[] = "ce_";
        char *name = arena_alloc(arena, sizeof prefix + strlen(field->name)),
             *to = stpcpy(name, prefix);

        for (const char *p = field->name; *p; p++)
                *to++ = (char)tolower((unsigned char)*p);
        return name;
}

static bool is_in_headers(const struct field *field)
{
        return field->flags & FIELD_HIDDEN && field->type == FIELD_TEXT;
}

static const char *key_of(const struct event_type *type, const void *row, struct arena *arena)
{
        const struct field *f = shape_field(type->shape, type->key);

        if (f)
                return arena_string(arena, field_text_of(f, row));
        return arena_decimal(arena, ((const struct row *)row)->id);
}

static struct text value_of(const struct event_type *type, const void *row, int64_t now,
                            struct arena *arena)
{
        struct text value = text_open(arena, 250);

        text_add(&value, "{\"eventType\":", 13);
        json_write_string(&value, type->name);
        text_add(&value, ",\"timestamp\":", 13);
        text_int(&value, now);
        text_add(&value, ",\"id\":", 6);
        text_int(&value, ((const struct row *)row)->id);
        text_char(&value, ',');
        shape_write(type->shape, row, &value);
        text_char(&value, '}');
        return value;
}

static void pack(struct text *packed, const char *name, const char *value)
{
        if (value)
                packed_headers_add(packed, PACKED_FOR_OUTBOX, name, value, strlen(value));
}

struct text event_form_announcer(const char *pod, const char *version, struct arena *arena)
{
        struct text packed = text_open(arena, 100);

        if (pod && strlen(pod) <= EVENT_POD_MOST)
                pack(&packed, "ce_pod", pod);
        if (version && strlen(version) <= EVENT_VERSION_MOST)
                pack(&packed, "ce_version", version);
        return packed;
}

/* The first header, so that a look at one byte tells whether it is there. No header that is
   published begins so. */
static const char above_header[] = "~above";

static bool has_above(const struct outbox_record *o)
{
        return !o->topic && o->headers_len && *o->headers == *above_header;
}

static void pack_origin(struct text *packed, const struct event_origin *origin)
{
        if (origin->announcer)
                text_add(packed, origin->announcer->at, origin->announcer->len);
        if (origin->cause && strlen(origin->cause) <= EVENT_CAUSE_MOST)
                pack(packed, EVENT_CAUSE_HEADER, origin->cause);
        pack(packed, "traceparent", origin->traceparent);
}

static struct text own_headers(const struct event_type *type, const void *row,
                               const struct event_origin *origin, int64_t now, struct arena *arena)
{
        struct text packed = text_open(arena, 250);
        char time[CLOCK_RFC3339];

        pack(&packed, above_header, origin->above);
        clock_rfc3339(now, time);
        pack(&packed, EVENT_TYPE_HEADER, type->name);
        pack(&packed, "ce_time", time);
        pack(&packed, "ce_subject", arena_decimal(arena, ((const struct row *)row)->id));
        for (const struct field *f = type->shape->fields; f->name; f++)
                if (is_in_headers(f))
                        pack(&packed, hidden_header(f, arena), field_text_of(f, row));
        pack_origin(&packed, origin);
        return packed;
}

struct outbox_record event_form_write(const struct event_type *type, const void *row,
                                      const struct event_origin *origin, int64_t now,
                                      struct arena *arena)
{
        struct text value = value_of(type, row, now, arena),
                    headers = own_headers(type, row, origin, now, arena);

        return (struct outbox_record){.key = key_of(type, row, arena),
                                      .value = value.at,
                                      .value_len = value.len,
                                      .headers = headers.at,
                                      .headers_len = headers.len,
                                      .at = now};
}

/* The reference's pair, quotes and all (a plain contentType makes a Spring consumer throw), and
   CloudEvents'. */
static size_t common_headers(const struct outbox_record *o, const char *source,
                             struct record_header *h, struct arena *arena)
{
        static const char content_type[] = "\"application/json\"",
                          types[] = "{\"contentType\":\"java.lang.String\"}";
        char *id = arena_decimal(arena, o->id);

        h[0] = (struct record_header){"contentType", content_type, sizeof content_type - 1};
        h[1] = (struct record_header){"spring_json_header_types", types, sizeof types - 1};
        h[2] = (struct record_header){"ce_specversion", "1.0", 3};
        h[3] = (struct record_header){EVENT_ID_HEADER, id, strlen(id)};
        h[4] = (struct record_header){EVENT_SOURCE_HEADER, source, strlen(source)};
        return HEADERS_COMMON;
}

void event_form_record(const struct outbox_record *o, const char *source, struct record *record,
                       struct arena *arena)
{
        const char *at = o->headers, *end = at + o->headers_len;
        struct record_header *h;
        struct packed_header own;
        size_t count, room = 0;

        h = arena_reserve(arena, NULL, &room, HEADERS_USUAL, sizeof *h);
        count = o->topic ? 0 : common_headers(o, source, h, arena);
        if (has_above(o))
                packed_headers_next(&at, end, PACKED_FOR_OUTBOX, &own);
        while (packed_headers_next(&at, end, PACKED_FOR_OUTBOX, &own)) {
                if (count == room)
                        h = arena_reserve(arena, h, &room, count + 1, sizeof *h);
                h[count++] = (struct record_header){own.name, own.value, own.len};
        }
        *record = (struct record){
                .topic = o->topic,
                .timestamp_ms = o->at,
                .key = o->key,
                .key_len = o->key ? strlen(o->key) : 0,
                .value = o->value,
                .value_len = o->value_len,
                .headers = h,
                .header_count = count,
        };
}

static void copy_value(const struct packed_header *h, char *to, size_t room)
{
        size_t len = h->len < room ? h->len : room - 1;

        memcpy(to, h->value ? h->value : "", h->value ? len : 0);
        to[h->value ? len : 0] = '\0';
}

bool event_form_trace(const struct outbox_record *o, struct trace *trace)
{
        const char *at = o->headers, *end = at + o->headers_len;
        char above[SPAN_ID], own[TRACEPARENT] = "";
        struct packed_header h;

        if (!has_above(o) || !packed_headers_next(&at, end, PACKED_FOR_OUTBOX, &h))
                return false;
        copy_value(&h, above, sizeof above);
        while (packed_headers_next(&at, end, PACKED_FOR_OUTBOX, &h))
                if (strcmp(h.name, "traceparent") == 0)
                        copy_value(&h, own, sizeof own);
        if (!trace_is_well_formed(own))
                return false;
        trace_restore(trace, own, above);
        return true;
}

size_t event_form_size(const struct outbox_record *o)
{
        return outbox_record_bytes(o) + HEADERS_BESIDE;
}

size_t event_form_size_later(const struct outbox_record *o)
{
        return event_form_size(o) + ORIGIN_MOST;
}

/* A byte of text takes six in JSON at most, and may be in the key and in a header too. */
size_t event_form_size_most(const struct shape *shape, const void *row)
{
        size_t most = HEADERS_BESIDE + ORIGIN_MOST;

        for (const struct field *f = shape->fields; f->name; f++) {
                const char *text = f->type == FIELD_TEXT ? field_text_of(f, row) : NULL;

                most += 100 + (text ? 8 * strlen(text) : 0);
        }
        return most;
}

/* ---- reading ---- */

static int64_t timestamp_of(const struct record *record, const struct json *body)
{
        const struct json *stamp = json_member(body, "timestamp");

        return stamp && stamp->type == JSON_NUMBER ? strtoll(stamp->text, NULL, 10)
                                                   : record->timestamp_ms;
}

static const struct json *object_of(const struct record *record, struct arena *arena,
                                    struct error *error)
{
        static const struct json_wanted nothing_nested = {0};
        const struct json *body;

        if (!record->value || !record->value_len) {
                error_set(error, ERROR_BAD_INPUT, "the value is empty");
                return NULL;
        }
        body = json_read_wanted(arena, record->value, record->value_len, &nothing_nested, error);
        if (body && body->type != JSON_OBJECT) {
                error_set(error, ERROR_BAD_INPUT, "the value must be an object, not %s",
                          json_type_name(body->type));
                return NULL;
        }
        return body;
}

const struct json *event_form_read(const struct record *record, const char **type,
                                   int64_t *timestamp, struct arena *arena, struct error *error)
{
        const struct json *body = object_of(record, arena, error), *said;

        if (!body)
                return NULL;
        said = json_member(body, "eventType");
        if (!said || said->type != JSON_STRING) {
                error_member(error, "eventType", "eventType must be a string");
                return NULL;
        }
        *type = said->text;
        *timestamp = timestamp_of(record, body);
        return body;
}

/* Reactions pass it on to what they announce, so its length must be bounded: of a later version we
   keep the part that we know. */
const char *event_form_traceparent(const struct record *record, struct arena *arena)
{
        const char *received = record_header(record, "traceparent", arena);

        return received && trace_is_well_formed(received)
                       ? arena_printf(arena, "00%.53s", received + 2)
                       : NULL;
}

bool event_form_row(const struct record *record, const struct json *body, const struct shape *shape,
                    void *row, struct arena *arena, struct error *error)
{
        static const struct field id_field = {.name = "id", .type = FIELD_INT64, .offset = 0};
        const struct json *id = json_member(body, "id");
        struct error unused;
        struct nullable_int number = {0};

        if (!id || !field_read(&id_field, id, &number, &unused) || !number.known)
                return error_member(error, "id", "id must be a whole number");
        ((struct row *)row)->id = number.value;
        for (const struct field *f = shape->fields; f->name; f++)
                if (is_in_headers(f))
                        *field_text(f, row) = record_header(record, hidden_header(f, arena), arena);
        return shape_read(shape, body, row, error);
}
