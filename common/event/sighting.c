#include "event/sighting.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/trace.h"
#include "base/utf8.h"
#include "data/event_form.h"

#include <string.h>

enum { DAY_MS = 86400000 };

/* Cut where a character begins. */
static const char *cut(const char *text, struct arena *arena)
{
        size_t len = text ? strlen(text) : 0;

        if (len <= SIGHTING_TEXT)
                return text;
        for (len = SIGHTING_TEXT; len && ((unsigned char)text[len] & 0xc0) == 0x80;)
                len--;
        return arena_copy(arena, text, len);
}

static const char *header(const struct record *record, const char *name, struct arena *arena)
{
        return cut(record_header(record, name, arena), arena);
}

/* "order" of "/order/UUID", as our services name themselves. */
static const char *service_of(const char *source, struct arena *arena)
{
        size_t len = source && *source == '/' ? strcspn(source + 1, "/") : 0;

        return len ? arena_copy(arena, source + 1, len) : NULL;
}

static const char *trace_of(const struct record *record, struct arena *arena)
{
        const char *parent = event_form_traceparent(record, arena);

        return parent ? arena_copy(arena, parent + 3, TRACE_ID - 1) : NULL;
}

static bool wanted(const void *arg, const char *name, size_t len)
{
        (void)arg;
        return (len == 9 && memcmp(name, "eventType", 9) == 0) ||
               (len == 9 && memcmp(name, "timestamp", 9) == 0);
}

/* A line may end inside a value, which stands on one line here. */
static void value_take(const struct record *record, const struct json *body, struct arena *arena,
                       struct sighting *s)
{
        const char *value = record->value;
        size_t len = record->value_len;
        struct error error = {0};

        if (!body || body->type != JSON_OBJECT || len > SIGHTING_VALUE)
                return;
        if (memchr(value, '\n', len) || memchr(value, '\r', len)) {
                struct text out = text_open(arena, len);

                json_write(&out, json_read(arena, value, len, &error));
                value = out.at;
                len = out.len;
        }
        s->value = value;
        s->value_len = len;
}

/* Anybody may announce any number. A producer's clock may be ahead of the bus's; a stamp that is a
   day ahead, or before 1970, is no time. Kafka has -1 where it does not know when a record came. */
static int64_t announced_of(const struct json *body, int64_t recorded)
{
        int64_t came = recorded < 0 ? 0 : recorded > CLOCK_LAST_MS ? CLOCK_LAST_MS : recorded;
        int64_t announced = json_whole(json_member(body, "timestamp"), came);

        return announced < 0 || announced > (came ? came : clock_wall_ms()) + DAY_MS ? came
                                                                                     : announced;
}

static const char *type_in(const struct json *body, struct arena *arena)
{
        const struct json *type = json_member(body, "eventType");

        return type && type->type == JSON_STRING ? cut(type->text, arena) : NULL;
}

void sighting_read(const struct record *record, struct arena *arena, struct sighting *s)
{
        static const struct json_wanted some = {.is = wanted};
        struct error error = {0};
        const struct json *body = record->value ? json_read_wanted(arena, record->value,
                                                                   record->value_len, &some, &error)
                                                : NULL;

        *s = (struct sighting){.partition = record->partition, .offset = record->offset};
        s->type = header(record, EVENT_TYPE_HEADER, arena);
        s->id = header(record, EVENT_ID_HEADER, arena);
        s->source = header(record, EVENT_SOURCE_HEADER, arena);
        s->pod = header(record, "ce_pod", arena);
        s->version = header(record, "ce_version", arena);
        s->cause = header(record, "ce_causationid", arena);
        s->service = service_of(s->source, arena);
        s->trace = trace_of(record, arena);
        if (record->key && utf8_is_valid(record->key, record->key_len))
                s->key = cut(arena_copy(arena, record->key, record->key_len), arena);
        if (!s->type)
                s->type = type_in(body, arena);
        s->announced = announced_of(body, record->timestamp_ms);
        value_take(record, body, arena, s);
}

static void member(struct text *out, const char *name, const char *value)
{
        text_string(out, name);
        json_write_string(out, value);
}

void sighting_write(struct text *out, const struct sighting *s, bool duplicate)
{
        text_string(out, "{\"partition\":");
        text_int(out, s->partition);
        text_string(out, ",\"offset\":");
        text_int(out, s->offset);
        member(out, ",\"type\":", s->type);
        member(out, ",\"key\":", s->key);
        member(out, ",\"id\":", s->id);
        member(out, ",\"source\":", s->source);
        member(out, ",\"service\":", s->service);
        member(out, ",\"pod\":", s->pod);
        member(out, ",\"version\":", s->version);
        member(out, ",\"trace\":", s->trace);
        member(out, ",\"cause\":", s->cause);
        text_string(out, ",\"announced\":");
        text_int(out, s->announced);
        text_string(out, duplicate ? ",\"duplicate\":true,\"value\":"
                                   : ",\"duplicate\":false,\"value\":");
        if (s->value)
                text_add(out, s->value, s->value_len);
        else
                text_string(out, "null");
        text_char(out, '}');
}
