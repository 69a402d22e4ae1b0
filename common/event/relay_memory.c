/* relay from memory, for a store that belongs to one process: hands records over right after
   their commit. Memory is bounded; records that it cannot hold, or that the bus does not take
   now, are read from the table in pages once the bus takes them. */
#include "event/relay_inside.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
        SWEEP_MS = 200, /* after idling so long, sent rows are removed by a commit of their own */
        FULL_MS = 100,  /* how often to look whether a lane has room, even without a result */
        BATCH_BYTES = 4 << 10, /* what a batch takes beside its records */
};

static size_t bytes_of(const struct outbox_batch *batch)
{
        size_t bytes = BATCH_BYTES;

        for (size_t i = 0; i < batch->count; i++)
                bytes += outbox_record_bytes(&batch->records[i]) + sizeof *batch->records;
        return bytes;
}

static struct outbox_batch *take_all(struct relay *r)
{
        struct outbox_batch *all = r->first;

        r->first = r->end = NULL;
        r->memory = 0;
        return all;
}

/* With the lock. Returns the batches that memory cannot hold. */
static struct outbox_batch *keep(struct relay *r, struct outbox_batch *batch, size_t bytes)
{
        if (r->first)
                r->end->next = batch;
        else
                r->first = batch;
        r->end = batch;
        r->memory += bytes;
        if (r->memory <= RELAY_MEMORY)
                return NULL;
        if (!r->overflowed) {
                r->overflowed = r->first->records[0].id;
                r->overflowed_at = r->first->records[0].at;
        }
        return take_all(r);
}

void relay_committed(void *arg, struct outbox_batch *batch)
{
        size_t bytes = bytes_of(batch);
        struct outbox_batch *dropped;
        struct relay *r = arg;
        bool wake;

        pthread_mutex_lock(&r->lock);
        dropped = keep(r, batch, bytes);
        wake = relay_note_commit(r);
        pthread_mutex_unlock(&r->lock);
        if (wake)
                bus_wake(r->bus);
        outbox_batches_free(dropped);
}

/* Takes the batches in memory. If memory overflowed before they came, notes that the records
   from there on are in the table. */
static struct outbox_batch *take(struct relay *r)
{
        struct outbox_batch *batches;
        int64_t overflowed, at;

        pthread_mutex_lock(&r->lock);
        batches = take_all(r);
        overflowed = r->overflowed;
        at = r->overflowed_at;
        r->overflowed = 0;
        r->told = false;
        pthread_mutex_unlock(&r->lock);
        if (overflowed)
                relay_leave_by_all(r, overflowed, at);
        return batches;
}

/* False: closing and out of time; the record stays in the table. */
static bool offer(struct relay *r, const struct outbox_record *o)
{
        while (relay_offer(r, o) == OFFER_FULL) {
                if (relay_is_out_of_time(r)) {
                        relay_leave(relay_lane_of(r, o), o->id, o->at);
                        return false;
                }
                relay_collect(r, FULL_MS, false);
        }
        return true;
}

static void offer_batches(struct relay *r, struct outbox_batch *batches, bool known)
{
        for (struct outbox_batch *b = batches; b; b = b->next)
                for (size_t i = 0; i < b->count; i++) {
                        const struct outbox_record *o = &b->records[i];

                        if (!known)
                                relay_leave_by_all(r, o->id, o->at);
                        else if (o->id > relay_lane_of(r, o)->read_to)
                                offer(r, o);
                }
        relay_send(r);
        outbox_batches_free(batches);
}

/* ---- the table ---- */

/* Chooses the lanes that go on now. Returns id and age of the first record that one of them
   left; id 0: there is none. */
static struct outbox_record begin_reading(struct relay *r)
{
        struct outbox_record from = {0};

        for (struct lane *l = r->lanes; l < r->lanes + BUS_LANES; l++) {
                l->read = l->left && relay_lane_is_open(l);
                if (!l->read)
                        continue;
                if (!from.id || l->left < from.id)
                        from = (struct outbox_record){.id = l->left, .at = l->left_at};
                l->left = l->left_at = 0;
        }
        return from;
}

/* Would any lane take more records? */
static bool is_of_use(const struct relay *r)
{
        for (const struct lane *l = r->lanes; l < r->lanes + BUS_LANES; l++)
                if (l->read && !l->left && relay_lane_is_open(l))
                        return true;
        return false;
}

static void end_reading(struct relay *r, const struct outbox_record *last, bool all)
{
        for (struct lane *l = r->lanes; l < r->lanes + BUS_LANES; l++) {
                if (!l->read)
                        continue;
                if (last->id > l->read_to)
                        l->read_to = last->id;
                if (!all)
                        relay_leave(l, last->id + 1, last->at);
        }
}

/* last: reading begins after this record; then it is the last record that is dealt with. A lane
   may be offered records before the ones that it left: the bus was told of those. */
static bool read_page(struct relay *r, struct outbox_record *last, struct outbox_record *records,
                      size_t *count)
{
        struct arena *arena = arena_open();
        struct error error = {0};
        bool good = outbox_read(r->store, last->id, records, RELAY_PAGE, count, arena, &error);

        relay_say_outbox(r, &error);
        for (size_t i = 0; good && i < *count; i++) {
                const struct lane *l = relay_lane_of(r, &records[i]);

                good = !l->read || offer(r, &records[i]);
                if (good)
                        *last = records[i];
        }
        relay_send(r);
        arena_close(&arena);
        return good;
}

/* Reads from the table: at start, after memory overflowed, and when a lane goes on. */
static void catch_up(struct relay *r)
{
        struct outbox_record last = begin_reading(r), *records;
        bool good = false;
        size_t count = 0;

        if (!last.id)
                return;
        last.id--;
        records = memory_alloc(RELAY_PAGE * sizeof *records);
        do {
                good = relay_tidy(r) && read_page(r, &last, records, &count);
        } while (good && count && is_of_use(r));
        end_reading(r, &last, good && !count);
        free(records);
        if (!good)
                relay_nap(r, RELAY_AGAIN_MS, false);
}

/* A fault that holds the lane up may end at any time. */
static int64_t look_ms(const struct lane *l)
{
        int64_t now = clock_mono_us(), closed_ms = (l->closed_until - now) / 1000 + 1,
                held_ms = (l->held_until - now) / 1000 + 1;

        if (l->closed_until && closed_ms > RELAY_AGAIN_MS)
                return closed_ms;
        return l->held_until > now && held_ms < RELAY_AGAIN_MS ? held_ms : RELAY_AGAIN_MS;
}

/* A closed lane opens by itself; a lane that stands still needs a result. */
static int64_t next_look_ms(const struct relay *r)
{
        int64_t next = r->counts[LANDED] ? SWEEP_MS : 60 * 1000;

        if (r->counts[REFUSED])
                return RELAY_AGAIN_MS;
        for (const struct lane *l = r->lanes; l < r->lanes + BUS_LANES; l++)
                if (l->left && look_ms(l) < next)
                        next = look_ms(l);
        return next;
}

static bool has_work(struct relay *r)
{
        bool some;

        pthread_mutex_lock(&r->lock);
        some = r->told;
        pthread_mutex_unlock(&r->lock);
        return some;
}

/* After idling for a while, sent records are removed from the table. */
static void rest(struct relay *r)
{
        relay_nap(r, next_look_ms(r), true);
        if (r->counts[LANDED] && !has_work(r))
                outbox_sweep(r->store);
}

static void wait_for_more(struct relay *r)
{
        if (r->taken > RELAY_FEW)
                relay_gather(r);
        else if (r->counts[FLYING])
                relay_collect(r, next_look_ms(r), true);
        else
                rest(r);
        r->taken = 0;
}

static bool is_done(struct relay *r)
{
        if (!relay_is_closing(r))
                return false;
        return relay_is_out_of_time(r) || (!has_work(r) && !relay_is_at_work(r));
}

/* Begins with what an earlier process left. */
static void begin(struct relay *r)
{
        struct arena *arena = arena_open();
        struct outbox_record first = {0};
        struct error error = {0};
        size_t count;

        while (outbox_unremoved(r->store) && outbox_sweep(r->store))
                ; /* sent by an earlier relay of this process; a sweep takes some of them */
        if (outbox_pending(r->store)) {
                outbox_read(r->store, 0, &first, 1, &count, arena, &error);
                relay_leave_by_all(r, 1, first.at);
        }
        relay_say_outbox(r, &error);
        arena_close(&arena);
}

void relay_from_memory(struct relay *r)
{
        begin(r);
        while (!is_done(r)) {
                struct outbox_batch *batches = take(r);
                int parts = r->parts;
                bool known = (batches || relay_is_at_work(r)) && relay_look_at_bus(r);

                if (r->faults)
                        relay_faults_look(r);
                /* keys may have come to other lanes, which have not read them: then only the
                   table tells what is unsent */
                offer_batches(r, batches, known && parts == r->parts);
                if (relay_tidy(r) && known)
                        catch_up(r);
                relay_note_oldest(r);
                if (!is_done(r))
                        wait_for_more(r);
        }
}
