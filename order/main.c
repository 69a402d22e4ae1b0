/* order - takes orders and follows what becomes of them.

   OWNS   /orders
   HEARS  DeliveryStarted, OutOfStock, DeliveryCanceled
   SAYS   Orderplaced, OrderCanceled
   FAILS  503 while the store is away; a bus that is away costs no request, events wait in the outbox */
#include "order/order.h"
#include "service/service.h"

int main(int argc, char **argv)
{
        static const struct entity *const entities[] = {&order_entity, NULL};
        static const struct service order = {
                .name = "order",
                .summary = "takes orders and follows what becomes of them",
                .port = 8081,
                .entities = entities,
                .reactions = order_policy,
        };

        return service_main(&order, argc, argv);
}
