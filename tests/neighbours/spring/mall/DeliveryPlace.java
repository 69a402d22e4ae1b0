package mall;

import java.util.ArrayList;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.stream.annotation.EnableBinding;
import org.springframework.cloud.stream.annotation.StreamListener;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.handler.annotation.Payload;

/** Makes a delivery for each Orderplaced, as often as it comes; it knows orders by their number alone. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableBinding(Bus.Heard.class)
class DeliveryPlace extends Place<Row.Delivery> {
        static class Heard extends Row.Order {
                public String eventType;
        }

        DeliveryPlace() {
                super("deliveries", Row.Delivery.class);
        }

        @StreamListener(Bus.IN)
        public synchronized void hear(@Payload Heard order) {
                if ("Orderplaced".equals(order.eventType))
                        deliver(order);
                else if ("OrderCanceled".equals(order.eventType))
                        callBack(String.valueOf(order.id));
        }

        private void deliver(Row.Order order) {
                Row.Delivery delivery = new Row.Delivery();

                delivery.orderId = String.valueOf(order.id);
                delivery.qty = order.qty;
                delivery.productId = order.productId;
                delivery.customerId = order.customerId;
                delivery.status = "DeliveryStarted";
                created(add(delivery));
        }

        private void callBack(String order) {
                for (Row.Delivery delivery : new ArrayList<>(rows.values()))
                        if (order.equals(delivery.orderId)) {
                                rows.remove(delivery.id);
                                deleted(delivery);
                        }
        }

        @Override
        protected void created(Row.Delivery delivery) {
                say("DeliveryStarted", delivery);
        }

        @Override
        protected void deleted(Row.Delivery delivery) {
                say("DeliveryCanceled", delivery);
        }
}
