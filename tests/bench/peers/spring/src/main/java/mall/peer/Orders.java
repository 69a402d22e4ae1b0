package mall.peer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

@Service
class Orders {
    private final JdbcClient jdbc;
    private final ObjectMapper json;

    Orders(JdbcClient jdbc, ObjectMapper json) {
        this.jdbc = jdbc;
        this.json = json;
    }

    /** The order and its event commit together. */
    @Transactional
    long add(Order order) throws JsonProcessingException {
        long id = jdbc.sql("INSERT INTO orders (\"productId\", \"productName\", qty, \"customerId\", status) VALUES (?, ?, ?, ?, ?) RETURNING id")
            .param(order.productId()).param(order.productName()).param(order.qty()).param(order.customerId()).param(order.status())
            .query(Long.class).single();
        long now = System.currentTimeMillis();
        jdbc.sql("INSERT INTO outbox (key, value, at) VALUES (?, ?, ?)")
            .param(Long.toString(id)).param(json.writeValueAsBytes(new OrderPlaced(now, id, order))).param(now)
            .update();
        return id;
    }

    Optional<Order> get(long id) {
        return jdbc.sql("SELECT \"productId\", \"productName\", qty, \"customerId\", status FROM orders WHERE id = ?")
            .param(id)
            .query((row, number) -> new Order(row.getString(1), row.getString(2), row.getObject(3, Integer.class), row.getString(4), row.getString(5)))
            .optional();
    }
}
