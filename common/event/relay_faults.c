/* relay: publishing that goes wrong on purpose (base/faults.h). Only where the relay has a set of
   faults.

   An event that is to be late holds up its lane, so that the order per key stays. The delay counts
   from the event's commit, so those that wait together are late together, and not one after the
   other. Closing ends all delays.

   What is put beside an event, a copy of it or garbage, is sent right after the page with which the
   event went. Nobody waits for its result: its tag is its size, negative, and so bounds how much of
   it is under way. */
#include "base/clock.h"
#include "base/faults.h"
#include "base/random.h"
#include "data/event_form.h"
#include "event/relay_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BESIDE_MOST = 2 * RELAY_PAGE, SOURCE_MOST = 200 };

struct beside {
        struct record record;
        int64_t event; /* beside which */
};

struct relay_faults {
        struct faults *set;
        char *source; /* of garbage: "/fault/order" */
        bool closing;
        int64_t drawn_to[BUS_LANES]; /* up to this id it is settled whether an event is late: of
                                        each lane, or of each part where the store is shared */
        int64_t held_by[BUS_LANES];  /* the fault that holds the lane up */
        struct beside beside[BESIDE_MOST];
        size_t count, bytes; /* for the next send */
        size_t under_way;    /* bytes */
};

void relay_faults_open(struct relay *r, const struct relay_config *config)
{
        if (!config->faults)
                return;
        r->faults = memory_alloc(sizeof *r->faults);
        r->faults->set = config->faults;
        r->faults->source = memory_alloc(SOURCE_MOST);
        snprintf(r->faults->source, SOURCE_MOST, "/fault/%s", config->bus.client);
}

void relay_faults_close(struct relay *r)
{
        if (r->faults)
                free(r->faults->source);
        free(r->faults);
        r->faults = NULL;
}

static struct fault_place place_of(const struct outbox_record *o)
{
        struct fault_place place = {.key = o->key, .key_len = o->key ? strlen(o->key) : 0};
        const char *at = o->headers;
        struct packed_header h;

        while (!place.type &&
               packed_headers_next(&at, o->headers + o->headers_len, PACKED_FOR_OUTBOX, &h))
                if (strcmp(h.name, EVENT_TYPE_HEADER) == 0) {
                        place.type = h.value;
                        place.type_len = h.len;
                }
        return place;
}

/* ---- late ---- */

void relay_faults_look(struct relay *r)
{
        struct relay_faults *f = r->faults;

        f->closing = relay_is_closing(r);
        for (int i = 0; i < BUS_LANES; i++)
                if (r->lanes[i].held_until && (f->closing || !faults_still(f->set, f->held_by[i])))
                        r->lanes[i].held_until = 0;
}

/* The wall clock may step: an age is no less than 0. */
static int64_t age_us(const struct outbox_record *o)
{
        int64_t ms = clock_wall_ms() - o->at;

        return ms > 0 ? ms * 1000 : 0;
}

void relay_faults_delay(struct relay *r, const struct outbox_record *o, struct lane *l)
{
        struct relay_faults *f = r->faults;
        int64_t *drawn_to = &f->drawn_to[r->shared ? o->part : l - r->lanes];
        struct injection hit;
        struct fault_place place;

        if (!faults_may(f->set, FAULT_PUBLISH_DELAY) || f->closing || o->topic ||
            o->id <= *drawn_to || l->left || !relay_lane_is_open(l))
                return;
        *drawn_to = o->id;
        place = place_of(o);
        if (!faults_strike(f->set, FAULT_PUBLISH_DELAY, &place, &hit) || age_us(o) >= hit.delay_us)
                return;
        l->held_until = clock_mono_us() + hit.delay_us - age_us(o);
        f->held_by[l - r->lanes] = hit.fault;
}

/* ---- beside ---- */

static size_t bytes_of(const struct record *record)
{
        size_t bytes = RELAY_RECORD + record->key_len + record->value_len;

        for (size_t i = 0; i < record->header_count; i++)
                bytes += record->headers[i].len;
        return bytes;
}

static void put_beside(struct relay_faults *f, const struct record *record, int64_t event)
{
        struct beside *b = &f->beside[f->count++];
        size_t bytes = bytes_of(record);

        b->record = *record;
        b->record.tag = -(int64_t)bytes;
        b->event = event;
        f->bytes += bytes;
}

static struct record_header header(const char *name, const char *value, size_t len)
{
        return (struct record_header){.name = name, .value = value, .len = len};
}

/* Whoever hears the event hears this too, and cannot read it. */
static struct record garbage_for(struct relay *r, const struct record *event,
                                 const struct fault_place *place)
{
        static const char value[] = "{this is no JSON: a fault put it here";
        struct record_header *h = arena_alloc(r->arena, 4 * sizeof *h);
        char *id = arena_alloc(r->arena, RANDOM_UUID), *source = r->faults->source;
        struct record garbage = {.key = event->key,
                                 .key_len = event->key_len,
                                 .value = value,
                                 .value_len = sizeof value - 1,
                                 .timestamp_ms = event->timestamp_ms,
                                 .headers = h,
                                 .header_count = 4};

        random_uuid(id);
        h[0] = header(EVENT_TYPE_HEADER, place->type, place->type_len);
        h[1] = header(EVENT_SOURCE_HEADER, source, strlen(source));
        h[2] = header(EVENT_ID_HEADER, id, strlen(id));
        h[3] = header("ce_specversion", "1.0", 3);
        return garbage;
}

void relay_faults_beside(struct relay *r, const struct outbox_record *o,
                         const struct record *record)
{
        struct relay_faults *f = r->faults;
        struct fault_place place;
        struct injection hit;
        struct record garbage;

        if (!faults_may(f->set, FAULT_PUBLISH_TWICE) && !faults_may(f->set, FAULT_PUBLISH_GARBAGE))
                return;
        if (o->topic || f->count + 2 > BESIDE_MOST ||
            f->under_way + f->bytes + 2 * bytes_of(record) > RELAY_WINDOW)
                return;
        place = place_of(o);
        if (faults_strike(f->set, FAULT_PUBLISH_TWICE, &place, &hit))
                put_beside(f, record, o->id);
        if (place.type && faults_strike(f->set, FAULT_PUBLISH_GARBAGE, &place, &hit)) {
                garbage = garbage_for(r, record, &place);
                put_beside(f, &garbage, o->id);
        }
}

/* A copy of an event that the bus gave back would overtake the events before it. */
static bool is_on_its_way(struct relay *r, int64_t event)
{
        const struct flight *f = *relay_find(r, event);

        return f && f->state != REFUSED;
}

void relay_faults_send(struct relay *r)
{
        struct relay_faults *f = r->faults;
        struct error ignored = {0};
        struct record *records;
        size_t count = 0, bytes = 0;

        if (!f->count)
                return;
        records = arena_alloc(r->arena, f->count * sizeof *records);
        for (size_t i = 0; i < f->count; i++)
                if (is_on_its_way(r, f->beside[i].event)) {
                        records[count++] = f->beside[i].record;
                        bytes -= (size_t)f->beside[i].record.tag;
                }
        f->count = f->bytes = 0;
        if (count && bus_send(r->bus, records, count, &ignored))
                f->under_way += bytes;
}

void relay_faults_settle(struct relay *r, int64_t tag)
{
        r->faults->under_way += (size_t)tag;
}
