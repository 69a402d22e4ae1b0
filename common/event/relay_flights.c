/* relay: the records that the bus was told of (flights), and the lanes in which they queue. */
#include "event/relay_inside.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { STILL_US = 1000 * 1000 }; /* a lane without any result for so long stands still */

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

struct flight *relay_take_off(struct relay *r, const struct outbox_record *o, struct lane *l,
                              size_t bytes)
{
        struct flight *f = memory_alloc(sizeof *f);

        *f = (struct flight){.id = o->id,
                             .at = o->at,
                             .bytes = bytes,
                             .part = o->part,
                             .lane = (int)(l - r->lanes),
                             .parts = r->parts};
        *relay_find(r, f->id) = f;
        link_to(r, f, FLYING);
        r->of_part[f->part]++;
        r->bytes += bytes;
        if (!l->flying++)
                l->moved_at = clock_mono_us();
        l->bytes += bytes;
        return f;
}

void relay_forget(struct relay *r, struct flight *f)
{
        *relay_find(r, f->id) = f->next_in_bucket;
        unlink_from(r, f);
        r->of_part[f->part]--;
        free(f->span);
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
        /* keys have other lanes now: a record left by one lane is left by all */
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
        if ((l->closed_until && clock_mono_us() < l->closed_until) ||
            (l->held_until && clock_mono_us() < l->held_until))
                return false;
        return !relay_lane_is_still(l, STILL_US) && !(l->probing && l->flying);
}

/* Then only a result can change anything. */
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

/* ---- all of them ---- */

bool relay_is_at_work(const struct relay *r)
{
        if (r->counts[FLYING] || r->counts[REFUSED])
                return true;
        for (const struct lane *l = r->lanes; l < r->lanes + BUS_LANES; l++)
                if (l->left && !(relay_lane_is_of_others(r, l) && !relay_lane_is_open(l)))
                        return true;
        return false;
}

/* A closed topic of others does not make the rest look old; `set_aside` is its own metric. */
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
