/* dead_letter_text - what a dead letter or a marker says, as texts. */
#include "event/dead_letters_inside.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "data/event_form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_TEXT = 256 };

const struct record_header *dead_header(const struct record *record, const char *name)
{
        for (size_t i = record->header_count; i-- > 0;)
                if (strcmp(record->headers[i].name, name) == 0 && record->headers[i].value)
                        return &record->headers[i];
        return NULL;
}

/* At most so many bytes, whole characters; what is no UTF-8 becomes '?'. */
static const char *shown(const char *bytes, size_t len, size_t most, struct arena *arena)
{
        size_t take = len < most ? len : most;
        char *text;

        if (!bytes)
                return NULL;
        while (take < len && take > 0 && ((unsigned char)bytes[take] & 0xc0) == 0x80)
                take--;
        text = arena_copy(arena, bytes, take);
        for (char *p = text; p < text + take;) {
                unsigned char c = (unsigned char)*p;
                size_t step = c < 0x80 ? c != '\0' : utf8_length(p, text + take);

                if (!step)
                        *p = '?';
                p += step ? step : 1;
        }
        return text;
}

static const char *header_shown(const struct record *record, const char *name, size_t most,
                                struct arena *arena)
{
        const struct record_header *h = dead_header(record, name);

        return h ? shown(h->value, h->len, most, arena) : NULL;
}

static const char *type_of(const struct record *record, size_t most, struct arena *arena)
{
        const char *said = record_header(record, EVENT_TYPE_HEADER, arena), *type;
        struct error ignored;
        int64_t timestamp;

        if (!said && event_form_read(record, &type, &timestamp, arena, &ignored))
                said = type;
        return said ? shown(said, strlen(said), most, arena) : NULL;
}

bool dead_is_letter(const struct record *r)
{
        return dead_header(r, "x-original-topic") && dead_header(r, "x-exception-message");
}

bool dead_letter_read(struct dead *letter, const struct record *r, const char *group, size_t most,
                      struct arena *arena)
{
        size_t few = most == SIZE_MAX || most < SHORT_TEXT ? most : SHORT_TEXT;

        *letter = (struct dead){
                .place = {.partition = r->partition, .offset = r->offset},
                .at_ms = r->timestamp_ms,
                .original_topic = header_shown(r, "x-original-topic", few, arena),
                .original_partition = header_shown(r, "x-original-partition", few, arena),
                .original_offset = header_shown(r, "x-original-offset", few, arena),
                .reason = header_shown(r, "x-exception-message", few, arena),
        };
        if (!dead_is_letter(r))
                return false;
        snprintf(letter->place.group, sizeof letter->place.group, "%s", group);
        letter->type = type_of(r, few, arena);
        letter->key = shown(r->key, r->key_len, few, arena);
        letter->value = shown(r->value, r->value_len, most, arena);
        letter->cut = r->value && r->value_len > most;
        return true;
}

/* A whole number from 0 on that is all of the text. */
static bool whole(const char *text, int64_t most, int64_t *number)
{
        char *end;

        if (!text || *text < '0' || *text > '9')
                return false;
        errno = 0;
        *number = strtoll(text, &end, 10);
        return !*end && !errno && *number <= most;
}

bool dead_place_read(struct dead_place *place, const char *text, struct error *error)
{
        const char *first = strchr(text, '/'), *second = first ? strchr(first + 1, '/') : NULL;
        size_t len = first ? (size_t)(first - text) : 0;
        char partition[16] = "";
        int64_t number;

        if (second && second - first - 1 < (int)sizeof partition)
                snprintf(partition, sizeof partition, "%.*s", (int)(second - first - 1), first + 1);
        if (!len || len >= sizeof place->group || !whole(partition, INT32_MAX, &number) ||
            !whole(second + 1, INT64_MAX, &place->offset))
                return error_set(error, ERROR_BAD_INPUT,
                                 "a letter's place is GROUP/PARTITION/OFFSET, as product/0/17, not "
                                 "'%.100s'",
                                 text);
        snprintf(place->group, sizeof place->group, "%.*s", (int)len, text);
        place->partition = (int32_t)number;
        if (!bus_topic_is_valid(place->group))
                return error_set(error, ERROR_BAD_INPUT, "'%.100s' is no name of a group",
                                 place->group);
        return true;
}

char *dead_note(enum dead_state state, int64_t at_ms, const char *by, const char *why,
                struct arena *arena)
{
        char at[CLOCK_RFC3339];

        clock_rfc3339(at_ms, at);
        return arena_printf(arena, "%s%s%s at %s%s%s", dead_state_name(state), by ? " by " : "",
                            by ? by : "", at, why ? ": " : "", why ? why : "");
}

bool dead_mark_read(struct dead_mark *mark, const struct record *r, struct arena *arena)
{
        const char *type = record_header(r, EVENT_TYPE_HEADER, arena);
        bool replayed = type && strcmp(type, MARK_REPLAYED) == 0;
        int64_t partition, offset;

        if (!replayed && (!type || strcmp(type, MARK_DROPPED) != 0))
                return false;
        if (!whole(record_header(r, MARK_PARTITION, arena), INT32_MAX, &partition) ||
            !whole(record_header(r, MARK_OFFSET, arena), INT64_MAX, &offset))
                return false;
        *mark = (struct dead_mark){
                .partition = (int32_t)partition,
                .offset = offset,
                .own_partition = r->partition,
                .own_offset = r->offset,
                .at_ms = r->timestamp_ms,
                .state = replayed ? DEAD_REPLAYED : DEAD_DROPPED,
                .by = header_shown(r, MARK_BY, 100, arena),
                .why = header_shown(r, MARK_REASON, 500, arena),
        };
        return true;
}

enum { TEXTS = 7 };

static void texts_of(struct dead *d, const char **texts[TEXTS])
{
        const char **all[TEXTS] = {&d->type,           &d->key,
                                   &d->reason,         &d->value,
                                   &d->original_topic, &d->original_partition,
                                   &d->original_offset};

        memcpy(texts, all, sizeof all);
}

struct dead *dead_letter_keep(const struct dead *letter, struct arena *arena)
{
        struct dead *kept = arena_alloc(arena, sizeof *kept);
        const char **texts[TEXTS];

        *kept = *letter;
        texts_of(kept, texts);
        for (int i = 0; i < TEXTS; i++)
                *texts[i] = arena_string(arena, *texts[i]);
        return kept;
}

const char *dead_state_name(enum dead_state state)
{
        static const char *const names[] = {"open", "replayed", "dropped"};

        return names[state];
}

static void write_text(struct text *out, const char *name, const char *value)
{
        text_string(out, name);
        json_write_string(out, value);
}

static void write_number(struct text *out, const char *name, const char *digits)
{
        int64_t number;

        text_string(out, name);
        if (whole(digits, INT64_MAX, &number))
                text_int(out, number);
        else
                text_string(out, "null");
}

void dead_letter_write_json(const struct dead *d, struct text *out)
{
        char at[CLOCK_RFC3339];

        clock_rfc3339(d->at_ms, at);
        write_text(out, "\"group\":", d->place.group);
        text_printf(out, ",\"topic\":\"" DEAD_TOPICS "%s\",\"partition\":%d,\"offset\":%lld",
                    d->place.group, d->place.partition, (long long)d->place.offset);
        write_text(out, ",\"at\":", at);
        write_text(out, ",\"eventType\":", d->type);
        write_text(out, ",\"key\":", d->key);
        write_text(out, ",\"reason\":", d->reason);
        write_text(out, ",\"original\":{\"topic\":", d->original_topic);
        write_number(out, ",\"partition\":", d->original_partition);
        write_number(out, ",\"offset\":", d->original_offset);
        write_text(out, "},\"value\":", d->value);
        text_printf(out, ",\"valueCut\":%s", d->cut ? "true" : "false");
        write_text(out, ",\"state\":", dead_state_name(d->state));
        write_text(out, ",\"note\":", d->note);
}
