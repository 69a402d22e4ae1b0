/* The stock when deliveries start and are canceled, in any order of the events. */
#include "product/inventory.h"

#include "base/config.h"
#include "testing/story.h"

static const struct entity *const entities[] = {&inventory_entity, &movement_entity, &taking_entity,
                                                NULL};

static struct config *config;

static void begin_with(const char *oversell)
{
        static const struct setting settings[] = {
                {"oversell", SETTING_CHOICE, "refuse", NULL, NULL, "", .choices = "refuse|allow"},
                {NULL}};
        static char *none[] = {NULL};
        struct error e = {0};
        char name[] = "test", flag[] = "--oversell", value[16], *argv[] = {name, flag, value, NULL};

        snprintf(value, sizeof value, "%s", oversell);
        config_close(&config);
        config = config_open(settings, 3, argv, none, &e);
        check_text(e.text, "");
        story_begin("product", entities, product_policy, config);
}

/* With stock TVs in inventory 1. */
static void begin(int stock)
{
        begin_with("refuse");
        story_posts(&inventory_entity,
                    arena_printf(telling.arena,
                                 "{\"productId\":\"1001\",\"productName\":\"TV\",\"stock\":%d}",
                                 stock));
}

static void end(void)
{
        story_end();
        config_close(&config);
}

/* source NULL: the reference's delivery. qty and product are JSON. */
static const char *hear_of(const char *type, const char *source, int id, int64_t at,
                           const char *qty, const char *product)
{
        return story_hears((struct saying){
                .source = source,
                .order_source = source ? "/order/a" : NULL,
                .value = arena_printf(telling.arena,
                                      "{\"eventType\":\"%s\",\"timestamp\":%lld,\"id\":%d,"
                                      "\"orderId\":\"7\",\"qty\":%s,\"productId\":%s,"
                                      "\"status\":\"%s\",\"customerId\":\"100\"}",
                                      type, (long long)at, id, qty, product, type)});
}

static const char *started(const char *source, int id, const char *qty)
{
        return hear_of("DeliveryStarted", source, id, 10, qty, "\"1001\"");
}

static const char *canceled(const char *source, int id, const char *qty)
{
        return hear_of("DeliveryCanceled", source, id, 10, qty, "\"1001\"");
}

static const struct inventory *inventory(int64_t id)
{
        struct db *db = store_read_begin(telling.store);
        struct error e = {0};
        void *row = NULL;

        table_get(db, store_table(telling.store, &inventory_entity), TABLE_TO_LOOK, id,
                  telling.arena, &row, &e);
        store_read_end(telling.store, db);
        check(row != NULL);
        return row;
}

static int64_t stock(void)
{
        return inventory(1)->stock.value;
}

/* The promise of the ledger: a stock is the sum of its movements. */
static int64_t moved(int64_t inventory_id)
{
        struct db *db = store_read_begin(telling.store);
        struct error e = {0};
        struct statement *s = db_prepare_once(
                db,
                "SELECT CAST(coalesce(sum(qty), 0) AS BIGINT) FROM movements WHERE inventory = ?",
                &e);
        int64_t sum;

        bind_int(s, 1, inventory_id);
        check(statement_step(s, &e) == DB_ROW);
        sum = column_int(s, 0);
        statement_close(&s);
        store_read_end(telling.store, db);
        return sum;
}

#define MODIFIED(stock)                                                                            \
        "InventoryModified[1001]{\"id\":1,\"productId\":\"1001\",\"productName\":\"TV\","          \
        "\"stock\":" stock "}"

static void a_delivery_takes_and_gives_back(void)
{
        begin(100);
        check_text(story_said(), ""); /* an inventory created says nothing */
        check_text(started("/delivery/d", 1, "5"), "applied");
        check_text(story_said(), MODIFIED("95"));
        check_text(story_header("ce_subject"), "1");
        check_text(canceled("/delivery/d", 1, "5"), "applied");
        check_text(story_said(), MODIFIED("100"));
        check_text(story_rows(&movement_entity),
                   "1{\"deliveryId\":null,\"orderId\":null,\"productId\":\"1001\",\"inventory\":1,"
                   "\"qty\":100,\"reason\":\"registered\"}"
                   "2{\"deliveryId\":1,\"orderId\":\"7\",\"productId\":\"1001\",\"inventory\":1,"
                   "\"qty\":-5,\"reason\":\"DeliveryStarted\"}"
                   "3{\"deliveryId\":1,\"orderId\":\"7\",\"productId\":\"1001\",\"inventory\":1,"
                   "\"qty\":5,\"reason\":\"DeliveryCanceled\"}");
        end();
}

/* It is noted that it was heard, and takes nothing for ever. */
static void a_delivery_of_an_unknown_product_moves_nothing(void)
{
        begin(100);
        check_text(hear_of("DeliveryStarted", "/delivery/d", 1, 10, "5", "\"late\""), "applied");
        check_text(hear_of("DeliveryStarted", "/delivery/d", 1, 10, "5", "\"late\""), "applied");
        check_text(hear_of("DeliveryCanceled", "/delivery/d", 1, 10, "5", "\"late\""), "applied");
        check_text(hear_of("DeliveryStarted", "/delivery/d", 2, 10, "5", "null"), "applied");
        check_text(story_said(), "");
        check_text(story_rows(&movement_entity),
                   "1{\"deliveryId\":null,\"orderId\":null,\"productId\":\"1001\",\"inventory\":1,"
                   "\"qty\":100,\"reason\":\"registered\"}"
                   "2{\"deliveryId\":1,\"orderId\":\"7\",\"productId\":\"late\",\"inventory\":null,"
                   "\"qty\":0,\"reason\":\"DeliveryStarted\"}");
        end();
}

static void a_delivery_takes_once(void)
{
        begin(100);
        check_text(started("/delivery/d", 1, "5"), "applied");
        check_text(started("/delivery/d", 1, "5"), "applied"); /* under another ce_id */
        check_int(stock(), 95);
        check_text(canceled("/delivery/d", 1, "7"),
                   "applied"); /* what was taken counts, not what is said */
        check_int(stock(), 100);
        check_text(canceled("/delivery/d", 1, "5"), "applied");
        check_text(started("/delivery/d", 1, "5"), "applied");
        check_int(stock(), 100);
        check_text(story_said(), MODIFIED("95") MODIFIED("100"));
        check_int(moved(1), 100);
        end();
}

static void canceled_before_started_takes_nothing(void)
{
        begin(100);
        check_text(canceled("/delivery/d", 1, "5"), "applied");
        check_text(hear_of("DeliveryStarted", "/delivery/d", 1, 99, "5", "\"1001\""), "applied");
        check_text(hear_of("DeliveryCanceled", NULL, 2, 20, "5", "\"1001\""), "applied");
        check_text(hear_of("DeliveryStarted", NULL, 2, 19, "5", "\"1001\""), "applied");
        check_text(hear_of("DeliveryStarted", NULL, 2, 20, "5", "\"1001\""), "applied");
        check_int(stock(), 100);
        check_text(story_said(), "");
        check_text(hear_of("DeliveryStarted", NULL, 2, 21, "5", "\"1001\""),
                   "applied"); /* a later namesake */
        check_text(story_said(), MODIFIED("95"));
        check_text(story_rows(&taking_entity),
                   "1{\"deliverySource\":\"/delivery/"
                   "d\",\"deliveryId\":1,\"inventory\":null,\"qty\":null,\"canceled\":1,\"at\":10}"
                   "2{\"deliverySource\":\"\",\"deliveryId\":2,\"inventory\":1,\"qty\":5,"
                   "\"canceled\":null,\"at\":21}");
        end();
}

static void the_latest_cancel_counts(void)
{
        begin(100);
        check_text(hear_of("DeliveryCanceled", NULL, 2, 20, "5", "\"1001\""), "applied");
        check_text(hear_of("DeliveryCanceled", NULL, 2, 30, "5", "\"1001\""), "applied");
        check_text(hear_of("DeliveryStarted", NULL, 2, 25, "5", "\"1001\""), "applied");
        check_int(stock(), 100);
        check_text(hear_of("DeliveryStarted", NULL, 2, 31, "5", "\"1001\""), "applied");
        check_int(stock(), 95);
        end();
}

static void a_cancel_of_an_earlier_namesake_is_too_late(void)
{
        begin(100);
        check_text(hear_of("DeliveryStarted", NULL, 2, 20, "5", "\"1001\""), "applied");
        check_text(hear_of("DeliveryCanceled", NULL, 2, 19, "5", "\"1001\""), "applied");
        check_int(stock(), 95);
        check_text(hear_of("DeliveryCanceled", NULL, 2, 20, "5", "\"1001\""), "applied");
        check_int(stock(), 100);
        end();
}

static void a_store_that_began_anew_takes_again(void)
{
        begin(100);
        check_text(started("/delivery/d", 1, "5"), "applied");
        check_text(started("/delivery/e", 1, "5"), "applied");
        check_text(started(NULL, 1, "5"), "applied");
        check_text(started(NULL, 1, "5"), "applied"); /* as old as the last */
        check_text(hear_of("DeliveryStarted", NULL, 1, 11, "5", "\"1001\""), "applied");
        check_int(stock(), 80);
        check_text(canceled("/delivery/e", 1, "5"), "applied");
        check_int(stock(), 85);
        check_text(canceled("/delivery/d", 1, "5"), "applied");
        check_int(stock(), 90);
        check_int(moved(1), 90);
        end();
}

static void what_is_not_there_is_out_of_stock(void)
{
        begin(5);
        check_text(started("/delivery/d", 1, "6"), "applied");
        check_text(story_said(), "OutOfStock[7]{\"id\":1,\"orderId\":\"7\",\"productId\":\"1001\","
                                 "\"qty\":6,\"stock\":5}");
        check_text(story_header("ce_ordersource"), "/order/a");
        check_text(story_header("ce_deliverysource"), "/delivery/d");
        check_text(story_header("ce_subject"), "1");
        check_int(stock(), 5);
        check_text(canceled("/delivery/d", 1, "6"),
                   "applied"); /* delivery's answer gives back nothing */
        check_text(started("/delivery/d", 1, "6"), "applied");
        check_int(stock(), 5);
        check_text(story_said(), "");
        check_text(started("/delivery/d", 2, "5"), "applied"); /* all there is */
        check_text(story_said(), MODIFIED("0"));
        check_text(started("/delivery/d", 3, "1"), "applied");
        check_text(story_said(), "OutOfStock[7]{\"id\":3,\"orderId\":\"7\",\"productId\":\"1001\","
                                 "\"qty\":1,\"stock\":0}");
        check_int(moved(1), 0);
        end();
}

static void null_stock_counts_as_zero(void)
{
        begin_with("refuse");
        story_posts(&inventory_entity, "{\"productId\":\"1001\"}");
        check_text(story_rows(&movement_entity), "");
        check_text(started("/delivery/d", 1, "1"), "applied");
        check_text(story_said(), "OutOfStock[7]{\"id\":1,\"orderId\":\"7\",\"productId\":\"1001\","
                                 "\"qty\":1,\"stock\":0}");
        check(!inventory(1)->stock.known);
        end();
}

static void nothing_asked_nothing_moved(void)
{
        static const struct {
                const char *qty, *product;
        } nothings[] = {{"null", "\"1001\""}, {"0", "\"1001\""}, {"\"\"", "\"1001\""},
                        {"5", "null"},        {"5", "\"1002\""}, {"5", "\"\""}};

        begin(100);
        for (int i = 0; i < (int)(sizeof nothings / sizeof *nothings); i++) {
                check_text(hear_of("DeliveryStarted", "/delivery/d", i + 1, 10, nothings[i].qty,
                                   nothings[i].product),
                           "applied");
                check_text(hear_of("DeliveryCanceled", "/delivery/d", i + 1, 10, nothings[i].qty,
                                   nothings[i].product),
                           "applied");
        }
        check_int(stock(), 100);
        check_text(story_said(), "");
        check_int(moved(1), 100);
        end();
}

static void wrong_quantities_are_dead(void)
{
        static const char *const wrong[] = {"-1",       "\"-5\"", "2147483648", "-2147483649",
                                            "\"many\"", "{}",     "true",       "\"1.5\""};

        begin(100);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                check(strncmp(started("/delivery/d", 1, wrong[i]), "dead: qty ", 10) == 0);
                check(strncmp(canceled("/delivery/d", 1, wrong[i]), "dead: qty ", 10) == 0);
        }
        check_text(story_said(), "");
        check_text(started("/delivery/d", 1, "5"), "applied"); /* the dead left nothing behind */
        check_text(story_said(), MODIFIED("95"));
        end();
}

static void a_stock_beyond_int32_is_dead(void)
{
        begin(10);
        check_text(started("/delivery/d", 1, "5"), "applied");
        story_patches(&inventory_entity, 1, "{\"stock\":2147483647}");
        check_text(story_said(), MODIFIED("5") MODIFIED("2147483647"));
        check_text(canceled("/delivery/d", 1, "5"),
                   "dead: stock 2147483647 and qty 5 go beyond int32");
        check_int(stock(), 2147483647);
        check_int(moved(1), 2147483647);
        story_patches(&inventory_entity, 1, "{\"stock\":2147483642}");
        check_text(canceled("/delivery/d", 1, "5"), "applied"); /* the most that fits */
        check_int(stock(), 2147483647);
        end();
}

static void a_stock_below_int32_is_dead(void)
{
        begin_with("allow");
        story_posts(&inventory_entity, "{\"productId\":\"1001\",\"stock\":-2147483647}");
        check_text(started("/delivery/d", 2, "1"), "applied"); /* the least that fits */
        check_text(started("/delivery/d", 1, "1"),
                   "dead: stock -2147483648 and qty -1 go beyond int32");
        check_int(stock(), -2147483648);
        end();
}

static void overselling_can_be_allowed(void)
{
        begin_with("allow");
        story_posts(&inventory_entity,
                    "{\"productId\":\"1001\",\"productName\":\"TV\",\"stock\":3}");
        check_text(started("/delivery/d", 1, "5"), "applied");
        check_text(story_said(), MODIFIED("-2"));
        check_text(canceled("/delivery/d", 1, "5"), "applied");
        check_text(story_said(), MODIFIED("3"));
        end();
}

static void a_give_back_to_what_is_gone_is_ignored(void)
{
        begin(100);
        started("/delivery/d", 1, "5");
        story_posts(&inventory_entity,
                    "{\"productId\":\"1001\",\"stock\":50}"); /* a second one of that product */
        story_said();
        story_deletes(&inventory_entity, 1);
        check_text(story_said(), ""); /* an inventory deleted says nothing */
        check_int(moved(1), 0);
        check_text(canceled("/delivery/d", 1, "5"), "applied");
        check_text(story_said(), "");
        check_int(inventory(2)->stock.value, 50);
        check_text(started("/delivery/d", 2, "5"), "applied");
        check_int(inventory(2)->stock.value, 45);
        end();
}

static void the_lowest_id_of_a_product_serves(void)
{
        begin(10);
        story_posts(&inventory_entity, "{\"productId\":\"1001\",\"stock\":1000}");
        check_text(started("/delivery/d", 1, "4"), "applied");
        check_text(started("/delivery/d", 2, "7"), "applied");
        check_text(story_said(), MODIFIED("6") "OutOfStock[7]{\"id\":2,\"orderId\":\"7\","
                                               "\"productId\":\"1001\",\"qty\":7,\"stock\":6}");
        check_int(inventory(2)->stock.value, 1000);
        end();
}

static void a_change_by_hand_is_a_movement(void)
{
        begin(10);
        story_patches(&inventory_entity, 1, "{\"stock\":7}");
        check_text(story_said(), MODIFIED("7"));
        story_patches(&inventory_entity, 1, "{\"productName\":\"TV\"}");
        story_patches(&inventory_entity, 1, "{\"stock\":null}");
        check_int(moved(1), 0);
        check_text(story_does(&inventory_entity, 1, "{\"stock\":-1}"),
                   "stock must be a whole number from 0 to 2147483647, not -1");
        check_text(story_does(&inventory_entity, 0, "{\"stock\":-1}"),
                   "stock must be a whole number from 0 to 2147483647, not -1");
        check(!inventory(1)->stock.known);
        story_posts(&inventory_entity, "{\"stock\":4}");
        story_said();
        story_patches(&inventory_entity, 2, "{\"stock\":5}");
        check_text(story_said(), "InventoryModified[-]{\"id\":2,\"productId\":null,\"productName\":"
                                 "null,\"stock\":5}");
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_delivery_takes_and_gives_back),
                STORY(a_delivery_of_an_unknown_product_moves_nothing),
                STORY(a_delivery_takes_once),
                STORY(canceled_before_started_takes_nothing),
                STORY(the_latest_cancel_counts),
                STORY(a_cancel_of_an_earlier_namesake_is_too_late),
                STORY(a_store_that_began_anew_takes_again),
                STORY(what_is_not_there_is_out_of_stock),
                STORY(null_stock_counts_as_zero),
                STORY(nothing_asked_nothing_moved),
                STORY(wrong_quantities_are_dead),
                STORY(a_stock_beyond_int32_is_dead),
                STORY(a_stock_below_int32_is_dead),
                STORY(overselling_can_be_allowed),
                STORY(a_give_back_to_what_is_gone_is_ignored),
                STORY(the_lowest_id_of_a_product_serves),
                STORY(a_change_by_hand_is_a_movement),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
