/* delivery - sends out what was ordered, calls back what was canceled.

   OWNS   /deliveries
   HEARS  Orderplaced, OrderCanceled, OutOfStock
   SAYS   DeliveryStarted, DeliveryCanceled
   FAILS  503 while the store is away; events wait on the bus, none is lost */
#include "delivery/delivery.h"
#include "service/service.h"

int main(int argc, char **argv)
{
        static const struct entity *const entities[] = {&delivery_entity, &dispatch_entity, NULL};
        static const struct service delivery = {
                .name = "delivery",
                .summary = "sends out what was ordered, calls back what was canceled",
                .port = 8082,
                .entities = entities,
                .reactions = delivery_policy,
        };

        return service_main(&delivery, argc, argv);
}
