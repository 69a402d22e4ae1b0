/* What order asks product, and what it makes of the answer. */
#include "order/stock.h"

#include "order/order.h"
#include "testing/check.h"

#include <stddef.h>
#include <string.h>

static struct order order_of(const char *product_id, struct nullable_int qty)
{
        return (struct order){.product_id = product_id, .qty = qty};
}

static struct nullable_int some(int64_t qty)
{
        return (struct nullable_int){true, qty};
}

static void what_moves_no_stock_is_not_asked_about(void)
{
        const struct nullable_int unsaid = {false, 0};
        struct order order = order_of("1001", some(5));

        check_text(stock_question.about(&order), "1001");
        order = order_of("1001", some(0));
        check(!stock_question.about(&order));
        order = order_of("1001", unsaid);
        check(!stock_question.about(&order));
        order = order_of(NULL, some(5));
        check(!stock_question.about(&order));
}

/* "accepted", or why not; stock is JSON, NULL: product knows none such. */
static const char *answer(const char *stock, int64_t qty)
{
        static struct error error;
        struct arena *arena = arena_open();
        struct order order = order_of("1001", some(qty));
        void *found = NULL;

        error = (struct error){0};
        if (stock) {
                const char *text = arena_printf(
                        arena, "{\"productId\":\"1001\",\"productName\":\"TV\",\"stock\":%s}",
                        stock);
                const struct json *body = json_read(arena, text, strlen(text), &error);

                found = arena_alloc(arena, stock_question.answer->size);
                check(shape_read(stock_question.answer, body, found, &error));
        }
        if (stock_question.allows(&order, found, &error))
                error = (struct error){.text = "accepted"};
        else
                check_int(error_status(error.kind), 409);
        arena_close(&arena);
        return error.text;
}

static void an_order_of_no_more_than_there_is_is_accepted(void)
{
        check_text(answer("5", 4), "accepted");
        check_text(answer("5", 5), "accepted");
        check_text(answer("5", 6), "there are 5 of product 1001 in stock, not 6");
        check_text(answer("0", 1), "there are 0 of product 1001 in stock, not 1");
        check_text(answer("null", 1), "there are 0 of product 1001 in stock, not 1");
        check_text(answer("-3", 1),
                   "there are -3 of product 1001 in stock, not 1"); /* MALL_OVERSELL=allow */
        check_text(answer("2147483647", 2147483647), "accepted");
}

static void an_order_of_what_product_does_not_know_is_accepted(void)
{
        check_text(answer(NULL, 5), "accepted");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_moves_no_stock_is_not_asked_about),
                STORY(an_order_of_no_more_than_there_is_is_accepted),
                STORY(an_order_of_what_product_does_not_know_is_accepted),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
