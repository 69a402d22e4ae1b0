package mall.peer;

import com.fasterxml.jackson.core.JsonProcessingException;
import jakarta.servlet.http.HttpServletRequest;
import java.net.URI;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

@RestController
@RequestMapping(path = "/orders", produces = "application/hal+json")
class OrderController {
    private final Orders orders;

    OrderController(Orders orders) {
        this.orders = orders;
    }

    @PostMapping
    ResponseEntity<OrderResource> place(@RequestBody Order order, HttpServletRequest request) throws JsonProcessingException {
        if (order.qty() != null && order.qty() < 0) {
            throw new ResponseStatusException(HttpStatus.BAD_REQUEST, "qty must be a whole number from 0 to 2147483647, not " + order.qty());
        }
        String self = request.getRequestURL().append('/').append(orders.add(order)).toString();
        return ResponseEntity.created(URI.create(self)).body(OrderResource.of(self, order));
    }

    @GetMapping("/{id:\\d{1,18}}")
    OrderResource one(@PathVariable long id, HttpServletRequest request) {
        Order order = orders.get(id).orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND, "there is no such order"));
        return OrderResource.of(request.getRequestURL().toString(), order);
    }
}
