/* relay from parts, for a store that several processes share. Each process publishes the parts of
   the outbox that it holds, whichever process committed the records: it is told of its own commits
   at once, and looks for others' every 20 ms.

   A look reads from the front, because a record that commits late may have a lower id; records
   that the bus was told of are left out. If lanes have left records there, the look goes on
   after them, page by page as of one moment, so that it sees a key's records in their order. */
#include "event/relay_inside.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
        LOOK_EVERY_MS = 20,
        SHARE_EVERY_US = 1000 * 1000,
};

struct round {
        struct outbox_parts *parts;
        struct outbox_record *records;
        int64_t share_at;           /* monotonic us */
        int64_t passed_at, pass_ms; /* the last look that went on after records that lanes left:
                                       monotonic us, and how long it took; 0: none */
        bool bus;                   /* the bus takes records */
};

void relay_told(void *arg, struct outbox_batch *batch)
{
        struct relay *r = arg;
        bool wake;

        outbox_batches_free(batch);
        pthread_mutex_lock(&r->lock);
        wake = relay_note_commit(r);
        pthread_mutex_unlock(&r->lock);
        if (wake)
                bus_wake(r->bus);
}

static bool share(struct relay *r, struct round *round, struct error *error)
{
        bool busy[OUTBOX_PARTS];

        if (clock_mono_us() < round->share_at)
                return true;
        for (int i = 0; i < OUTBOX_PARTS; i++)
                busy[i] = r->of_part[i] > 0;
        if (!outbox_parts_share(round->parts, busy, error))
                return false;
        round->share_at = clock_mono_us() + SHARE_EVERY_US;
        return true;
}

/* Removes the records that the bus acknowledged. If that fails they stay known until it
   succeeds. */
static bool remove_landed(struct relay *r, struct round *round, struct error *error)
{
        size_t count = r->counts[LANDED];
        struct outbox_place *places;
        bool removed;

        if (!count)
                return true;
        places = memory_alloc(count * sizeof *places);
        count = 0;
        for (const struct flight *f = r->all[LANDED].next; f != &r->all[LANDED]; f = f->next)
                places[count++] = (struct outbox_place){f->id, f->part};
        removed = outbox_parts_remove(round->parts, places, count, error);
        while (removed && r->counts[LANDED])
                relay_forget(r, r->all[LANDED].next);
        free(places);
        return removed;
}

static size_t ids_known(const struct relay *r, struct arena *arena, int64_t **ids)
{
        size_t count = 0, all = 0;

        for (int i = 0; i < FLIGHT_STATES; i++)
                all += r->counts[i];
        *ids = arena_alloc(arena, all * sizeof **ids);
        for (int i = 0; i < FLIGHT_STATES; i++)
                for (const struct flight *f = r->all[i].next; f != &r->all[i]; f = f->next)
                        (*ids)[count++] = f->id;
        return count;
}

/* The oldest of the records under way and of one page of the rest, because a page is in the
   order of the parts, not of the time. */
static void note_oldest_beside(struct relay *r, const struct outbox_record *records, size_t count)
{
        int64_t oldest = records[0].at;

        for (size_t i = 1; i < count; i++)
                if (records[i].at < oldest)
                        oldest = records[i].at;
        if (r->counts[FLYING] && r->all[FLYING].next->at < oldest)
                oldest = r->all[FLYING].next->at;
        atomic_store(&r->oldest_at, oldest);
}

/* False: the bus takes no more now. */
static bool offer_page(struct relay *r, struct round *round, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (relay_offer(r, &round->records[i]) == OFFER_FULL) {
                        relay_leave(relay_lane_of(r, &round->records[i]), round->records[i].id,
                                    round->records[i].at);
                        return false;
                }
        return true;
}

/* False: there are no more records, or the bus takes no more now. */
static bool pass_page(struct relay *r, struct round *round, struct error *error)
{
        struct arena *arena = arena_open();
        int64_t *ids;
        size_t known = ids_known(r, arena, &ids), count;
        bool more = outbox_parts_read(round->parts, ids, known, round->records, RELAY_PAGE, &count,
                                      arena, error) &&
                    count;

        if (more) {
                round->bus = relay_look_at_bus(r);
                if (!round->bus)
                        note_oldest_beside(r, round->records, count);
                more = round->bus && offer_page(r, round, count);
        }
        relay_send(r);
        arena_close(&arena);
        return more;
}

static bool any_left(const struct relay *r)
{
        for (int i = 0; i < BUS_LANES; i++)
                if (r->lanes[i].left)
                        return true;
        return false;
}

/* So many that they must be removed before more is handed over. */
static bool much_landed(const struct relay *r)
{
        return r->counts[LANDED] >= RELAY_UNREMOVED_MOST;
}

/* One look at the table as it is now; the bus may take records faster than we read. */
static void pass(struct relay *r, struct round *round, struct error *error)
{
        bool deep = any_left(r);
        int64_t begun = clock_mono_us();

        round->bus = true;
        if (deep && !outbox_parts_begin(round->parts, error))
                return;
        for (int i = 0; i < BUS_LANES; i++)
                r->lanes[i].left = r->lanes[i].left_at = 0;
        while (pass_page(r, round, error) && deep && !much_landed(r))
                ;
        if (deep)
                outbox_parts_end(round->parts);
        round->passed_at = clock_mono_us();
        round->pass_ms = deep && !much_landed(r) ? (round->passed_at - begun) / 1000 : 0;
        if (round->bus)
                relay_note_oldest(r);
}

/* Looking again and again at records that stand still may cost much. Parts are shared meanwhile,
   because a session that idles for long is ended, and the process that takes its parts publishes
   again what was not removed. */
static bool is_resting(struct relay *r, const struct round *round)
{
        int64_t rest_ms = round->pass_ms ? round->pass_ms + relay_more_rest(r, round->pass_ms) : 0;

        return !relay_is_closing(r) && clock_mono_us() - round->passed_at < rest_ms * 1000;
}

static void wait_for_more(struct relay *r, struct round *round, bool failed)
{
        if (failed || !round->bus)
                relay_nap(r, RELAY_AGAIN_MS, false);
        else if (r->taken > RELAY_FEW || is_resting(r, round))
                relay_gather(r);
        else
                relay_collect(r, LOOK_EVERY_MS, true);
        pthread_mutex_lock(&r->lock);
        r->told = false;
        pthread_mutex_unlock(&r->lock);
}

void relay_from_parts(struct relay *r)
{
        struct round round = {.parts = outbox_parts_open(r->store),
                              .records = memory_alloc(RELAY_PAGE * sizeof *round.records)};
        bool last = false;

        while (!last) {
                bool closing = relay_is_closing(r); /* everything committed before closing is in
                                                       this round */
                struct error error = {0};

                r->taken = 0;
                relay_tidy(r);
                if (r->faults)
                        relay_faults_look(r);
                if (share(r, &round, &error) && remove_landed(r, &round, &error) &&
                    !is_resting(r, &round))
                        pass(r, &round, &error);
                relay_say_outbox(r, &error);
                if (error.kind != ERROR_NONE)
                        round.share_at = round.pass_ms = 0;
                last = closing &&
                       (relay_is_out_of_time(r) || error.kind != ERROR_NONE ||
                        (!r->taken && round.bus && !r->counts[LANDED] && !relay_is_at_work(r)));
                if (!last)
                        wait_for_more(r, &round, error.kind != ERROR_NONE);
        }
        relay_give_up(r);
        remove_landed(r, &round, &(struct error){0});
        outbox_parts_close(&round.parts);
        free(round.records);
}
