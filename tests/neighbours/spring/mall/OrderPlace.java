package mall;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.stream.annotation.EnableBinding;
import org.springframework.context.annotation.Configuration;

/** Announces what happens to orders, and hears no events: their status stays null. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableBinding(Bus.class)
class OrderPlace extends Place<Row.Order> {
        OrderPlace() {
                super("orders", Row.Order.class);
        }

        @Override
        protected void created(Row.Order order) {
                say("Orderplaced", order);
        }

        @Override
        protected void deleted(Row.Order order) {
                say("OrderCanceled", order);
        }
}
