#include "audit/audit.h"

#include "audit/balance.h"

static void tell(const struct books *books, const struct topic *topic, const struct verdict *v,
                 struct audit_report *report)
{
        *report = (struct audit_report){
                .orders = books->orders.count,
                .deliveries = books->deliveries.count,
                .products = books->inventories.count,
                .movements = books->movements.count,
                .events = topic ? topic->events.count : 0,
                .unreadable = topic ? topic->unreadable : 0,
                .has_movements = books->has_movements,
                .has_events = topic != NULL,
                .told = v->kept,
                .told_count = v->kept_count,
                .offences = v->offences,
                .unchecked = v->left,
                .unchecked_count = v->left_count,
        };
}

static bool read_topic(struct topic *topic, const struct audit_places *places, size_t memory,
                       struct error *error)
{
        struct topic_source source = {.url = places->bus,
                                      .properties = places->bus_properties,
                                      .most = memory,
                                      .stop = places->stop};

        return !places->bus || topic_read(topic, &source, error);
}

/* The topic is read last, so that the events about the rows are on it, if the mall is at rest. */
bool audit_run(const struct audit_places *places, struct arena *arena, struct audit_report *report,
               struct error *error)
{
        struct verdict v = verdict_open(arena, places->most_offences);
        struct books books = {.most = places->memory, .stop = places->stop};
        struct topic topic = {0}, *read = places->bus ? &topic : NULL;
        bool good = books_read(&books, &places->services, error) &&
                    read_topic(&topic, places, books.most - books.kept, error);

        if (good) {
                balance_check(&books, read, &v);
                tell(&books, read, &v, report);
        }
        verdict_close(&v);
        topic_close(&topic);
        books_close(&books);
        return good;
}
