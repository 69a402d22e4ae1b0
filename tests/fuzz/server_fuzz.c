/* server_fuzz - a service's whole HTTP, from bytes to rows: the server, the actuator, the resources
   of order, delivery and product. The input is what a client says (testing/wire.h). */
#include "services.h"

#include "data/outbox.h"
#include "testing/wire_lines.h"

#define GOOD "GET /orders/1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define POST(path, body, length)                                                                   \
        "POST " path " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " length        \
        "\r\n\r\n" body

static int64_t told;

static void wire_check_answer(const char *answer, size_t len)
{
        wire_check_links(answer, wire.said);
        wire_check_statuses(answer, len, "500 502 503 504");
}

static void begin(void)
{
        wire_ask(POST("/orders", "{\"productId\":\"1\",\"productName\":\"TV\",\"qty\":5}", "44"),
                 "HTTP/1.1 201 ");
        wire_ask(POST("/inventories", "{\"productId\":\"1\",\"stock\":9}", "27"), "HTTP/1.1 201 ");
        told = 0;
}

/* The events of what was answered with 2xx fit on the bus. */
static void check_events(struct arena *arena)
{
        struct outbox_record records[20];
        struct error e = {0};
        size_t count;

        do {
                fuzz_must(outbox_read(services.store, told, records, 20, &count, arena, &e),
                          "the outbox: %s", e.text);
                for (size_t i = 0; i < count; i++) {
                        size_t key = records[i].key ? strlen(records[i].key) : 0;

                        fuzz_must(records[i].value_len + key + records[i].headers_len <=
                                          BUS_RECORD_MAX,
                                  "an event of %zu and %zu bytes", records[i].value_len, key);
                        told = records[i].id;
                }
        } while (count);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc, (void)argv;
        services_open();
        begin();
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        const char *at = (const char *)data;

        if (services_next())
                begin();
        wire_play(arena, &at, at + size);
        check_events(arena);
        wire_ask(GOOD, "HTTP/1.1 ");
        arena_close(&arena);
        return 0;
}
