package mall;

import org.springframework.boot.Banner;
import org.springframework.boot.builder.SpringApplicationBuilder;

/**
 * The Spring side of a mixed mall: order, delivery and product as Spring Cloud Stream applications, as many as are asked for in one
 * process.
 *
 *     java ... mall.Neighbours 127.0.0.1:9092 mall order=8081 delivery=8082 product=8083
 *
 * A place may have its first id: order=8081:1000. Rows are in memory, and end with the process.
 */
public final class Neighbours {
        private Neighbours() {
        }

        public static void main(String[] arguments) {
                for (int i = 2; i < arguments.length; i++) {
                        String[] place = arguments[i].split("[=:]");

                        start(place[0], arguments[0], arguments[1], "port=" + place[1], "first-id=" + (place.length > 2 ? place[2] : "1"));
                }
        }

        private static Class<?> application(String name) {
                switch (name) {
                case "order":
                        return OrderPlace.class;
                case "delivery":
                        return DeliveryPlace.class;
                case "product":
                        return ProductPlace.class;
                default:
                        throw new IllegalArgumentException("no place is called " + name);
                }
        }

        private static void start(String name, String broker, String topic, String... own) {
                new SpringApplicationBuilder(application(name))
                        .bannerMode(Banner.Mode.OFF)
                        .properties("spring.application.name=" + name,
                                    "spring.jmx.enabled=false",
                                    "logging.level.root=WARN",
                                    "spring.cloud.stream.kafka.binder.brokers=" + broker,
                                    "spring.cloud.stream.kafka.binder.consumer-properties.session.timeout.ms=45000",
                                    "spring.cloud.stream.bindings." + Bus.OUT + ".destination=" + topic,
                                    "spring.cloud.stream.bindings." + Bus.OUT + ".contentType=application/json",
                                    "spring.cloud.stream.bindings." + Bus.IN + ".destination=" + topic,
                                    "spring.cloud.stream.bindings." + Bus.IN + ".contentType=application/json",
                                    "spring.cloud.stream.bindings." + Bus.IN + ".group=" + name)
                        .properties(own)
                        .run();
        }
}
