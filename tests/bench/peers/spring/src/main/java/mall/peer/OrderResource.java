package mall.peer;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;

record OrderResource(@JsonUnwrapped Order order, @JsonProperty("_links") Links links) {
    record Link(String href) {}

    record Links(Link self, List<Link> order, @JsonProperty("order cancel") Link cancel) {}

    static OrderResource of(String self, Order order) {
        Link link = new Link(self);
        return new OrderResource(order, new Links(link, List.of(link, new Link(self + "/order")), new Link(self + "/order cancel")));
    }
}
