import static com.fasterxml.jackson.databind.DeserializationFeature.ACCEPT_FLOAT_AS_INT;
import static com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS;
import static com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES;
import static com.fasterxml.jackson.databind.MapperFeature.ALLOW_COERCION_OF_SCALARS;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** How much of each product is on order: what was placed minus what was canceled, in an SQLite file. */
public class Consumer {
    record Event(String eventType, String productId, int qty) {}

    static final Map<String, Long> SIGN = Map.of("Orderplaced", 1L, "OrderCanceled", -1L);
    static final List<String> TABLES = List.of(
            "CREATE TABLE IF NOT EXISTS seen (source TEXT, id TEXT, PRIMARY KEY (source, id)) WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS ordered (productId TEXT PRIMARY KEY, qty INTEGER NOT NULL)");
    static final ObjectMapper JSON = JsonMapper.builder().disable(FAIL_ON_UNKNOWN_PROPERTIES, ACCEPT_FLOAT_AS_INT)
            .enable(FAIL_ON_TRAILING_TOKENS).disable(ALLOW_COERCION_OF_SCALARS).build();

    static String header(ConsumerRecord<?, ?> record, String name, String otherwise) {
        var header = record.headers().lastHeader(name);
        return header == null ? otherwise : new String(header.value(), UTF_8);
    }

    static int change(Connection store, String sql, Object... values) throws SQLException {
        try (var statement = store.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++)
                statement.setObject(i + 1, values[i]);
            return statement.executeUpdate();
        }
    }

    static void apply(Connection store, ConsumerRecord<?, String> record) throws SQLException, JsonProcessingException {
        if (!SIGN.containsKey(header(record, "ce_type", "Orderplaced")))
            return; // somebody else's, known before its value is read
        var event = JSON.readValue(record.value() == null ? "" : record.value(), Event.class);
        if (event == null || event.eventType == null || event.qty < 0)
            throw new IllegalArgumentException("no eventType, or a negative qty");
        if (!SIGN.containsKey(event.eventType) || event.productId == null)
            return;
        // An event that comes twice has the same identity. The Spring services send no headers: there it is the record's place.
        var source = header(record, "ce_source", record.topic() + "/" + record.partition());
        var id = header(record, "ce_id", record.offset() + "@" + record.timestamp());
        if (change(store, "INSERT OR IGNORE INTO seen VALUES (?, ?)", source, id) == 1)
            change(store, "INSERT INTO ordered VALUES (?, ?) ON CONFLICT DO UPDATE SET qty = qty + excluded.qty",
                    event.productId, SIGN.get(event.eventType) * event.qty);
    }

    static void applyOrSkip(Connection store, ConsumerRecord<?, String> record) throws SQLException {
        try {
            apply(store, record);
        } catch (JsonProcessingException | IllegalArgumentException why) {
            System.err.printf("%s/%d at %d is skipped: %s%n", record.topic(), record.partition(), record.offset(), why);
        }
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 4) {
            System.err.println("usage: Consumer BROKER TOPIC GROUP FILE    Consumer localhost:9092 mall sums-java sums-java.db");
            System.exit(2);
        }
        Map<String, Object> settings = Map.of("bootstrap.servers", args[0], "group.id", args[2], "auto.offset.reset", "earliest",
                "enable.auto.commit", false, "metadata.max.age.ms", 5000);
        var ended = new CompletableFuture<Void>();
        try (var store = DriverManager.getConnection("jdbc:sqlite:" + args[3] + "?busy_timeout=60000&transaction_mode=IMMEDIATE");
                var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            for (var table : TABLES)
                change(store, table);
            store.setAutoCommit(false);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> { // SIGTERM: the loop ends, then Java does
                consumer.wakeup();
                ended.join();
            }));
            consumer.subscribe(List.of(args[1]));
            while (true) {
                var records = consumer.poll(Duration.ofSeconds(1));
                for (var record : records)
                    applyOrSkip(store, record);
                store.commit(); // one transaction: what these records do, and that they were seen
                consumer.commitSync(); // only now: a crash before it brings them again
            }
        } catch (WakeupException end) {
            // as it should be; close() has left the group
        } finally {
            ended.complete(null);
        }
    }
}
