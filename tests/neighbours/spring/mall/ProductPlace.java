package mall;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.stream.annotation.EnableBinding;
import org.springframework.cloud.stream.annotation.StreamListener;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.handler.annotation.Payload;

/** Takes and gives back stock for each event, as often as it comes, below zero as well. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableBinding(Bus.Heard.class)
class ProductPlace extends Place<Row.Inventory> {
        static class Heard extends Row.Delivery {
                public String eventType;
        }

        ProductPlace() {
                super("inventories", Row.Inventory.class);
        }

        @StreamListener(Bus.IN)
        public synchronized void hear(@Payload Heard delivery) {
                if ("DeliveryStarted".equals(delivery.eventType))
                        move(delivery.productId, -Row.value(delivery.qty));
                else if ("DeliveryCanceled".equals(delivery.eventType))
                        move(delivery.productId, Row.value(delivery.qty));
        }

        private void move(String product, int qty) {
                for (Row.Inventory inventory : rows.values())
                        if (qty != 0 && product != null && product.equals(inventory.productId)) {
                                inventory.stock = Row.value(inventory.stock) + qty;
                                say("InventoryModified", inventory);
                        }
        }

        @Override
        protected void created(Row.Inventory inventory) {
        }

        @Override
        protected void deleted(Row.Inventory inventory) {
        }
}
