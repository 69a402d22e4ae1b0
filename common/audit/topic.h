/* topic - what was said of orders and deliveries, read from the topic's beginning to what was its
   end.

   No group is joined and nothing is written (bus_read_through). A record that was published twice
   (the same ce_source and ce_id) counts once, and so does one that a dead letter's replay brings
   again; a record that cannot be understood is passed over, and counted.

   An order is (source, id), and so is a delivery: a store that begins anew gets another ce_source
   and counts from 1 again. The source that spoke last is the store that is there now. BUGS: one
   that began anew and has said nothing yet is taken for the one before it, whose rows are missed
   then. On a topic of several partitions "last" is by the records' time.

   Where the bus has dropped the oldest events already, those of the oldest rows are not missed. */
#ifndef AUDIT_TOPIC_H
#define AUDIT_TOPIC_H

#include "audit/rows.h"
#include "event/bus.h"

enum saying {
        ORDER_PLACED,
        ORDER_CANCELED,
        DELIVERY_STARTED,
        DELIVERY_CANCELED,
        OUT_OF_STOCK,
        INVENTORY_MODIFIED
};

/* Whose ids events tell, and in which member. */
enum id_kind {
        ID_ORDER,       /* id of Orderplaced and OrderCanceled */
        ID_ORDER_HEARD, /* orderId of what delivery and product say */
        ID_DELIVERY,    /* id of DeliveryStarted, DeliveryCanceled and OutOfStock */
        ID_INVENTORY,   /* id of InventoryModified */
        ID_KINDS,
};

struct announced {
        int64_t id;    /* of the order or the delivery */
        int64_t order; /* of a delivery: its orderId; 0: none that an order could have */
        enum saying saying;
        const char *source;
        const char *identity_source, *identity; /* what makes it one event */
        const char *order_source; /* of a delivery: whose Orderplaced it comes from; NULL: made by
                                     hand */
        int32_t partition;
        int64_t offset, timestamp;
};

/* Where it is read from, and how much of it. */
struct topic_source {
        const char *url;          /* log:PATH or kafka://HOST:PORT[,HOST:PORT]/TOPIC */
        const char *properties;   /* Kafka: a file (event/kafka_properties.h), or NULL */
        size_t most;              /* bytes that the events may take; 0: as many as there are */
        const _Atomic bool *stop; /* set: reading ends; NULL: never */
};

struct topic {
        struct arena *arena, *scratch;
        bool ids_only;       /* no events are kept */
        size_t bytes;        /* of the events, roughly */
        size_t unreadable;   /* records that are no events */
        struct rows events;  /* struct announced, of orders and deliveries; sorted by saying, id,
                                source,  identity once it is read */
        struct rows dropped; /* int64_t: partitions whose oldest records are gone */
        const char *order_source,
                *delivery_source;  /* the stores that are there now; NULL: they said nothing */
        int64_t highest[ID_KINDS]; /* of all stores; 0: none was seen */
};

/* log:PATH or kafka://HOST:PORT[,HOST:PORT]/TOPIC? Nothing is opened. */
bool topic_url_is_right(const char *url, struct error *error);

bool topic_read(struct topic *topic, const struct topic_source *source, struct error *error);
/* The highest ids only. */
bool topic_read_ids(struct topic *topic, const struct topic_source *source, struct error *error);
void topic_close(struct topic *topic);

/* Did the store that is there now say it? */
bool topic_is_of_now(const struct topic *topic, const struct announced *said);

/* A DeliveryStarted: was it for an Orderplaced of the order store that is there now? */
bool topic_is_from_order(const struct topic *topic, const struct announced *started);

/* How often that was said of that id, by the store that is there now / by all others. */
size_t topic_count(const struct topic *topic, enum saying saying, int64_t id);
size_t topic_count_others(const struct topic *topic, enum saying saying, int64_t id);

/* One that the store that is there now said of that id, or NULL. */
const struct announced *topic_find(const struct topic *topic, enum saying saying, int64_t id);

/* Of smaller ids it may have been said and dropped since. */
int64_t topic_horizon(const struct topic *topic, enum saying saying);

#endif
