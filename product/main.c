/* product - keeps stock: gives it to deliveries, takes it back, never goes below zero.

   OWNS   /inventories, /movements (read-only)
   HEARS  DeliveryStarted, DeliveryCanceled
   SAYS   InventoryModified, OutOfStock
   FAILS  503 while the store is away; events wait on the bus, none is lost */
#include "product/inventory.h"
#include "service/service.h"

int main(int argc, char **argv)
{
        static const struct entity *const entities[] = {&inventory_entity, &movement_entity,
                                                        &taking_entity, NULL};
        static const struct setting settings[] = {
                {"oversell", SETTING_CHOICE, "refuse", NULL, NULL,
                 "what a delivery of more than the stock gets: OutOfStock (refuse), or a stock "
                 "below zero as in the reference (allow)",
                 .choices = "refuse|allow"},
                {NULL},
        };
        static const struct service product = {
                .name = "product",
                .summary =
                        "keeps stock: gives it to deliveries, takes it back, never goes below zero",
                .port = 8083,
                .entities = entities,
                .reactions = product_policy,
                .says = product_says,
                .settings = settings,
        };

        return service_main(&product, argc, argv);
}
