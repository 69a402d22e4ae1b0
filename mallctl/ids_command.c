/* ids - the highest ids on the topic: a store that takes over from another begins above them
   (MALL_FIRST_ID). */
#include "mallctl/command.h"

#include "audit/topic.h"
#include "mallctl/flags.h"

#include <stdio.h>

static const struct setting settings[] = {
        {"bus", SETTING_TEXT, "log:data/mall.log", .spring = "MALL_BUS_URL",
         .help = "log:PATH or kafka://HOST:PORT/TOPIC"},
        {"bus-properties", SETTING_TEXT, NULL,
         .help = "Kafka: the file of librdkafka's properties that the daemons have, for TLS and "
                 "SASL"},
        {NULL},
};

static const char usage[] =
        "usage: mallctl ids [FLAG VALUE]...\n\n"
        "Reads all events on the topic and prints the highest id of each kind, of "
        "all stores. A service that takes over from\n"
        "another must begin above it where others know its ids by number alone: "
        "MALL_FIRST_ID, for its empty store.\n";

static const struct {
        const char *service, *where;
} kinds[ID_KINDS] = {
        [ID_ORDER] = {"order", "id of Orderplaced, OrderCanceled"},
        [ID_ORDER_HEARD] = {"order", "orderId of DeliveryStarted, DeliveryCanceled, OutOfStock"},
        [ID_DELIVERY] = {"delivery", "id of DeliveryStarted, DeliveryCanceled, OutOfStock"},
        [ID_INVENTORY] = {"product", "id of InventoryModified"},
};

static void print(const struct topic *topic)
{
        printf("%-8s  %16s  %s\n", "SERVICE", "HIGHEST", "SEEN AS");
        for (size_t i = 0; i < ID_KINDS; i++)
                printf("%-8s  %16lld  %s\n", kinds[i].service, (long long)topic->highest[i],
                       kinds[i].where);
        if (topic->dropped.count)
                puts("The oldest events are gone from the topic: an id may have been higher.");
}

static int run(const struct config *config)
{
        struct topic_source source = {.url = config_text(config, "bus"),
                                      .properties = config_text(config, "bus-properties")};
        struct topic topic;
        struct error e;
        bool done;

        if (config_arguments(config)[0])
                return flags_misunderstood("ids", "ids takes flags only");
        if (!topic_url_is_right(source.url, &e))
                return flags_misunderstood("ids", e.text);
        done = topic_read_ids(&topic, &source, &e);
        if (done)
                print(&topic);
        else
                fprintf(stderr, "mallctl: %s\n", e.text);
        topic_close(&topic);
        return done ? 0 : 1;
}

int ids_main(char **arguments)
{
        return flags_main("ids", settings, usage, run, arguments);
}
