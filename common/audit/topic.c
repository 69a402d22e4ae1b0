#include "audit/topic.h"

#include "audit/books.h"
#include "base/redact.h"
#include "event/event.h"

#include <stdlib.h>
#include <string.h>

/* What is looked for, in the order of enum saying; there is nobody to react. */
static const struct reaction sayings[] = {
        [ORDER_PLACED] = {"Orderplaced", NULL},
        [ORDER_CANCELED] = {"OrderCanceled", NULL},
        [DELIVERY_STARTED] = {"DeliveryStarted", NULL},
        [DELIVERY_CANCELED] = {"DeliveryCanceled", NULL},
        [OUT_OF_STOCK] = {"OutOfStock", NULL},
        [INVENTORY_MODIFIED] = {"InventoryModified", NULL},
        {NULL, NULL},
};

/* ---- reading ---- */

static const char *keep_text(struct topic *t, const char *text)
{
        t->bytes += strlen(text) + 1;
        return arena_string(t->arena, text);
}

/* Few sources say all of it: most often it is that of the event before. */
static const char *keep_source(struct topic *t, const char *source)
{
        const struct announced *last =
                t->events.count ? rows_at(&t->events, t->events.count - 1) : NULL;

        if (last && strcmp(source, last->source) == 0)
                return last->source;
        if (last && last->order_source && strcmp(source, last->order_source) == 0)
                return last->order_source;
        return keep_text(t, source);
}

/* A longer one is no store's: an event with such a source counts as one without. */
static const char *keep_order_source(struct topic *t, const struct record *record)
{
        const char *source = record_header(record, "ce_ordersource", t->scratch);

        return source && strlen(source) <= EVENT_IDENTITY_MOST ? keep_source(t, source) : NULL;
}

static int64_t id_of(const struct event *event)
{
        const struct json *id = json_member(event->body, "id");

        return id && id->type == JSON_NUMBER ? strtoll(id->text, NULL, 10) : 0;
}

/* Of a delivery. */
static int64_t order_of(const struct event *event)
{
        const struct json *order = json_member(event->body, "orderId");

        return order && (order->type == JSON_STRING || order->type == JSON_NUMBER)
                       ? books_id(order->text)
                       : 0;
}

static bool is_of_order(enum saying saying)
{
        return saying == ORDER_PLACED || saying == ORDER_CANCELED;
}

static void note_highest(struct topic *t, enum id_kind kind, int64_t id)
{
        if (id > t->highest[kind])
                t->highest[kind] = id;
}

static void note_ids(struct topic *t, const struct announced *said)
{
        enum id_kind kind = said->saying == INVENTORY_MODIFIED ? ID_INVENTORY
                            : is_of_order(said->saying)        ? ID_ORDER
                                                               : ID_DELIVERY;

        note_highest(t, kind, said->id);
        if (kind == ID_DELIVERY)
                note_highest(t, ID_ORDER_HEARD, said->order);
}

static void keep(struct topic *t, const struct record *record, const struct event *event,
                 struct announced *said)
{
        said->source = keep_source(t, event->source);
        said->identity_source = keep_source(t, event->identity_source);
        said->identity = keep_text(t, event->identity);
        said->order_source = keep_order_source(t, record);
        said->partition = record->partition;
        said->offset = record->offset;
        said->timestamp = record->timestamp_ms;
        *(struct announced *)rows_add(&t->events) = *said;
        t->bytes += sizeof *said;
}

/* With an identity it counts once, as any; without one it could not be told from the original. */
static bool is_nameless_replay(const struct topic *t, const struct event *event)
{
        return !event->id && record_header(event->record, REPLAY_GROUP_HEADER, t->scratch);
}

static void take(struct topic *t, const struct record *record)
{
        struct event event;
        struct error ignored;
        struct announced said;
        enum event_verdict verdict = event_read(record, sayings, t->scratch, &event, &ignored);

        t->unreadable += verdict == EVENT_BROKEN;
        if (verdict == EVENT_OURS && id_of(&event) > 0 && !is_nameless_replay(t, &event)) {
                said = (struct announced){
                        .id = id_of(&event),
                        .order = order_of(&event),
                        .saying = (enum saying)(reaction_for(sayings, event.type) - sayings),
                };
                note_ids(t, &said);
                if (!t->ids_only && said.saying <= DELIVERY_CANCELED)
                        keep(t, record, &event, &said);
        }
        arena_reset(t->scratch);
}

/* ---- the stores that are there now ---- */

static bool is_later(const struct announced *a, const struct announced *b)
{
        return a->partition == b->partition ? a->offset > b->offset : a->timestamp > b->timestamp;
}

/* The source that begins with the prefix and spoke last. */
static const char *last_source(const struct topic *t, bool of_order, const char *prefix)
{
        const struct announced *last = NULL;

        for (size_t i = 0; i < t->events.count; i++) {
                const struct announced *s = rows_at(&t->events, i);

                if (is_of_order(s->saying) == of_order &&
                    strncmp(s->source, prefix, strlen(prefix)) == 0 && (!last || is_later(s, last)))
                        last = s;
        }
        return last ? last->source : NULL;
}

bool topic_is_of_now(const struct topic *t, const struct announced *said)
{
        const char *source = is_of_order(said->saying) ? t->order_source : t->delivery_source;

        return source && strcmp(said->source, source) == 0;
}

bool topic_is_from_order(const struct topic *t, const struct announced *started)
{
        return started->order_source && t->order_source &&
               strcmp(started->order_source, t->order_source) == 0;
}

/* ---- once it is read ---- */

static int compare_identity(const struct announced *a, const struct announced *b)
{
        int order = strcmp(a->source, b->source);

        if (!order)
                order = strcmp(a->identity_source, b->identity_source);
        return order ? order : strcmp(a->identity, b->identity);
}

static int compare_subject(const struct announced *a, enum saying saying, int64_t id)
{
        if (a->saying != saying)
                return a->saying < saying ? -1 : 1;
        return (a->id > id) - (a->id < id);
}

static int compare_said(const void *a, const void *b)
{
        const struct announced *left = a, *right = b;
        int order = compare_subject(left, right->saying, right->id);

        return order ? order : compare_identity(left, right);
}

static void keep_distinct(struct rows *events)
{
        size_t kept = 0;

        rows_sort(events, compare_said);
        for (size_t i = 0; i < events->count; i++) {
                const struct announced *s = rows_at(events, i);

                if (kept == 0 || compare_said(rows_at(events, kept - 1), s) != 0)
                        *(struct announced *)rows_at(events, kept++) = *s;
        }
        events->count = kept;
}

bool topic_url_is_right(const char *url, struct error *error)
{
        char shown[REDACTED];

        return bus_url_is_right(url) ||
               error_set(error, ERROR_BAD_INPUT,
                         "the bus is log:PATH or kafka://HOST:PORT[,HOST:PORT]/TOPIC, not '%s'",
                         redact(url, shown));
}

struct topic_reading {
        struct topic *topic;
        size_t most;
        bool full; /* it had more */
};

static bool take_record(void *arg, const struct record *record)
{
        struct topic_reading *r = arg;
        struct topic *t = r->topic;

        take(t, record);
        r->full = r->most && t->bytes > r->most;
        return !r->full;
}

static void note_dropped(void *arg, int32_t partition)
{
        struct topic_reading *r = arg;

        *(int64_t *)rows_add(&r->topic->dropped) = partition;
}

static bool read_all(struct topic *t, const struct topic_source *source, bool ids_only,
                     struct error *error)
{
        struct bus_config config = {.url = source->url,
                                    .client = "audit",
                                    .quiet = true, /* the error says enough */
                                    .properties = source->properties};
        struct topic_reading r = {.topic = t, .most = source->most};
        struct bus_through through = {
                .take = take_record, .dropped = note_dropped, .arg = &r, .stop = source->stop};

        *t = (struct topic){
                .ids_only = ids_only,
                .arena = arena_open(),
                .scratch = arena_open(),
                .events = rows_open(sizeof(struct announced)),
                .dropped = rows_open(sizeof(int64_t)),
        };
        if (!bus_read_through(&config, &through, error))
                return false;
        return !r.full || error_set(error, ERROR_INTERNAL,
                                    "the topic has more than an audit may hold beside the rows, "
                                    "%zu MiB",
                                    source->most >> 20);
}

bool topic_read_ids(struct topic *t, const struct topic_source *source, struct error *error)
{
        return read_all(t, source, true, error);
}

bool topic_read(struct topic *t, const struct topic_source *source, struct error *error)
{
        if (!read_all(t, source, false, error))
                return false;
        t->order_source = last_source(t, true, "/order/");
        t->delivery_source = last_source(t, false, "/delivery/");
        keep_distinct(&t->events);
        return true;
}

void topic_close(struct topic *t)
{
        rows_close(&t->events);
        rows_close(&t->dropped);
        arena_close(&t->scratch);
        arena_close(&t->arena);
}

/* ---- questions ---- */

/* The first of that saying and id, or where it would be. */
static size_t first_of(const struct topic *t, enum saying saying, int64_t id)
{
        size_t from = 0, to = t->events.count;

        while (from < to) {
                size_t middle = from + (to - from) / 2;

                if (compare_subject(rows_at(&t->events, middle), saying, id) < 0)
                        from = middle + 1;
                else
                        to = middle;
        }
        return from;
}

/* Of one saying and id: how many the store that is there now said, and how many there are in all;
 *one is one of the former. */
static size_t count(const struct topic *t, enum saying saying, int64_t id, size_t *all,
                    const struct announced **one)
{
        size_t first = first_of(t, saying, id), i, now = 0;

        for (i = first; i < t->events.count; i++) {
                const struct announced *s = rows_at(&t->events, i);

                if (compare_subject(s, saying, id) != 0)
                        break;
                if (topic_is_of_now(t, s)) {
                        now++;
                        *one = s;
                }
        }
        *all = i - first;
        return now;
}

size_t topic_count(const struct topic *t, enum saying saying, int64_t id)
{
        const struct announced *one = NULL;
        size_t all;

        return count(t, saying, id, &all, &one);
}

size_t topic_count_others(const struct topic *t, enum saying saying, int64_t id)
{
        const struct announced *one = NULL;
        size_t all, now = count(t, saying, id, &all, &one);

        return all - now;
}

const struct announced *topic_find(const struct topic *t, enum saying saying, int64_t id)
{
        const struct announced *one = NULL;
        size_t all;

        count(t, saying, id, &all, &one);
        return one;
}

/* The smallest id that the store there now said it of in that partition. */
static int64_t least_id(const struct topic *t, enum saying saying, int64_t partition)
{
        int64_t least = INT64_MAX;

        for (size_t i = first_of(t, saying, 1); i < t->events.count; i++) {
                const struct announced *s = rows_at(&t->events, i);

                if (s->saying != saying)
                        break;
                if (s->partition == partition && s->id < least && topic_is_of_now(t, s))
                        least = s->id;
        }
        return least;
}

int64_t topic_horizon(const struct topic *t, enum saying saying)
{
        int64_t horizon = 1;

        for (size_t i = 0; i < t->dropped.count; i++) {
                int64_t least = least_id(t, saying, *(int64_t *)rows_at(&t->dropped, i));

                if (least > horizon)
                        horizon = least;
        }
        return horizon;
}
