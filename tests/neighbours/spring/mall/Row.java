package mall;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/**
 * The rows of the three, also as their events: members in their order on the wire. Unknown members are ignored, as Spring Boot's web
 * services do.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
abstract class Row {
        public Long id;

        @JsonPropertyOrder({"id", "productId", "productName", "qty", "customerId", "status"})
        static class Order extends Row {
                public String productId;
                public String productName;
                public Integer qty;
                public String customerId;
                public String status;
        }

        @JsonPropertyOrder({"id", "orderId", "qty", "productId", "status", "customerId"})
        static class Delivery extends Row {
                public String orderId;
                public Integer qty;
                public String productId;
                public String status;
                public String customerId;
        }

        @JsonPropertyOrder({"id", "productId", "productName", "stock"})
        static class Inventory extends Row {
                public String productId;
                public String productName;
                public Integer stock;
        }

        static int value(Integer number) {
                return number == null ? 0 : number;
        }
}
