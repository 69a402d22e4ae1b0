/* order - takes orders and follows what becomes of them.

   OWNS   /orders
   HEARS  DeliveryStarted, OutOfStock, DeliveryCanceled
   SAYS   Orderplaced, OrderCanceled
   ASKS   product for the stock, if told to
   FAILS  503 while the store is away; a bus that is away costs no request, events wait in the
          outbox */
#include "order/order.h"
#include "order/stock.h"
#include "service/service.h"

static struct admission *ask_for_stock(const struct config *config, struct metrics *metrics,
                                       struct error *error)
{
        return inquiry_open(&stock_question, config, metrics, error);
}

int main(int argc, char **argv)
{
        static const struct entity *const entities[] = {&order_entity, NULL};
        static const struct service order = {
                .name = "order",
                .summary = "takes orders and follows what becomes of them",
                .port = 8081,
                .entities = entities,
                .reactions = order_policy,
                .settings = stock_settings,
                .admission = ask_for_stock,
        };

        return service_main(&order, argc, argv);
}
