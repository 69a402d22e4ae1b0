package mall;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.SmartLifecycle;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.support.MessageBuilder;
import org.springframework.util.MimeTypeUtils;

/** Rows in memory, as much HTTP on them as a story asks for, and the events that they cause. */
abstract class Place<R extends Row> implements SmartLifecycle {
        private static final ObjectMapper JSON = new ObjectMapper();

        protected final TreeMap<Long, R> rows = new TreeMap<>();
        private final String collection;
        private final Class<R> kind;
        @Value("${first-id}")
        private long nextId;
        @Value("${port}")
        private int port;
        @Autowired
        private Bus bus;
        private HttpServer server;
        private ExecutorService clients;

        Place(String collection, Class<R> kind) {
                this.collection = collection;
                this.kind = kind;
        }

        // ---- rows; the caller holds the lock ----

        protected R add(R row) {
                row.id = nextId++;
                rows.put(row.id, row);
                return row;
        }

        /** No key and no header of its own, as the reference says it. */
        protected void say(String type, Row row) {
                Map<String, Object> event = new LinkedHashMap<>();

                event.put("eventType", type);
                event.put("timestamp", System.currentTimeMillis());
                event.putAll(members(row));
                bus.out().send(MessageBuilder.withPayload(event)
                                       .setHeader(MessageHeaders.CONTENT_TYPE, MimeTypeUtils.APPLICATION_JSON).build());
        }

        /** What its service says when a client made it, or took it away. */
        protected abstract void created(R row);

        protected abstract void deleted(R row);

        // ---- HTTP ----

        @SuppressWarnings("unchecked")
        private static Map<String, Object> members(Row row) {
                return JSON.convertValue(row, LinkedHashMap.class);
        }

        private static Map<String, Object> pair(String name, Object value) {
                Map<String, Object> map = new LinkedHashMap<>();

                map.put(name, value);
                return map;
        }

        private String url(HttpExchange exchange, R row) {
                return "http://" + exchange.getRequestHeaders().getFirst("Host") + "/" + collection + "/" + row.id;
        }

        private Map<String, Object> shown(HttpExchange exchange, R row) {
                Map<String, Object> shown = members(row);

                shown.remove("id");
                shown.put("_links", pair("self", pair("href", url(exchange, row))));
                return shown;
        }

        private static void answer(HttpExchange exchange, int status, Object body) throws IOException {
                byte[] bytes = body == null ? new byte[0] : JSON.writeValueAsBytes(body);

                exchange.getResponseHeaders().set("Content-Type", "application/hal+json");
                exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
                exchange.getResponseBody().write(bytes);
        }

        /** All rows are one page. */
        private Map<String, Object> page(HttpExchange exchange) {
                List<Object> all = new ArrayList<>();
                Map<String, Object> body = pair("_embedded", pair(collection, all)), page = pair("size", 1000);

                for (R row : rows.values())
                        all.add(shown(exchange, row));
                page.put("totalElements", all.size());
                page.put("totalPages", 1);
                page.put("number", 0);
                body.put("page", page);
                return body;
        }

        private void onCollection(HttpExchange exchange) throws IOException {
                if (exchange.getRequestMethod().equals("POST")) {
                        R row = JSON.readValue(exchange.getRequestBody(), kind);

                        created(add(row));
                        exchange.getResponseHeaders().set("Location", url(exchange, row));
                        answer(exchange, 201, shown(exchange, row));
                } else {
                        answer(exchange, 200, page(exchange));
                }
        }

        private void onItem(HttpExchange exchange, long id) throws IOException {
                R row = rows.get(id);

                if (row == null) {
                        answer(exchange, 404, null);
                } else if (exchange.getRequestMethod().equals("DELETE")) {
                        rows.remove(id);
                        deleted(row);
                        answer(exchange, 204, null);
                } else {
                        answer(exchange, 200, shown(exchange, row));
                }
        }

        private void serve(HttpExchange exchange) {
                String[] path = exchange.getRequestURI().getPath().split("/");

                try {
                        synchronized (this) {
                                if (path.length > 2)
                                        onItem(exchange, Long.parseLong(path[2]));
                                else
                                        onCollection(exchange);
                        }
                } catch (IOException | RuntimeException trouble) {
                        trouble.printStackTrace();
                } finally {
                        exchange.close();
                }
        }

        // ---- its life: HTTP begins last and ends first, when the topic can be reached ----

        @Override
        public void start() {
                try {
                        server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
                } catch (IOException trouble) {
                        throw new IllegalStateException(trouble);
                }
                clients = Executors.newCachedThreadPool();
                server.setExecutor(clients);
                server.createContext("/" + collection, this::serve);
                server.start();
        }

        @Override
        public void stop() {
                server.stop(1);
                clients.shutdown();
                server = null;
        }

        @Override
        public boolean isRunning() {
                return server != null;
        }
}
