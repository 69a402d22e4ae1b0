/* relay: handing a record over to the bus.

   The lanes share a window: a lane may have as much under way as is free. So a lane that stands
   still never has all of the window, and a lane that is alone has half of it. Where many lanes
   stand still, what is free may be less than one record: so the first record of each lane may go
   into a second window, where it does not wait for other lanes. */
#include "data/event_form.h"
#include "event/relay_inside.h"

#include <string.h>

/* A record for the bus's own topic has a type that this service knows. A record for another
   topic is a dead letter, whatever type it names. */
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
        return metrics_series(r->metrics, &relay_families[RELAY_PUBLISHED], &type);
}

static bool has_room(const struct relay *r, const struct lane *l, size_t bytes)
{
        return l->flying ? r->bytes + l->bytes + bytes <= RELAY_WINDOW
                         : r->bytes < RELAY_WINDOW_MOST;
}

static void hand_over(struct relay *r, const struct outbox_record *o, struct lane *l, size_t bytes)
{
        struct record *record = &r->waiting[r->waiting_count++];
        struct flight *f;

        event_form_record(o, store_source(r->store), record, r->arena);
        record->tag = o->id;
        r->waiting_bytes += bytes;
        f = relay_take_off(r, o, l, bytes);
        f->published = series_of(r, record, o);
        f->span = relay_span_begin(o);
        if (r->faults)
                relay_faults_beside(r, o, record);
}

enum offer relay_offer(struct relay *r, const struct outbox_record *o)
{
        size_t bytes = outbox_record_bytes(o) + RELAY_RECORD;
        struct lane *l;

        if (*relay_find(r, o->id))
                return OFFER_KNOWN;
        l = relay_lane_of(r, o);
        if (r->faults)
                relay_faults_delay(r, o, l);
        if (l->left || !relay_lane_is_open(l)) {
                relay_leave(l, o->id, o->at);
                return OFFER_LEFT;
        }
        if (!has_room(r, l, bytes))
                return OFFER_FULL;
        hand_over(r, o, l, bytes);
        r->taken++;
        if (r->waiting_count == RELAY_PAGE || r->waiting_bytes >= OUTBOX_PAGE)
                relay_send(r);
        return OFFER_TAKEN;
}
