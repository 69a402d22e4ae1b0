package mall.peer;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

record OrderPlaced(String eventType, long timestamp, long id, @JsonUnwrapped Order order) {
    OrderPlaced(long timestamp, long id, Order order) {
        this("Orderplaced", timestamp, id, order);
    }
}
