/* What order says, and how its status follows what others say. */
#include "order/order.h"
#include "testing/story.h"

static const struct entity *const entities[] = {&order_entity, NULL};

static void begin(void)
{
        story_begin("order", entities, order_policy, NULL);
}

/* order_source: whose order is meant; NULL: the delivery was made by hand or said by the reference.
   order_id is JSON. */
static const char *hear_of(const char *type, const char *order_source, const char *order_id)
{
        return story_hears((struct saying){
                .source = "/delivery/d",
                .order_source = order_source,
                .value = arena_printf(telling.arena,
                                      "{\"eventType\":\"%s\",\"timestamp\":5,\"id\":9,\"orderId\":%"
                                      "s,\"qty\":5,\"productId\":\"1001\","
                                      "\"status\":\"%s\",\"customerId\":\"100\"}",
                                      type, order_id, type)});
}

static void hears_of_first(const char *type)
{
        check_text(hear_of(type, story_source(), "\"1\""), "applied");
}

#define ORDER(status)                                                                              \
        "{\"productId\":\"1001\",\"productName\":\"TV\",\"qty\":5,\"customerId\":\"100\","         \
        "\"status\":" status "}"

static void post_order(void)
{
        story_posts(
                &order_entity,
                "{\"productId\":1001,\"productName\":\"TV\",\"qty\":\"5\",\"customerId\":\"100\"}");
}

static void an_order_posted_is_placed(void)
{
        begin();
        post_order();
        check_text(story_said(), "Orderplaced[1]{\"id\":1,\"productId\":\"1001\",\"productName\":"
                                 "\"TV\",\"qty\":5,\"customerId\":\"100\","
                                 "\"status\":null}");
        check_text(story_header("ce_type"), "Orderplaced");
        check_text(story_header("ce_id"), "1");
        check_text(story_header("ce_source"), story_source());
        check_text(story_header("ce_subject"), "1");
        story_posts(&order_entity, "{\"item\":\"chicken\"}");
        check_text(story_said(), "Orderplaced[2]{\"id\":2,\"productId\":null,\"productName\":null,"
                                 "\"qty\":null,\"customerId\":null,"
                                 "\"status\":null}");
        check_text(story_header("ce_id"), "2");
        story_end();
}

static void an_order_deleted_is_canceled(void)
{
        begin();
        post_order();
        story_said();
        story_deletes(&order_entity, 1);
        check_text(story_said(), "OrderCanceled[1]{\"id\":1,\"productId\":\"1001\",\"productName\":"
                                 "\"TV\",\"qty\":5,\"customerId\":\"100\","
                                 "\"status\":null}");
        check_text(story_does(&order_entity, 1, NULL), "there is none");
        check_text(story_said(), "");
        story_end();
}

static void an_order_changed_says_nothing(void)
{
        begin();
        post_order();
        story_said();
        story_patches(&order_entity, 1, "{\"qty\":6,\"status\":\"mine\"}");
        check_text(story_said(), "");
        hears_of_first("DeliveryStarted"); /* events overwrite what was written over HTTP */
        check_text(
                story_rows(&order_entity),
                "1{\"productId\":\"1001\",\"productName\":\"TV\",\"qty\":6,\"customerId\":\"100\","
                "\"status\":\"DeliveryStarted\"}");
        story_end();
}

static void the_status_follows_the_delivery(void)
{
        begin();
        post_order();
        story_said();
        check_text(story_rows(&order_entity), "1" ORDER("null"));
        hears_of_first("DeliveryStarted");
        check_text(story_rows(&order_entity), "1" ORDER("\"DeliveryStarted\""));
        hears_of_first("DeliveryCanceled");
        check_text(story_rows(&order_entity), "1" ORDER("\"DeliveryCanceled\""));
        check_text(story_said(), "");
        story_end();
}

static void out_of_stock_stays(void)
{
        begin();
        post_order();
        story_said();
        hears_of_first("DeliveryStarted");
        hears_of_first("OutOfStock");
        check_text(story_rows(&order_entity), "1" ORDER("\"OutOfStock\""));
        hears_of_first("DeliveryCanceled"); /* because of it */
        check_text(story_rows(&order_entity), "1" ORDER("\"OutOfStock\""));
        check_text(story_said(), "");
        story_deletes(&order_entity, 1);
        check_text(story_said(), "OrderCanceled[1]{\"id\":1,\"productId\":\"1001\",\"productName\":"
                                 "\"TV\",\"qty\":5,\"customerId\":\"100\","
                                 "\"status\":\"OutOfStock\"}");
        hears_of_first("DeliveryCanceled"); /* late: the order is gone */
        check_text(story_rows(&order_entity), "");
        story_end();
}

static void a_change_of_status_is_a_new_version(void)
{
        struct db *db;
        struct order *order;
        struct error e = {0};
        void *row;

        begin();
        post_order();
        hears_of_first("DeliveryStarted");
        hears_of_first("DeliveryStarted"); /* says nothing new */
        hears_of_first("DeliveryCanceled");
        db = store_read_begin(telling.store);
        check(table_get(db, store_table(telling.store, &order_entity), TABLE_TO_LOOK, 1,
                        telling.arena, &row, &e) &&
              row);
        store_read_end(telling.store, db);
        order = row;
        check_int(order->row.version, 2);
        story_end();
}

static void only_our_own_orders_are_meant(void)
{
        begin();
        post_order();
        check_text(hear_of("DeliveryStarted", "/order/other", "\"1\""), "applied");
        check_text(hear_of("OutOfStock", "/order/other", "\"1\""), "applied");
        check_text(hear_of("DeliveryCanceled", "/order/other", "\"1\""), "applied");
        check_text(story_rows(&order_entity), "1" ORDER("null"));
        check_text(hear_of("DeliveryStarted", NULL, "\"1\""), "applied"); /* by hand */
        check_text(story_rows(&order_entity), "1" ORDER("\"DeliveryStarted\""));
        story_end();
}

static void what_names_no_order_changes_nothing(void)
{
        static const char *const ids[] = {"null",  "\"\"",   "\"abc\"", "\"1x\"",
                                          "\"0\"", "\"-1\"", "\"2\"",   "\"99999999999999999999\"",
                                          "true"};

        begin();
        post_order();
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
                check_text(hear_of("DeliveryStarted", story_source(), ids[i]), "applied");
        check_text(story_rows(&order_entity), "1" ORDER("null"));
        check_text(hear_of("DeliveryStarted", story_source(), "1"),
                   "applied"); /* a number keeps its text */
        check_text(story_rows(&order_entity), "1" ORDER("\"DeliveryStarted\""));
        story_end();
}

static void an_id_has_as_many_digits_as_it_needs(void)
{
        begin();
        for (int i = 0; i < 12; i++)
                post_order();
        check_text(hear_of("DeliveryStarted", story_source(), "\"12\""), "applied");
        check_text(hear_of("DeliveryStarted", story_source(), "\"0x2\""), "applied");
        check_text(hear_of("OutOfStock", story_source(), "\"010\""), "applied");
        for (int i = 1; i <= 9; i++)
                story_deletes(&order_entity, i);
        check_text(story_rows(&order_entity), "10" ORDER("\"OutOfStock\"") "11" ORDER(
                                                      "null") "12" ORDER("\"DeliveryStarted\""));
        story_end();
}

static void what_cannot_be_understood_is_dead(void)
{
        begin();
        post_order();
        check_text(hear_of("DeliveryStarted", story_source(), "[1]"),
                   "dead: orderId must be a string, not an array");
        check_text(hear_of("OutOfStock", story_source(), "{}"),
                   "dead: orderId must be a string, not an object");
        check_text(story_hears((struct saying){
                           .value = "{\"eventType\":\"DeliveryStarted\",\"orderId\":\"1\"}"}),
                   "dead: id must be a whole number");
        check_text(
                story_hears((struct saying){
                        .value =
                                "{\"eventType\":\"DeliveryStarted\",\"id\":{},\"orderId\":\"1\"}"}),
                "dead: id must be a whole number");
        check_text(story_rows(&order_entity), "1" ORDER("null"));
        story_end();
}

static void what_others_say_to_others_is_skipped(void)
{
        begin();
        check_text(hear_of("Orderplaced", NULL, "\"1\""), "foreign"); /* its own, back */
        check_text(hear_of("InventoryModified", NULL, "\"1\""), "foreign");
        check_text(story_hears((struct saying){
                           .value = "{\"eventType\":\"Paid\",\"timestamp\":\"yesterday\"}"}),
                   "foreign");
        story_end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_order_posted_is_placed),
                STORY(an_order_deleted_is_canceled),
                STORY(an_order_changed_says_nothing),
                STORY(the_status_follows_the_delivery),
                STORY(out_of_stock_stays),
                STORY(a_change_of_status_is_a_new_version),
                STORY(only_our_own_orders_are_meant),
                STORY(what_names_no_order_changes_nothing),
                STORY(an_id_has_as_many_digits_as_it_needs),
                STORY(what_cannot_be_understood_is_dead),
                STORY(what_others_say_to_others_is_skipped),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
