package mall.mypage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.persistence.EntityManager;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** What the view does when something happened elsewhere. */
@Service
class PolicyHandler {
    private static final Logger log = LoggerFactory.getLogger(PolicyHandler.class);
    private static final Set<String> ORDERS = Set.of("Orderplaced", "OrderCanceled");
    private static final Set<String> DELIVERIES = Set.of("DeliveryStarted", "DeliveryCanceled", "OutOfStock");
    private final EntityManager store;
    private final Mypages mypages;
    private final ObjectMapper json;

    PolicyHandler(EntityManager store, Mypages mypages, ObjectMapper json) {
        this.store = store;
        this.mypages = mypages;
        this.json = json;
    }

    /** One transaction: what the event does, and that it was seen. Its offset is committed after that. */
    @KafkaListener(topics = "${mall.topic}")
    @Transactional
    void on(ConsumerRecord<String, String> record) {
        Event event = understood(record);
        if (event != null && isNew(record))
            apply(record, event);
    }

    /** null: it is somebody else's; or it makes no sense, which is said. Retried, it would stop all that comes after it. */
    private Event understood(ConsumerRecord<String, String> record) {
        try {
            JsonNode value = json.readTree(record.value() == null ? "" : record.value());
            String type = value.path("eventType").textValue();
            if (type == null)
                return skipped(record, "it has no eventType");
            if (!ORDERS.contains(type) && !DELIVERIES.contains(type))
                return null;
            Event event = json.treeToValue(value, Event.class);
            return event.id() == null && ORDERS.contains(type) ? skipped(record, "an order without id") : event;
        } catch (JsonProcessingException why) {
            return skipped(record, why.getOriginalMessage());
        }
    }

    private static Event skipped(ConsumerRecord<String, String> record, String why) {
        log.warn("{}-{} at {} is skipped: {}", record.topic(), record.partition(), record.offset(), why);
        return null;
    }

    /** The Spring services of the course send no headers: there the identity is the record's place. */
    private boolean isNew(ConsumerRecord<String, String> record) {
        var identity = new Seen.Identity(header(record, "ce_source").orElse(record.topic() + "/" + record.partition()),
                header(record, "ce_id").orElse(record.offset() + "@" + record.timestamp()));
        if (store.find(Seen.class, identity) != null)
            return false;
        store.persist(new Seen(identity));
        return true;
    }

    private void apply(ConsumerRecord<String, String> record, Event event) {
        if (DELIVERIES.contains(event.eventType())) {
            orderOf(record, event).ifPresent(order -> order.becomes(event.eventType()));
            return;
        }
        var key = new OrderKey(header(record, "ce_source").orElse(""), event.id().toString());
        if (event.eventType().equals("Orderplaced"))
            store.merge(new Mypage(key, event));
        else
            mypages.findById(key).ifPresent(order -> order.becomes(event.eventType()));
    }

    /** Where a delivery does not say which store its order's id is of, it is the last order of that id. */
    private Optional<Mypage> orderOf(ConsumerRecord<String, String> record, Event event) {
        var source = header(record, "ce_ordersource");
        if (event.orderId() == null)
            return Optional.empty();
        return source.isPresent() ? mypages.findById(new OrderKey(source.get(), event.orderId()))
                                  : mypages.findFirstByKeyIdOrderByPlacedAtDesc(event.orderId());
    }

    private static Optional<String> header(ConsumerRecord<?, ?> record, String name) {
        return Optional.ofNullable(record.headers().lastHeader(name)).map(h -> new String(h.value(), StandardCharsets.UTF_8));
    }
}
