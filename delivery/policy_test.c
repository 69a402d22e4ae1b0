/* What delivery does when something happened elsewhere, and what it says. */
#include "delivery/delivery.h"
#include "testing/story.h"

static const struct entity *const entities[] = {&delivery_entity, &dispatch_entity, NULL};

static void begin(void)
{
        story_begin("delivery", entities, delivery_policy, NULL);
}

/* An event about an order with Orderplaced's members; at: its timestamp. */
static struct saying order_event(const char *type, const char *source, int id, int64_t at)
{
        return (struct saying){
                .source = source,
                .value = arena_printf(telling.arena,
                                      "{\"eventType\":\"%s\",\"timestamp\":%lld,\"id\":%d,"
                                      "\"productId\":\"1001\",\"productName\":\"TV\","
                                      "\"qty\":5,\"customerId\":\"100\",\"status\":null}",
                                      type, (long long)at, id)};
}

static const char *placed(const char *source, int id, int64_t at)
{
        return story_hears(order_event("Orderplaced", source, id, at));
}

static const char *canceled(const char *source, int id, int64_t at)
{
        return story_hears(order_event("OrderCanceled", source, id, at));
}

static const char *out_of_stock(const char *delivery_source, int id)
{
        return story_hears((struct saying){
                .source = "/product/p",
                .delivery_source = delivery_source,
                .value = arena_printf(telling.arena,
                                      "{\"eventType\":\"OutOfStock\",\"timestamp\":5,\"id\":%d,"
                                      "\"orderId\":\"1\",\"productId\":\"1001\","
                                      "\"qty\":5,\"stock\":3}",
                                      id)});
}

#define BODY(order)                                                                                \
        "{\"orderId\":\"" order "\",\"qty\":5,\"productId\":\"1001\",\"status\":"                  \
        "\"DeliveryStarted\",\"customerId\":\"100\"}"
#define SAID(type, id, order)                                                                      \
        type "[" order "]{\"id\":" id ",\"orderId\":\"" order                                      \
             "\",\"qty\":5,\"productId\":\"1001\",\"status\":\"DeliveryStarted\",\"customerId\":"  \
             "\"100\"}"

static void an_order_placed_starts_a_delivery(void)
{
        begin();
        check_text(placed("/order/a", 7, 10), "applied");
        check_text(story_rows(&delivery_entity), "1" BODY("7"));
        check_text(story_said(), SAID("DeliveryStarted", "1", "7"));
        check_text(story_header("ce_ordersource"), "/order/a");
        check_text(story_header("ce_type"), "DeliveryStarted");
        check_text(story_header("ce_source"), story_source());
        check_text(story_header("ce_subject"), "1");
        check_text(story_header("ce_specversion"), "1.0");
        check_text(story_header("contentType"), "\"application/json\"");
        check_text(story_header("spring_json_header_types"),
                   "{\"contentType\":\"java.lang.String\"}");
        check_text(placed(NULL, 8, 10),
                   "applied"); /* the reference says it without CloudEvents headers */
        check_text(story_rows(&delivery_entity), "1" BODY("7") "2" BODY("8"));
        check_text(story_said(), SAID("DeliveryStarted", "2", "8"));
        story_end();
}

static void an_order_starts_one_delivery(void)
{
        struct saying first;

        begin();
        first = order_event("Orderplaced", "/order/a", 1, 10);
        first.id = "17";
        check_text(story_hears(first), "applied");
        check_text(story_hears(first), "again");
        check_text(placed("/order/a", 1, 10), "applied"); /* under a new ce_id */
        check_text(placed("/order/a", 1, 99), "applied");
        check_text(placed(NULL, 2, 10), "applied");
        check_text(placed(NULL, 2, 10), "applied"); /* at another offset */
        check_text(placed(NULL, 2, 9), "applied");
        check_text(story_rows(&delivery_entity), "1" BODY("1") "2" BODY("2"));
        check_text(story_said(),
                   SAID("DeliveryStarted", "1", "1") SAID("DeliveryStarted", "2", "2"));
        story_end();
}

static void a_store_that_began_anew_has_new_orders(void)
{
        begin();
        check_text(placed("/order/a", 1, 10), "applied");
        check_text(placed("/order/b", 1, 10), "applied"); /* same id, other source */
        check_text(placed(NULL, 1, 10), "applied");
        check_text(placed(NULL, 1, 11), "applied"); /* without headers only the clock tells */
        check_text(story_rows(&delivery_entity),
                   "1" BODY("1") "2" BODY("1") "3" BODY("1") "4" BODY("1"));
        story_said();
        check_text(canceled("/order/b", 1, 12), "applied");
        check_text(story_rows(&delivery_entity), "1" BODY("1") "3" BODY("1") "4" BODY("1"));
        check_text(story_said(), SAID("DeliveryCanceled", "2", "1"));
        check_text(story_header("ce_ordersource"), "/order/b");
        story_end();
}

static void an_order_canceled_calls_its_delivery_back(void)
{
        begin();
        placed("/order/a", 1, 10);
        placed("/order/a", 2, 10);
        story_said();
        check_text(canceled("/order/a", 1, 20), "applied");
        check_text(story_rows(&delivery_entity), "2" BODY("2"));
        check_text(story_said(), SAID("DeliveryCanceled", "1", "1"));
        check_text(canceled("/order/a", 1, 20), "applied");
        check_text(canceled("/order/a", 3, 20), "applied");
        check_text(placed("/order/a", 1, 30), "applied");
        check_text(story_said(), "");
        check_text(story_rows(&delivery_entity), "2" BODY("2"));
        story_end();
}

static void canceled_before_placed_starts_nothing(void)
{
        begin();
        check_text(canceled("/order/a", 1, 20), "applied");
        check_text(placed("/order/a", 1, 10), "applied");
        check_text(placed("/order/a", 1, 30), "applied"); /* with headers no clock is asked */
        check_text(canceled(NULL, 2, 20), "applied");
        check_text(placed(NULL, 2, 19), "applied");
        check_text(placed(NULL, 2, 20), "applied");
        check_text(story_rows(&delivery_entity), "");
        check_text(story_said(), "");
        check_text(placed(NULL, 2, 21), "applied"); /* an id alone must not swallow a new order */
        check_text(story_rows(&delivery_entity), "1" BODY("2"));
        check_text(placed(NULL, 2, 21), "applied");
        check_text(placed("/order/a", 2, 1), "applied");
        check_text(story_said(),
                   SAID("DeliveryStarted", "1", "2") SAID("DeliveryStarted", "2", "2"));
        check_text(story_rows(&dispatch_entity),
                   "1{\"orderSource\":\"/order/a\",\"orderId\":1,\"canceled\":1,\"at\":20}"
                   "2{\"orderSource\":\"\",\"orderId\":2,\"canceled\":0,\"at\":21}"
                   "3{\"orderSource\":\"/order/a\",\"orderId\":2,\"canceled\":0,\"at\":1}");
        story_end();
}

static void a_cancel_of_an_earlier_namesake_is_too_late(void)
{
        begin();
        check_text(placed(NULL, 2, 20), "applied");
        check_text(canceled(NULL, 2, 19), "applied");
        check_text(placed(NULL, 2, 20), "applied");
        check_text(story_rows(&delivery_entity), "1" BODY("2"));
        check_text(canceled(NULL, 2, 20), "applied");
        check_text(story_rows(&delivery_entity), "");
        story_end();
}

static void deliveries_by_hand_are_free(void)
{
        begin();
        story_posts(&delivery_entity, BODY("1"));
        check_text(story_said(), SAID("DeliveryStarted", "1", "1"));
        check_text(story_header("ce_ordersource"), "none");
        story_posts(&delivery_entity, BODY("1"));
        story_posts(&delivery_entity, "{\"item\":\"chicken\"}");
        check_text(story_said(),
                   SAID("DeliveryStarted", "2",
                        "1") "DeliveryStarted[-]{\"id\":3,\"orderId\":null,\"qty\":null,"
                             "\"productId\":null,\"status\":null,\"customerId\":null}");
        check_text(placed("/order/a", 1, 10), "applied"); /* they do not stand in for it */
        check_text(story_said(), SAID("DeliveryStarted", "4", "1"));
        check_text(canceled("/order/a", 1, 20), "applied"); /* but go with it */
        check_text(story_said(),
                   SAID("DeliveryCanceled", "1", "1") SAID("DeliveryCanceled", "2", "1")
                           SAID("DeliveryCanceled", "4", "1"));
        story_patches(&delivery_entity, 3, "{\"qty\":7}");
        check_text(story_said(), "");
        story_deletes(&delivery_entity, 3);
        check_text(story_said(), "DeliveryCanceled[-]{\"id\":3,\"orderId\":null,\"qty\":7,"
                                 "\"productId\":null,\"status\":null,\"customerId\":null}");
        check_text(story_rows(&delivery_entity), "");
        story_end();
}

/* A sender that was down for longer than identities are kept may say again what it had said. Each
   is a new event then. */
static void what_is_said_again_long_after_changes_nothing(void)
{
        begin();
        check_text(placed("/order/a", 1, 10), "applied");
        check_text(placed("/order/a", 1, 10), "applied");
        check_text(story_rows(&delivery_entity), "1" BODY("1"));
        check_text(canceled("/order/a", 1, 20), "applied");
        check_text(story_rows(&delivery_entity), "");
        story_said();
        story_posts(&delivery_entity, BODY("1"));
        check_text(story_said(), SAID("DeliveryStarted", "2", "1"));
        check_text(placed("/order/a", 1, 10), "applied");
        check_text(canceled("/order/a", 1, 20), "applied");
        check_text(story_said(), "");
        check_text(story_rows(&delivery_entity), "2" BODY("1"));
        story_end();
}

static void out_of_stock_calls_that_delivery_back(void)
{
        begin();
        placed("/order/a", 1, 10);
        placed("/order/a", 2, 10);
        story_said();
        check_text(out_of_stock("/delivery/other", 1), "applied"); /* another store's delivery 1 */
        check_text(story_said(), "");
        check_text(out_of_stock(story_source(), 1), "applied");
        check_text(story_said(), SAID("DeliveryCanceled", "1", "1"));
        check_text(story_rows(&delivery_entity), "2" BODY("2"));
        check_text(out_of_stock(story_source(), 1), "applied");
        check_text(out_of_stock(story_source(), 77), "applied");
        check_text(canceled("/order/a", 1, 20),
                   "applied"); /* nothing follows an OutOfStock order's end */
        check_text(placed("/order/a", 1, 30), "applied");
        check_text(story_said(), "");
        story_end();
}

static void a_delivery_deleted_stays_deleted(void)
{
        begin();
        placed("/order/a", 1, 10);
        story_deletes(&delivery_entity, 1);
        check_text(story_said(),
                   SAID("DeliveryStarted", "1", "1") SAID("DeliveryCanceled", "1", "1"));
        check_text(story_header("ce_ordersource"), "/order/a");
        check_text(placed("/order/a", 1, 20), "applied");
        check_text(canceled("/order/a", 1, 20), "applied");
        check_text(story_said(), "");
        story_end();
}

static void an_order_of_nothing_is_delivered(void)
{
        begin();
        check_text(story_hears((struct saying){
                           .source = "/order/a",
                           .value = "{\"eventType\":\"Orderplaced\",\"id\":1,\"more\":[{}]}"}),
                   "applied");
        check_text(story_hears((struct saying){
                           .source = "/order/a",
                           .value = "{\"eventType\":\"Orderplaced\",\"id\":\"2\",\"qty\":\"3\"}"}),
                   "applied");
        check_text(story_rows(&delivery_entity),
                   "1{\"orderId\":\"1\",\"qty\":null,\"productId\":null,\"status\":"
                   "\"DeliveryStarted\",\"customerId\":null}"
                   "2{\"orderId\":\"2\",\"qty\":3,\"productId\":null,\"status\":"
                   "\"DeliveryStarted\",\"customerId\":null}");
        story_end();
}

static void what_cannot_be_understood_is_dead(void)
{
        static const char *const wrong[] = {
                "{\"eventType\":\"Orderplaced\"}",
                "{\"eventType\":\"Orderplaced\",\"id\":null}",
                "{\"eventType\":\"Orderplaced\",\"id\":\"abc\"}",
                "{\"eventType\":\"Orderplaced\",\"id\":1,\"qty\":-1}",
                "{\"eventType\":\"Orderplaced\",\"id\":1,\"qty\":2147483648}",
                "{\"eventType\":\"Orderplaced\",\"id\":1,\"qty\":{}}",
                "{\"eventType\":\"Orderplaced\",\"id\":1,\"customerId\":[]}",
                "{\"eventType\":\"OrderCanceled\",\"id\":[1]}",
                "{\"eventType\":\"OutOfStock\"}",
                "{\"eventType\":1,\"id\":1}",
                "{\"id\":1}",
                "{\"eventType\":\"Orderplaced\",\"id\":1",
                "[]",
                "hello",
        };

        begin();
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                const char *outcome =
                        story_hears((struct saying){.source = "/order/a", .value = wrong[i]});

                if (strncmp(outcome, "dead: ", 6) != 0)
                        check_text(outcome, wrong[i]);
        }
        check_text(story_rows(&delivery_entity), "");
        check_text(story_rows(&dispatch_entity), "");
        check_text(story_said(), "");
        story_end();
}

static void what_others_say_to_others_is_skipped(void)
{
        begin();
        check_text(story_hears(order_event("DeliveryStarted", story_source(), 1, 1)),
                   "foreign"); /* its own, back */
        check_text(story_hears(order_event("InventoryModified", "/product/p", 1, 1)), "foreign");
        check_text(story_hears(order_event("OrderPlaced", "/order/a", 1, 1)),
                   "foreign"); /* not ours: Orderplaced has a small p */
        check_text(story_hears(order_event("", "/order/a", 1, 1)), "foreign");
        check_text(story_rows(&delivery_entity), "");
        story_end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_order_placed_starts_a_delivery),
                STORY(an_order_starts_one_delivery),
                STORY(a_store_that_began_anew_has_new_orders),
                STORY(an_order_canceled_calls_its_delivery_back),
                STORY(canceled_before_placed_starts_nothing),
                STORY(a_cancel_of_an_earlier_namesake_is_too_late),
                STORY(deliveries_by_hand_are_free),
                STORY(what_is_said_again_long_after_changes_nothing),
                STORY(out_of_stock_calls_that_delivery_back),
                STORY(a_delivery_deleted_stays_deleted),
                STORY(an_order_of_nothing_is_delivered),
                STORY(what_cannot_be_understood_is_dead),
                STORY(what_others_say_to_others_is_skipped),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
