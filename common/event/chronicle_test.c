/* What is remembered of one order. */
#include "event/chronicle.h"

#include "testing/seen_events.h"

static struct recent *recent;
static struct arena *arena;

static const char *told(int64_t order)
{
        struct text out = text_open(arena, 200);
        const struct chronicle *s = chronicle_of(recent, order, arena);

        for (size_t i = 0; i < s->count; i++)
                text_printf(&out, "%s%s%lld", i ? " " : "",
                            s->events[i].type->type ? s->events[i].type->type : "other",
                            (long long)s->events[i].offset);
        return out.at;
}

static void begin(void)
{
        recent_close(&recent);
        recent = recent_of_test(200);
}

#define ORDER .source = "/order/a"
#define DELIVERY .source = "/delivery/a", .home = "/order/a"
#define PRODUCT .source = "/product/a"

static void an_order_is_told_in_order_of_time(void)
{
        begin();
        see(recent, (struct seen){"InventoryModified", "TV", "5", PRODUCT, .trace = 'a',
                                  .cause = "3", .at = 30, .offset = 1});
        see(recent, (struct seen){"DeliveryStarted", "1", "3", DELIVERY, .trace = 'a', .cause = "9",
                                  .at = 20, .offset = 2});
        see(recent,
            (struct seen){"Orderplaced", "1", "9", ORDER, .trace = 'a', .at = 10, .offset = 3});
        see(recent,
            (struct seen){"Orderplaced", "2", "10", ORDER, .trace = 'b', .at = 11, .offset = 4});
        check_text(told(1), "Orderplaced3 DeliveryStarted2 InventoryModified1");
        check_text(told(2), "Orderplaced4");
        check_text(told(3), "");
}

/* A load generator may send one traceparent with each request. */
static void of_two_orders_in_one_trace_each_has_its_own_stock(void)
{
        begin();
        for (int i = 1; i <= 2; i++) {
                const char *order = i == 1 ? "1" : "2", *delivery = i == 1 ? "3" : "1";

                see(recent, (struct seen){"Orderplaced", order, order, ORDER, .trace = 'a',
                                          .at = 10, .offset = 10 * i});
                see(recent,
                    (struct seen){"DeliveryStarted", order, delivery, DELIVERY, .trace = 'a',
                                  .cause = order, .at = 20, .offset = 10 * i + 1});
                see(recent, (struct seen){"InventoryModified", "TV", "5", PRODUCT, .trace = 'a',
                                          .cause = delivery, .at = 30, .offset = 10 * i + 2});
        }
        check_text(told(1), "Orderplaced10 DeliveryStarted11 InventoryModified12");
        check_text(told(2), "Orderplaced20 DeliveryStarted21 InventoryModified22");
}

static void a_cancel_has_a_trace_of_its_own(void)
{
        begin();
        see(recent,
            (struct seen){"Orderplaced", "1", "1", ORDER, .trace = 'a', .at = 10, .offset = 1});
        see(recent,
            (struct seen){"OrderCanceled", "1", "2", ORDER, .trace = 'b', .at = 20, .offset = 2});
        see(recent, (struct seen){"Coupon", "5", "1", .source = "/coupon/a", .trace = 'b', .at = 21,
                                  .offset = 3});
        see(recent, (struct seen){"Coupon", "5", "1", .source = "/coupon/a", .trace = 'c', .at = 21,
                                  .offset = 4});
        check_text(told(1), "Orderplaced1 OrderCanceled2 other3");
}

static void an_id_that_two_stores_gave_is_the_newest_ones(void)
{
        begin();
        see(recent,
            (struct seen){"Orderplaced", "1", "1", ORDER, .trace = 'a', .at = 10, .offset = 1});
        see(recent, (struct seen){"DeliveryStarted", "1", "1", DELIVERY, .trace = 'a', .at = 11,
                                  .offset = 2});
        see(recent,
            (struct seen){"OutOfStock", "1", "1", PRODUCT, .trace = 'a', .at = 12, .offset = 3});
        see(recent, (struct seen){"Orderplaced", "1", "1", .source = "/order/b", .trace = 'b',
                                  .at = 20, .offset = 4});
        check_text(told(1), "Orderplaced4");
        see(recent,
            (struct seen){"OutOfStock", "1", "2", PRODUCT, .trace = 'b', .at = 22, .offset = 5});
        check_text(told(1), "Orderplaced4 OutOfStock5");
}

static void without_headers_time_tells_two_stores_apart(void)
{
        begin();
        see(recent, (struct seen){"Orderplaced", "1", .at = 10000, .offset = 1});
        see(recent, (struct seen){"DeliveryStarted", "1", .at = 10001, .offset = 2});
        see(recent, (struct seen){"Orderplaced", "1", .at = 20000, .offset = 3});
        see(recent, (struct seen){"DeliveryStarted", "1", .at = 19990, .offset = 4});
        check_text(told(1), "DeliveryStarted4 Orderplaced3");
}

static void duplicates_are_told_and_begin_nothing(void)
{
        begin();
        see(recent, (struct seen){"Orderplaced", "1", "1", ORDER, .at = 10, .offset = 1});
        see(recent, (struct seen){"DeliveryStarted", "1", "1", DELIVERY, .at = 11, .offset = 2});
        see(recent, (struct seen){"Orderplaced", "1", "1", ORDER, .at = 10, .offset = 3});
        check_text(told(1), "Orderplaced1 Orderplaced3 DeliveryStarted2");
        check_int(chronicle_beginning(chronicle_of(recent, 1, arena))->offset, 1);
}

static void what_follows_a_forgotten_beginning_is_told(void)
{
        begin();
        see(recent, (struct seen){"DeliveryStarted", "1", "1", DELIVERY, .trace = 'a', .at = 11,
                                  .offset = 2});
        check_text(told(1), "DeliveryStarted2");
        check(!chronicle_beginning(chronicle_of(recent, 1, arena)));
}

static void it_outlives_what_it_tells_of(void)
{
        const struct chronicle *s;

        recent_close(&recent);
        recent = recent_of_test(1);
        see(recent, (struct seen){"Orderplaced", "1", "1", ORDER, .at = 10, .offset = 1});
        s = chronicle_of(recent, 1, arena);
        see(recent, (struct seen){"Orderplaced", "2", "2", ORDER, .at = 10, .offset = 2});
        check_contains(s->events[0].line, "\"key\":\"1\"");
        check_int((int64_t)s->bytes, (int64_t)strlen(s->events[0].line));
        check_text(told(1), "");
}

static void a_story_has_a_bound(void)
{
        recent_close(&recent);
        recent = recent_of_test(3000);
        for (int i = 1; i <= 2000; i++)
                see(recent,
                    (struct seen){"DeliveryStarted", "1", .trace = 'a', .at = i, .offset = i});
        for (int i = 1; i <= 10; i++)
                see(recent,
                    (struct seen){"InventoryModified", "1", .trace = 'a', .offset = 3000 + i});
        check_int((int64_t)chronicle_of(recent, 1, arena)->count, CHRONICLE_MOST);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_order_is_told_in_order_of_time),
                STORY(of_two_orders_in_one_trace_each_has_its_own_stock),
                STORY(a_cancel_has_a_trace_of_its_own),
                STORY(an_id_that_two_stores_gave_is_the_newest_ones),
                STORY(without_headers_time_tells_two_stores_apart),
                STORY(duplicates_are_told_and_begin_nothing),
                STORY(what_follows_a_forgotten_beginning_is_told),
                STORY(it_outlives_what_it_tells_of),
                STORY(a_story_has_a_bound),
                {NULL, NULL},
        };
        int status;

        arena = arena_open();
        status = check_main(stories, argc, argv);
        recent_close(&recent);
        arena_close(&arena);
        return status;
}
