/* dead_letter_act - replays a dead letter, or drops it. */
#include "event/dead_letters_inside.h"

#include "base/clock.h"
#include "data/event_form.h"
#include "event/event.h"

#include <string.h>
#include <unistd.h>

enum { PUBLISH_MS = 15 * 1000, STEP_MS = 200, PAUSE_US = 50 * 1000, CLOSE_MS = 2000 };

/* ---- publishing ---- */

static bool explain(const struct bus_result *result, struct error *error)
{
        if (result->result == BUS_REFUSED)
                return error_set(error, ERROR_TOO_LARGE, "the bus refuses the record: %s",
                                 result->reason);
        return error_set(error, ERROR_UNAVAILABLE, "the record cannot be published: %s",
                         result->reason);
}

static bool publish(struct bus *bus, const struct record *record, struct error *error)
{
        int64_t end = clock_mono_us() + PUBLISH_MS * 1000;
        struct bus_result result;

        while (!bus_parts(bus, error) || !bus_send(bus, record, 1, error)) {
                if (clock_mono_us() > end)
                        return error_set(error, ERROR_UNAVAILABLE, "the bus takes no record now");
                usleep(PAUSE_US);
        }
        while (!bus_results(bus, &result, 1, STEP_MS, error))
                if (clock_mono_us() > end)
                        return error_set(error, ERROR_UNAVAILABLE,
                                         "the bus does not say whether it has the record; it is "
                                         "safe to do it again");
        return result.result == BUS_PUBLISHED || explain(&result, error);
}

/* ---- the records ---- */

struct header_list {
        struct arena *arena;
        struct record_header *at;
        size_t count, room;
};

static void add(struct header_list *h, const char *name, const char *value, size_t len)
{
        h->at = arena_reserve(h->arena, h->at, &h->room, h->count + 1, sizeof *h->at);
        h->at[h->count++] = (struct record_header){name, value, len};
}

static void add_text(struct header_list *h, const char *name, const char *value)
{
        if (value)
                add(h, name, value, strlen(value));
}

static bool is_letters_own(const char *name)
{
        static const char *const own[] = {"x-original-topic",  "x-original-partition",
                                          "x-original-offset", "x-exception-message",
                                          REPLAY_GROUP_HEADER, REPLAY_OF_HEADER,
                                          REPLAY_AT_HEADER};

        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
                if (strcmp(name, own[i]) == 0)
                        return true;
        return false;
}

/* The record had no identity, and its letter got one (dead_letter.c): not the record's own. */
static bool is_identity_given(const struct dead_found *f, struct arena *arena)
{
        const struct dead *d = f->letter;
        const char *source = record_header(&f->record, EVENT_SOURCE_HEADER, arena),
                   *id = record_header(&f->record, EVENT_ID_HEADER, arena);

        return source && id && source[0] == '/' && strcmp(source + 1, d->place.group) == 0 &&
               strcmp(id, arena_printf(arena, "%s/%s/%s", d->original_topic,
                                       d->original_partition ? d->original_partition : "",
                                       d->original_offset ? d->original_offset : "")) == 0;
}

/* mended_type: instead of the one in the headers; NULL: that stays. */
static void add_originals(struct header_list *to, const struct dead_found *f,
                          const char *mended_type)
{
        bool given = is_identity_given(f, to->arena);

        for (size_t i = 0; i < f->record.header_count; i++) {
                const struct record_header *h = &f->record.headers[i];

                if (is_letters_own(h->name) ||
                    (given && (strcmp(h->name, EVENT_SOURCE_HEADER) == 0 ||
                               strcmp(h->name, EVENT_ID_HEADER) == 0)))
                        continue;
                if (mended_type && strcmp(h->name, EVENT_TYPE_HEADER) == 0)
                        add_text(to, EVENT_TYPE_HEADER, mended_type);
                else
                        add(to, h->name, h->value, h->len);
        }
}

static struct record replay_of(const struct dead_found *f, const char *mended,
                               const char *mended_type, struct arena *arena)
{
        const struct dead_place *p = &f->letter->place;
        struct header_list h = {.arena = arena};
        struct record record;

        add_originals(&h, f, mended_type);
        add_text(&h, REPLAY_GROUP_HEADER, p->group);
        add_text(&h, REPLAY_OF_HEADER,
                 arena_printf(arena, DEAD_TOPICS "%s/%d/%lld", p->group, p->partition,
                              (long long)p->offset));
        add_text(&h, REPLAY_AT_HEADER, arena_decimal(arena, f->letter->at_ms));
        record = (struct record){
                .key = f->record.key,
                .key_len = f->record.key_len,
                .value = mended ? mended : f->record.value,
                .value_len = mended ? strlen(mended) : f->record.value_len,
                .headers = h.at,
                .header_count = h.count,
        };
        return record;
}

/* Its key takes it to the letter's partition, where the letter has one and our publisher wrote it.
   Elsewhere its time must not be before the letter's, whatever this clock says. */
static struct record mark_for(const struct dead_found *f, enum dead_state state,
                              const struct dead_reason *reason, struct arena *arena)
{
        const struct dead_place *p = &f->letter->place;
        struct header_list h = {.arena = arena};
        int64_t now = clock_wall_ms();

        add_text(&h, EVENT_TYPE_HEADER, state == DEAD_REPLAYED ? MARK_REPLAYED : MARK_DROPPED);
        add_text(&h, MARK_PARTITION, arena_printf(arena, "%d", p->partition));
        add_text(&h, MARK_OFFSET, arena_decimal(arena, p->offset));
        add_text(&h, MARK_BY, reason->by);
        add_text(&h, MARK_REASON, reason->why);
        return (struct record){
                .topic = arena_printf(arena, DEAD_TOPICS "%s", p->group),
                .timestamp_ms = now > f->letter->at_ms ? now : f->letter->at_ms,
                .key = f->record.key,
                .key_len = f->record.key_len,
                .headers = h.at,
                .header_count = h.count,
        };
}

/* ---- both acts ---- */

static bool find_open(const struct bus_config *bus, const struct dead_place *place,
                      struct arena *arena, struct dead_found *found, struct error *error)
{
        if (!dead_letters_look_up(bus, place, arena, found, error))
                return false;
        return found->letter->state == DEAD_OPEN ||
               error_set(error, ERROR_CONFLICT, "the letter is no longer open: it was %.200s",
                         found->letter->note);
}

/* replay: before the marker; NULL: none. */
static bool say(const struct bus_config *bus, const struct record *replay,
                const struct record *mark, struct error *error)
{
        struct bus_config config = *bus;
        struct bus *publisher;
        bool good;

        config.topic = NULL;
        publisher = bus_open_publisher(&config, error);
        if (!publisher)
                return false;
        good = (!replay || publish(publisher, replay, error)) && publish(publisher, mark, error);
        bus_give_up(publisher);
        bus_close(&publisher, CLOSE_MS);
        return good;
}

static const struct dead *end(const struct bus_config *bus, struct dead_found *f,
                              const struct record *replay, enum dead_state state,
                              const struct dead_reason *reason, struct arena *arena,
                              struct error *error)
{
        struct record mark = mark_for(f, state, reason, arena);

        if (!say(bus, replay, &mark, error))
                return NULL;
        f->letter->state = state;
        f->letter->note = dead_note(state, mark.timestamp_ms, reason->by, reason->why, arena);
        return f->letter;
}

/* Is it an event? Its type, where it is. */
static bool check_mended(const char *mended, const char **type, struct arena *arena,
                         struct error *error)
{
        struct record record = {.value = mended, .value_len = strlen(mended)};
        struct error why = {0};
        int64_t timestamp;

        return event_form_read(&record, type, &timestamp, arena, &why) ||
               error_member(error, "value", "the value is no event: %.200s", why.text);
}

const struct dead *dead_letter_replay(const struct bus_config *bus, const struct dead_place *place,
                                      const char *mended, const struct dead_reason *reason,
                                      struct arena *arena, struct error *error)
{
        struct dead_found found;
        struct record replay;
        const char *type = NULL;

        if (mended && !check_mended(mended, &type, arena, error))
                return NULL;
        if (!find_open(bus, place, arena, &found, error))
                return NULL;
        if (!mended && !found.record.value_len) {
                error_member(error, "value",
                             "the letter has no value of its own: give a mended one");
                return NULL;
        }
        replay = replay_of(&found, mended, type, arena);
        return end(bus, &found, &replay, DEAD_REPLAYED, reason, arena, error);
}

const struct dead *dead_letter_drop(const struct bus_config *bus, const struct dead_place *place,
                                    const struct dead_reason *reason, struct arena *arena,
                                    struct error *error)
{
        struct dead_found found;

        if (!find_open(bus, place, arena, &found, error))
                return NULL;
        return end(bus, &found, NULL, DEAD_DROPPED, reason, arena, error);
}
