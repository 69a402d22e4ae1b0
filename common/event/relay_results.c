/* relay: the results of the records that the bus was told of (relay_flights.c). */
#include "event/relay_inside.h"

#include "base/clock.h"
#include "base/log.h"

enum {
        MUTE_US = 3 * 1000 * 1000, /* if a lane stands still for so long, the log says so */
        OWN_CLOSED_US = 1000 * 1000,
        OTHERS_CLOSED_US = 60 * 1000 * 1000,
        RESULTS = 512,
};

static void close_lane(struct lane *l, int64_t us)
{
        l->closed_until = clock_mono_us() + us;
        l->probing = true;
}

/* The bus no longer has it. */
static struct lane *touch_down(struct relay *r, struct flight *f)
{
        struct lane *l = &r->lanes[f->lane];

        l->flying--;
        l->bytes -= f->bytes;
        l->moved_at = clock_mono_us();
        r->bytes -= f->bytes;
        return l;
}

/* Whether the log says that its topic is closed. The lanes of the bus's own topic share one
   flag. */
static bool *said_of(struct relay *r, struct lane *l)
{
        return relay_lane_is_of_others(r, l) ? &l->said : &r->lanes[0].said;
}

static void landed(struct relay *r, struct flight *f)
{
        struct lane *l = touch_down(r, f);

        if (*said_of(r, l))
                log_write(LOG_INFO, "a topic takes records again", NULL);
        *said_of(r, l) = l->probing = false;
        l->closed_until = 0;
        if (f->published)
                metric_add(f->published, 1);
        relay_span_end(r, f, NULL);
        relay_move(r, f, LANDED);
}

static void refused(struct relay *r, struct flight *f, const char *reason)
{
        touch_down(r, f);
        log_write(LOG_ERROR, "an event can never be published; it is parked in the outbox",
                  "error.message", reason, NULL);
        f->reason = reason;
        relay_span_end(r, f, reason);
        relay_move(r, f, REFUSED);
}

/* Now it is only in the table. If the number of parts has changed meanwhile, its key may have
   another lane. */
static void turned_back(struct relay *r, struct flight *f, int64_t closed_us)
{
        struct lane *l = touch_down(r, f);

        if (f->parts == r->parts)
                relay_leave(l, f->id, f->at);
        else
                relay_leave_by_all(r, f->id, f->at);
        close_lane(l, closed_us);
        relay_forget(r, f);
}

static void topic_is_closed(struct relay *r, struct flight *f, const char *reason)
{
        struct lane *l = &r->lanes[f->lane];
        bool of_others = relay_lane_is_of_others(r, l);

        if (!*said_of(r, l))
                log_write(LOG_ERROR,
                          of_others ? "records for another topic cannot be published now; they "
                                      "wait in the outbox and are tried again each minute"
                                    : "the bus's topic takes no records; they wait in the outbox",
                          "error.message", reason, NULL);
        *said_of(r, l) = true;
        turned_back(r, f, of_others ? OTHERS_CLOSED_US : OWN_CLOSED_US);
}

static void settle(struct relay *r, const struct bus_result *result)
{
        struct flight *f = *relay_find(r, result->tag);

        if (result->tag < 0)
                relay_faults_settle(r, result->tag);
        if (!f || f->state != FLYING)
                return;
        switch (result->result) {
        case BUS_PUBLISHED:
                landed(r, f);
                break;
        case BUS_REFUSED:
                refused(r, f, result->reason);
                break;
        case BUS_CLOSED:
                topic_is_closed(r, f, result->reason);
                break;
        case BUS_RETURNED:
                turned_back(r, f, RELAY_AGAIN_MS * 1000);
                break;
        }
}

static bool any_is_mute(const struct relay *r)
{
        for (const struct lane *l = r->lanes; l < r->lanes + BUS_OWN_LANES; l++)
                if (relay_lane_is_still(l, MUTE_US))
                        return true;
        return false;
}

static void settle_all(struct relay *r, const struct bus_result *results, size_t count)
{
        int64_t ids[RESULTS];
        size_t landed_before = r->counts[LANDED], fresh;
        const struct flight *f = &r->all[LANDED];

        for (size_t i = 0; i < count; i++)
                settle(r, &results[i]);
        fresh = r->counts[LANDED] - landed_before;
        for (size_t i = fresh; i > 0; i--) {
                f = f->before;
                ids[i - 1] = f->id;
        }
        if (fresh && !r->shared)
                outbox_sent(r->store, ids, fresh);
        if (fresh && !any_is_mute(r))
                relay_say_bus(r, &(struct error){0});
}

/* Deals with the results that are there, or come within ms. */
static void settle_some(struct relay *r, int ms, struct error *error)
{
        struct bus_result results[RESULTS];
        size_t count;

        do {
                count = bus_results(r->bus, results, RESULTS, ms, error);
                settle_all(r, results, count);
                ms = 0;
        } while (count == RESULTS);
}

/* Records that are given back at once must be known before more is handed over, or later records
   would overtake them. */
void relay_send(struct relay *r)
{
        size_t count = r->waiting_count;
        struct error error = {0};

        r->waiting_count = r->waiting_bytes = 0;
        if (count && !bus_send(r->bus, r->waiting, count, &error)) {
                relay_say_bus(r, &error);
                for (size_t i = 0; i < count; i++)
                        turned_back(r, *relay_find(r, r->waiting[i].tag), RELAY_AGAIN_MS * 1000);
        } else if (count) {
                settle_some(r, 0, &error);
        }
        if (r->faults)
                relay_faults_send(r);
        arena_reset(r->arena);
}

/* False: something was committed meanwhile. */
static bool listen_from_now(struct relay *r)
{
        bool missed;

        pthread_mutex_lock(&r->lock);
        missed = r->told;
        r->listening = !missed;
        pthread_mutex_unlock(&r->lock);
        return !missed;
}

static void listen_no_more(struct relay *r)
{
        pthread_mutex_lock(&r->lock);
        r->listening = false;
        pthread_mutex_unlock(&r->lock);
}

void relay_collect(struct relay *r, int64_t ms, bool listen)
{
        struct error error = {0};

        relay_send(r);
        ms = relay_patience(r, ms);
        if (!r->counts[FLYING]) {
                relay_nap(r, ms, listen);
                return;
        }
        if (listen && !listen_from_now(r))
                ms = 0;
        settle_some(r, (int)ms, &error);
        if (listen)
                listen_no_more(r);
        if (error.kind == ERROR_NONE && any_is_mute(r))
                error_set(&error, ERROR_UNAVAILABLE, "there is no answer to some of the records");
        if (error.kind != ERROR_NONE)
                relay_say_bus(r, &error);
}

void relay_gather(struct relay *r)
{
        int64_t end = clock_mono_us() + RELAY_PAUSE_MS * 1000, rest;

        while ((rest = (end - clock_mono_us()) / 1000) > 0 && !relay_is_closing(r))
                relay_collect(r, rest, false);
}

/* Sets the refused records aside. One that fails stays in the outbox, and is tried again with
   the next tidying. */
static void park(struct relay *r)
{
        while (r->counts[REFUSED]) {
                struct flight *f = r->all[REFUSED].next;
                struct error error = {0};

                if (!outbox_park(r->store, &(struct outbox_record){.id = f->id, .part = f->part},
                                 f->reason, &error)) {
                        log_write(LOG_WARN, "parking failed; trying again", "error.message",
                                  error.text, NULL);
                        return;
                }
                relay_forget(r, f);
        }
}

static void forget_removed(struct relay *r)
{
        int64_t ids[RESULTS];
        size_t count;

        while ((count = outbox_removed(r->store, ids, RESULTS)))
                for (size_t i = 0; i < count; i++) {
                        struct flight *f = *relay_find(r, ids[i]);

                        if (f) /* else it was an earlier relay's of this process */
                                relay_forget(r, f);
                }
}

bool relay_tidy(struct relay *r)
{
        park(r);
        if (r->shared)
                return true;
        if (r->counts[LANDED] >= RELAY_UNREMOVED_MOST)
                outbox_sweep(r->store);
        forget_removed(r);
        return r->counts[LANDED] < RELAY_UNREMOVED_MOST;
}

void relay_give_up(struct relay *r)
{
        if (!r->counts[FLYING])
                return;
        bus_give_up(r->bus);
        relay_collect(r, 0, false);
}
