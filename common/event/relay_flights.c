/* relay: what the bus was told, record by record (what came of it: relay_results.c).

   The window is shared by lanes: a lane may have as much under way as is free. So one that stands
   still never has all of it, and one that is alone has half of it. Where many stand still what is
   free is less than a record in the end: so the first record of each lane has another window behind
   it, where it waits for no other lane's. */
#include "event/relay_inside.h"

#include "base/clock.h"
#include "data/event_form.h"

#include <stdlib.h>
#include <string.h>

enum { STILL_US = 1000 * 1000 }; /* without any result for so long a lane stands still */

static const struct metric_family published_family = {"mall_events_published_total",
                                                      "Events acknowledged by the bus",
                                                      METRIC_COUNTER,
                                                      {"event_type"}};

void relay_flights_open(struct relay *r)
{
        for (int i = 0; i < FLIGHT_STATES; i++)
                r->all[i].before = r->all[i].next = &r->all[i];
        r->arena = arena_open();
        r->waiting = memory_alloc(RELAY_PAGE * sizeof *r->waiting);
}

/* ---- flights ---- */

struct flight **relay_find(struct relay *r, int64_t id)
{
        struct flight **at = &r->buckets[(uint64_t)id % RELAY_BUCKETS];

        while (*at && (*at)->id != id)
                at = &(*at)->next_in_bucket;
        return at;
}

static void link_to(struct relay *r, struct flight *f, enum flight_state state)
{
        struct flight *head = &r->all[state];

        f->state = state;
        f->before = head->before;
        f->next = head;
        head->before = head->before->next = f;
        r->counts[state]++;
}

static void unlink_from(struct relay *r, struct flight *f)
{
        f->before->next = f->next;
        f->next->before = f->before;
        r->counts[f->state]--;
}

void relay_move(struct relay *r, struct flight *f, enum flight_state state)
{
        unlink_from(r, f);
        link_to(r, f, state);
}

void relay_forget(struct relay *r, struct flight *f)
{
        *relay_find(r, f->id) = f->next_in_bucket;
        unlink_from(r, f);
        r->of_part[f->part]--;
        free(f);
}

void relay_flights_close(struct relay *r)
{
        for (int i = 0; i < FLIGHT_STATES; i++)
                while (r->counts[i])
                        relay_forget(r, r->all[i].next);
        arena_close(&r->arena);
        free(r->waiting);
}

/* ---- lanes ---- */

bool relay_look_at_bus(struct relay *r)
{
        struct error error = {0};
        int parts = bus_parts(r->bus, &error);
        int64_t left = 0, at = 0;

        if (error.kind != ERROR_NONE)
                relay_say_bus(r, &error);
        if (!parts || parts == r->parts)
                return parts;
        /* keys have other lanes now: what one of these left is left by all */
        for (struct lane *l = r->lanes; l < r->lanes + BUS_LANES; l++)
                if (l->left && (!left || l->left < left)) {
                        left = l->left;
                        at = l->left_at;
                }
        if (left)
                relay_leave_by_all(r, left, at);
        r->parts = parts;
        return true;
}

struct lane *relay_lane_of(struct relay *r, const struct outbox_record *o)
{
        return &r->lanes[bus_lane(r->bus, o->topic, o->key, o->key ? strlen(o->key) : 0)];
}

bool relay_lane_is_of_others(const struct relay *r, const struct lane *l)
{
        return l - r->lanes >= BUS_OWN_LANES;
}

bool relay_lane_is_still(const struct lane *l, int64_t us)
{
        return l->flying && clock_mono_us() - l->moved_at > us;
}

bool relay_lane_is_open(const struct lane *l)
{
        if (l->closed_until && clock_mono_us() < l->closed_until)
                return false;
        return !relay_lane_is_still(l, STILL_US) && !(l->probing && l->flying);
}

/* Only a result changes anything then. */
static bool all_stand_still(const struct relay *r)
{
        for (int i = 0; i < r->parts && i < BUS_OWN_LANES; i++)
                if (relay_lane_is_open(&r->lanes[i]))
                        return false;
        return r->counts[FLYING];
}

int64_t relay_more_rest(const struct relay *r, int64_t look_ms)
{
        return all_stand_still(r) ? RELAY_RESTS * look_ms : 0;
}

void relay_leave(struct lane *l, int64_t id, int64_t at)
{
        if (l->left && l->left <= id)
                return;
        l->left = id;
        l->left_at = at;
}

void relay_leave_by_all(struct relay *r, int64_t id, int64_t at)
{
        for (struct lane *l = r->lanes; l < r->lanes + BUS_LANES; l++)
                relay_leave(l, id, at);
}

/* ---- handing over ---- */

/* Of its own topic a record has a type that this service knows; what lies elsewhere is a dead
   letter, whatever it calls itself. */
static struct metric *series_of(struct relay *r, const struct record *record,
                                const struct outbox_record *o)
{
        const char *type = "dead letter";

        if (!r->metrics)
                return NULL;
        for (size_t i = 0; !o->topic && i < record->header_count; i++)
                if (strcmp(record->headers[i].name, EVENT_TYPE_HEADER) == 0)
                        type = arena_copy(r->arena, record->headers[i].value,
                                          record->headers[i].len);
        return metrics_series(r->metrics, &published_family, &type);
}

static bool has_room(const struct relay *r, const struct lane *l, size_t bytes)
{
        return l->flying ? r->bytes + l->bytes + bytes <= RELAY_WINDOW
                         : r->bytes < RELAY_WINDOW_MOST;
}

static void take_off(struct relay *r, const struct outbox_record *o, struct lane *l, size_t bytes)
{
        struct record *record = &r->waiting[r->waiting_count++];
        struct flight *f = memory_alloc(sizeof *f);

        event_form_record(o, store_source(r->store), record, r->arena);
        record->tag = o->id;
        r->waiting_bytes += bytes;
        *f = (struct flight){.id = o->id,
                             .at = o->at,
                             .bytes = bytes,
                             .part = o->part,
                             .lane = (int)(l - r->lanes),
                             .parts = r->parts};
        f->published = series_of(r, record, o);
        *relay_find(r, f->id) = f;
        link_to(r, f, FLYING);
        r->of_part[f->part]++;
        r->bytes += bytes;
        if (!l->flying++)
                l->moved_at = clock_mono_us();
        l->bytes += bytes;
}

enum offer relay_offer(struct relay *r, const struct outbox_record *o)
{
        size_t bytes = outbox_record_bytes(o) + RELAY_RECORD;
        struct lane *l;

        if (*relay_find(r, o->id))
                return OFFER_KNOWN;
        l = relay_lane_of(r, o);
        if (l->left || !relay_lane_is_open(l)) {
                relay_leave(l, o->id, o->at);
                return OFFER_LEFT;
        }
        if (!has_room(r, l, bytes))
                return OFFER_FULL;
        take_off(r, o, l, bytes);
        r->taken++;
        if (r->waiting_count == RELAY_PAGE || r->waiting_bytes >= OUTBOX_PAGE)
                relay_send(r);
        return OFFER_TAKEN;
}

bool relay_is_at_work(const struct relay *r)
{
        if (r->counts[FLYING] || r->counts[REFUSED])
                return true;
        for (const struct lane *l = r->lanes; l < r->lanes + BUS_LANES; l++)
                if (l->left && !(relay_lane_is_of_others(r, l) && !relay_lane_is_open(l)))
                        return true;
        return false;
}

/* A topic that is closed does not make the rest look old; it has a number of its own. */
void relay_note_oldest(struct relay *r)
{
        int64_t oldest = r->counts[FLYING] ? r->all[FLYING].next->at : 0;
        bool set_aside = false;

        for (const struct lane *l = r->lanes; l < r->lanes + BUS_OWN_LANES; l++)
                if (l->left && l->left_at && (!oldest || l->left_at < oldest))
                        oldest = l->left_at;
        atomic_store(&r->oldest_at, oldest);
        for (const struct lane *l = r->lanes + BUS_OWN_LANES; l < r->lanes + BUS_LANES; l++)
                set_aside = set_aside || l->left;
        atomic_store(&r->set_aside, set_aside);
}
