/* An audit of a mall that a table plays: what it tells, what it leaves, and that it ends. What
   balances and what not is told in tests/system/audit_test.py. */
#include "audit/audit.h"

#include "audit/topic.h"
#include "testing/fake_peer.h"
#include "testing/publish.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20, PATIENCE_US = 30 * 1000 * 1000 };

#define PAGE(collection, rows)                                                                     \
        "{\"_embedded\":{\"" collection "\":[" rows "]},\"page\":{\"size\":1000,\"number\":0}}"
#define SELF(collection, id) "\"_links\":{\"self\":{\"href\":\"/" collection "/" id "\"}}"
#define ORDER(id, status) "{\"status\":" status "," SELF("orders", id) "}"
#define DELIVERY(id, order)                                                                        \
        "{\"orderId\":\"" order "\",\"qty\":5,\"productId\":\"1001\",\"customerId\":\"100\","      \
        "\"status\":\"DeliveryStarted\"," SELF("deliveries", id) "}"
#define INVENTORY(id, stock)                                                                       \
        "{\"productId\":\"1001\",\"stock\":" stock "," SELF("inventories", id) "}"
#define MOVEMENT(id, delivery, qty, reason)                                                        \
        "{\"deliveryId\":" delivery ",\"orderId\":\"1\",\"inventory\":1,\"qty\":" qty              \
        ",\"reason\":\"" reason "\"," SELF("movements", id) "}"

struct answer {
        const char *path, *body; /* body NULL: the answer is a 404 */
};

/* order 1, delivery 1 of it, 100 registered and 5 taken */
static const struct answer balanced[] = {
        {"/orders?", PAGE("orders", ORDER("1", "\"DeliveryStarted\""))},
        {"/deliveries?", PAGE("deliveries", DELIVERY("1", "1"))},
        {"/inventories?", PAGE("inventories", INVENTORY("1", "95"))},
        {"/movements?", PAGE("movements", MOVEMENT("1", "null", "100", "HTTP") "," MOVEMENT(
                                                  "2", "1", "-5", "DeliveryStarted"))},
        {NULL, NULL},
};

/* orders 1 to 3 have no delivery, delivery 9 is of none, and the stock is another one */
static const struct answer unbalanced[] = {
        {"/orders?",
         PAGE("orders", ORDER("1", "null") "," ORDER("2", "null") "," ORDER("3", "null"))},
        {"/deliveries?", PAGE("deliveries", DELIVERY("9", "7"))},
        {"/inventories?", PAGE("inventories", INVENTORY("1", "94"))},
        {"/movements?", PAGE("movements", MOVEMENT("1", "null", "100", "HTTP") "," MOVEMENT(
                                                  "2", "9", "-5", "DeliveryStarted"))},
        {NULL, NULL},
};

/* Another implementation: no movements, no /openapi.json of ours. */
static const struct answer strange[] = {
        {"/orders?", PAGE("orders", ORDER("1", "null"))},
        {"/deliveries?", PAGE("deliveries", DELIVERY("1", "1"))},
        {"/inventories?", PAGE("inventories", INVENTORY("1", "95"))},
        {"/movements?", NULL},
        {"/openapi.json", "{}"},
        {NULL, NULL},
};

static struct {
        const struct answer *answers;
        struct arena *arena;
        char url[3][60], bus[200];
        struct audit_places places;
        struct audit_report report;
        struct error error;
        _Atomic bool stop;
} t;

/* The three services listen on one port, each under a path of its own: /order, /delivery, /product.
 */
static const char *body_for(const char *path, bool *found)
{
        static char title[60];

        *found = true;
        for (const struct answer *a = t.answers; a->path; a++)
                if (strncmp(strchr(path + 1, '/'), a->path, strlen(a->path)) == 0) {
                        *found = a->body != NULL;
                        return a->body;
                }
        snprintf(title, sizeof title, "{\"info\":{\"title\":\"%.*s\"}}",
                 (int)strcspn(path + 1, "/"), path + 1);
        return title;
}

static const char *answer_to(const char *request)
{
        static char answer[8000];
        bool found;
        const char *body = body_for(request + strlen("GET "), &found);

        snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
                 found ? "200 OK" : "404 Not Found", body ? strlen(body) : 0, body ? body : "");
        return answer;
}

static void begin(const struct answer *answers)
{
        static const char *const names[] = {"order", "delivery", "product"};
        const char **const where[] = {&t.places.services.order, &t.places.services.delivery,
                                      &t.places.services.product};

        memset(&t, 0, sizeof t);
        t.answers = answers;
        t.arena = arena_open();
        peer.answer_to = answers ? answer_to : NULL;
        peer_open(NULL, false);
        for (int i = 0; i < 3; i++) {
                snprintf(t.url[i], sizeof t.url[i], "http://127.0.0.1:%d/%s", peer.port, names[i]);
                *where[i] = t.url[i];
        }
        snprintf(t.bus, sizeof t.bus, "log:%s/mall.log", check_directory());
        t.places.memory = MIB;
        t.places.stop = &t.stop;
}

static void end(void)
{
        peer_close();
        peer.answer_to = NULL;
        arena_close(&t.arena);
}

static bool audit(void)
{
        return audit_run(&t.places, t.arena, &t.report, &t.error);
}

/* That event of order 1 or delivery 1, `times` times with identities of their own. */
static void say(const char *type, const char *source, const char *value, int times)
{
        struct error e = {0};
        struct bus *bus =
                bus_open_publisher(&(struct bus_config){.url = t.bus, .client = "test"}, &e);

        check(bus != NULL);
        for (int i = 0; i < times; i++) {
                char id[20];
                struct record_header headers[] = {
                        {"ce_type", type, strlen(type)},
                        {"ce_source", source, strlen(source)},
                        {"ce_ordersource", "/order/a", 8},
                        {"ce_id", id, (size_t)snprintf(id, sizeof id, "%s%d", type, i)},
                };
                struct record r = {.value = value,
                                   .value_len = strlen(value),
                                   .headers = headers,
                                   .header_count = 4};

                check_int((int64_t)bus_publish(bus, &r, 1, 20000, &e), 1);
        }
        bus_close(&bus, 0);
}

static void say_order(int times)
{
        say("Orderplaced", "/order/a", "{\"eventType\":\"Orderplaced\",\"timestamp\":1,\"id\":1}",
            times);
}

static void say_delivery(void)
{
        say("DeliveryStarted", "/delivery/a",
            "{\"eventType\":\"DeliveryStarted\",\"timestamp\":1,\"id\":1,\"orderId\":\"1\"}", 1);
}

static void is_told(size_t i, const char *about, int64_t id, const char *text)
{
        check_text(t.report.told[i].about, about);
        check_int(t.report.told[i].id, id);
        check_text(t.report.told[i].text, text);
}

static void what_balances_is_counted(void)
{
        begin(balanced);
        check(audit());
        check_int((int64_t)t.report.orders, 1);
        check_int((int64_t)t.report.deliveries, 1);
        check_int((int64_t)t.report.products, 1);
        check_int((int64_t)t.report.movements, 2);
        check_int((int64_t)t.report.events, 0);
        check(t.report.has_movements && !t.report.has_events);
        check_int((int64_t)t.report.offences, 0);
        check_int((int64_t)t.report.unchecked_count, 0);
        end();
}

static void the_topic_is_read_too(void)
{
        begin(balanced);
        say_order(1);
        say_delivery();
        t.places.bus = t.bus;
        check(audit());
        check(t.report.has_events);
        check_int((int64_t)t.report.events, 2);
        check_int((int64_t)t.report.offences, 0);
        end();
}

static void what_does_not_balance_is_told(void)
{
        begin(unbalanced);
        check(audit());
        check_int((int64_t)t.report.offences, 5);
        check_int((int64_t)t.report.told_count, 5);
        is_told(0, "order", 1, "order 1: no delivery yet");
        is_told(3, "order", 7, "order 7: deleted, with delivery 9 still there");
        is_told(4, "inventory", 1,
                "inventory 1 of product 1001: stock is 94, but its movements sum to 95");
        end();
}

static void what_the_topic_lacks_is_told_of_that_id(void)
{
        begin(balanced);
        say_order(2);
        t.places.bus = t.bus;
        check(audit());
        check_int((int64_t)t.report.told_count, 2);
        is_told(0, "order", 1, "order 1: 2 different Orderplaced on the topic");
        is_told(1, "delivery", 1, "delivery 1: no DeliveryStarted on the topic");
        end();
}

static void only_the_first_offences_are_told_and_all_are_counted(void)
{
        begin(unbalanced);
        t.places.most_offences = 2;
        check(audit());
        check_int((int64_t)t.report.offences, 5);
        check_int((int64_t)t.report.told_count, 2);
        is_told(1, "order", 2, "order 2: no delivery yet");
        end();
}

static void what_was_not_checked_is_named(void)
{
        begin(strange);
        check(audit());
        check_int((int64_t)t.report.offences, 0);
        check(!t.report.has_movements);
        check_int((int64_t)t.report.unchecked_count, 2);
        check_contains(t.report.unchecked[0], "the status of 1 order: ");
        check_contains(t.report.unchecked[1], "product has no /movements");
        end();
}

static void it_holds_no_more_rows_than_it_may(void)
{
        begin(balanced);
        t.places.memory = 100;
        check(!audit());
        check_contains(t.error.text, "there is more than an audit may hold");
        end();
}

/* Rows and events have one bound. */
static void it_holds_no_more_events_than_it_may(void)
{
        begin(balanced);
        say_order(20);
        t.places.bus = t.bus;
        t.places.memory = 2000;
        check(!audit());
        check_contains(t.error.text, "the topic has more than an audit may hold");
        t.places.memory = 4000;
        check(audit());
        check_int((int64_t)t.report.events, 20);
        end();
}

static void *stop_soon(void *arg)
{
        (void)arg;
        usleep(300 * 1000);
        atomic_store(&t.stop, true);
        return NULL;
}

/* It would wait for longer than the patience otherwise. */
static void stops_in_time(void)
{
        int64_t start = clock_mono_us();
        pthread_t thread;

        check(pthread_create(&thread, NULL, stop_soon, NULL) == 0);
        check(!audit());
        pthread_join(thread, NULL);
        check_contains(t.error.text, "stopped");
        check(clock_mono_us() - start < PATIENCE_US);
        check_int((int64_t)t.report.orders, 0);
}

static void a_service_that_does_not_answer_does_not_hold_up_the_end(void)
{
        begin(NULL);
        stops_in_time();
        end();
}

static void reading_the_topic_ends_as_well(void)
{
        struct topic topic;

        begin(balanced);
        say_order(1);
        atomic_store(&t.stop, true);
        check(!topic_read(&topic, &(struct topic_source){.url = t.bus, .stop = &t.stop}, &t.error));
        check_contains(t.error.text, "stopped");
        topic_close(&topic);
        end();
}

static void what_cannot_be_read_is_named(void)
{
        begin(balanced);
        t.places.bus = t.bus; /* nobody made it */
        check(!audit());
        check_contains(t.error.text, "mall.log");
        t.places.bus = "mqtt://x/y";
        check(!audit());
        check_contains(t.error.text, "not 'mqtt://x/y'");
        t.places.services.order = "http://127.0.0.1:1";
        check(!audit());
        check_contains(t.error.text, "http://127.0.0.1:1/orders");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_balances_is_counted),
                STORY(the_topic_is_read_too),
                STORY(what_does_not_balance_is_told),
                STORY(what_the_topic_lacks_is_told_of_that_id),
                STORY(only_the_first_offences_are_told_and_all_are_counted),
                STORY(what_was_not_checked_is_named),
                STORY(it_holds_no_more_rows_than_it_may),
                STORY(it_holds_no_more_events_than_it_may),
                STORY(a_service_that_does_not_answer_does_not_hold_up_the_end),
                STORY(reading_the_topic_ends_as_well),
                STORY(what_cannot_be_read_is_named),
                {NULL, NULL},
        };

        curl_global_init(CURL_GLOBAL_NOTHING);
        return check_main(stories, argc, argv);
}
