/* event_fuzz - order, delivery and product without their HTTP, inbox and outbox on one embedded
   log, and any records on that log.

   A record is lines "name: value" (`key` is its key, `-name` a header that is NULL), an empty line,
   and the value; the mark `N` ends a record. Whatever they hold: later events are applied, the
   events that they cause get onto the log, no stock is below zero, and the metrics stay readable
   and few. */
#include "base/clock.h"
#include "testing/fuzz.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "data/outbox.h"
#include "data/store.h"
#include "delivery/delivery.h"
#include "event/futex.h"
#include "event/inbox.h"
#include "event/relay.h"
#include "order/order.h"
#include "product/inventory.h"
#include "service/settings.h"
#include "testing/publish.h"

#include <ftw.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
        INPUTS = 2000 /* before all is made again */,
        SERVICES = 3,
        RECORDS = 16,
        HEADERS = 24,
        PATIENCE_US = 8000000,
        REACTIONS = 8,
        SERIES_MOST = 40,
        VALUE_MOST = 1 << 20
};

static const struct entity *const entities[SERVICES][4] = {
        {&order_entity},
        {&delivery_entity, &dispatch_entity},
        {&inventory_entity, &movement_entity, &taking_entity}};
static const struct reaction *const policies[SERVICES] = {order_policy, delivery_policy,
                                                          product_policy};
static const char *const names[SERVICES] = {"order", "delivery", "product"};

static struct {
        char directory[64], log[100];
        struct arena *arena;
        struct config *config;
        struct bus *publisher;
        int64_t markers;
        struct service {
                struct store *store;
                struct inbox *inbox;
                struct relay *relay;
                struct metrics *metrics;
                struct reaction reactions[REACTIONS];
        } services[SERVICES];
} mall;

static _Atomic uint32_t met;

/* The marker after the input's records: a service that reads it has passed all of them. */
static void meet(struct unit *unit, const struct event *event)
{
        (void)unit, (void)event;
        atomic_fetch_add(&met, 1);
        futex_word_wake(&met);
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *f)
{
        (void)s, (void)kind, (void)f;
        return remove(path);
}

static void clean_up(void)
{
        nftw(mall.directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct bus_config bus_of(struct metrics *metrics)
{
        snprintf(mall.log, sizeof mall.log, "log:%s/mall.log", mall.directory);
        return (struct bus_config){.url = mall.log, .client = "fuzz", .metrics = metrics};
}

static void service_open(int i)
{
        struct service *s = &mall.services[i];
        char url[100];
        struct store_config store = {.url = url,
                                     .service = names[i],
                                     .entities = entities[i],
                                     .readers = 1,
                                     .config = mall.config,
                                     .value_max = BUS_VALUE_MAX,
                                     .record_max = BUS_RECORD_MAX};
        struct inbox_config inbox = {.group = names[i], .reactions = s->reactions};
        struct error e = {0};
        size_t count = 0;

        snprintf(url, sizeof url, "sqlite:%s/%s.db", mall.directory, names[i]);
        while (policies[i][count].type) {
                s->reactions[count] = policies[i][count];
                count++;
        }
        s->reactions[count] = (struct reaction){"Marker", meet};
        s->metrics = inbox.metrics = metrics_open();
        s->store = inbox.store = store_open(&store, &e);
        fuzz_must(s->store, "%s", e.text);
        s->relay = relay_open(&(struct relay_config){.store = s->store,
                                                     .bus = bus_of(s->metrics),
                                                     .metrics = s->metrics},
                              &e);
        fuzz_must(s->relay, "%s", e.text);
        inbox.bus = bus_of(s->metrics);
        s->inbox = inbox_open(&inbox, &e);
        fuzz_must(s->inbox, "%s", e.text);
}

static void mall_open(void)
{
        struct bus_config bus;
        struct error e = {0};

        snprintf(mall.directory, sizeof mall.directory, "%s/mall-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        fuzz_must(mkdtemp(mall.directory), "%s", mall.directory);
        bus = bus_of(NULL);
        mall.publisher = bus_open_publisher(&bus, &e);
        fuzz_must(mall.publisher, "%s", e.text);
        for (int i = 0; i < SERVICES; i++)
                service_open(i);
}

static void mall_close(void)
{
        for (int i = 0; i < SERVICES; i++) {
                inbox_close(&mall.services[i].inbox, 2000);
                relay_close(&mall.services[i].relay, 2000);
                store_close(&mall.services[i].store);
                metrics_close(&mall.services[i].metrics);
        }
        bus_close(&mall.publisher, 2000);
        clean_up();
}

/* ---- the records ---- */

static void read_header(struct arena *arena, char *line, struct record *r,
                        struct record_header *headers)
{
        char *colon = strstr(line, ": ");

        if (!colon || r->header_count == HEADERS)
                return;
        *colon = '\0';
        if (strcmp(line, "key") == 0) {
                r->key = arena_string(arena, colon + 2);
                r->key_len = strlen(r->key);
        } else {
                headers[r->header_count++] = (struct record_header){
                        line + (*line == '-'), *line == '-' ? NULL : colon + 2, strlen(colon + 2)};
        }
}

static void read_record(struct arena *arena, const struct fuzz_piece *piece, struct record *r)
{
        struct record_header *headers = arena_alloc(arena, HEADERS * sizeof *headers);
        const char *at = piece->at, *end = piece->at + piece->len;
        char *line;

        *r = (struct record){.headers = headers};
        while ((line = fuzz_line(arena, &at, end)) && *line)
                read_header(arena, line, r, headers);
        r->value = at < end ? at : NULL;
        r->value_len = (size_t)(end - at);
}

static void marker(struct arena *arena, struct record *r)
{
        struct record_header *h = arena_alloc(arena, 3 * sizeof *h);
        const char *id = arena_printf(arena, "%lld", (long long)++mall.markers);

        h[0] = (struct record_header){"ce_type", "Marker", 6};
        h[1] = (struct record_header){"ce_source", "/fuzz", 5};
        h[2] = (struct record_header){"ce_id", id, strlen(id)};
        *r = (struct record){.value = "{\"eventType\":\"Marker\"}",
                             .value_len = 22,
                             .headers = h,
                             .header_count = 3};
}

static void publish(struct record *records, size_t count)
{
        struct error e = {0};

        bus_publish(mall.publisher, records, count, PATIENCE_US / 1000,
                    &e); /* refused records do not matter */
}

static void wait_for_markers(void)
{
        int64_t end = clock_mono_us() + PATIENCE_US;
        uint32_t now;

        while ((now = atomic_load(&met)) < SERVICES) {
                fuzz_must(clock_mono_us() < end,
                          "an event is in the way of those after it: %u of %d have passed", now,
                          SERVICES);
                futex_word_wait(&met, now, 100000);
        }
}

/* ---- what holds ---- */

static void check_metrics(struct arena *arena, struct metrics *metrics)
{
        struct text out = text_open(arena, 10000);
        int series = 0;

        metrics_prometheus(metrics, false, &out);
        fuzz_must(utf8_is_valid(out.at, out.len), "metrics that are no UTF-8");
        for (const char *p = out.at; (p = strstr(p, "{event_type=\"")); p++)
                series += p - out.at < 7 || memcmp(p - 7, "_bucket", 7) != 0;
        fuzz_must(series <= SERIES_MOST, "%d series of event types", series);
}

static void check_stock(struct arena *arena, struct store *store)
{
        struct page page = {.number = 0, .size = 20};
        struct db *db = store_read_begin(store);
        struct error e = {0};
        void *rows[20];
        size_t count;

        fuzz_must(table_page(db, store_table(store, &inventory_entity), &page, arena, rows, &count,
                             &e),
                  "%s", e.text);
        store_read_end(store, db);
        for (size_t i = 0; i < count; i++) {
                const struct inventory *inventory = rows[i];

                fuzz_must(!inventory->stock.known || inventory->stock.value >= 0, "a stock of %lld",
                          (long long)inventory->stock.value);
        }
}

static void wait_for_outbox(struct store *store)
{
        int64_t end = clock_mono_us() + PATIENCE_US;

        while (outbox_pending(store)) {
                fuzz_must(clock_mono_us() < end, "an outbox does not get onto the log");
                usleep(200);
        }
}

static void add_stock(struct unit *unit, void *arg)
{
        struct inventory *row = unit_new(unit, &inventory_entity);

        (void)arg;
        row->product_id = "1001";
        row->stock = (struct nullable_int){true, 5};
        unit_add(unit, &inventory_entity, row);
}

static void stock_up(void)
{
        struct arena *arena = arena_open();
        struct error e = {0};

        fuzz_must(store_run(mall.services[2].store, add_stock, NULL, arena, &e), "%s", e.text);
        arena_close(&arena);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        static const struct setting own[] = {{.name = "oversell",
                                              .type = SETTING_CHOICE,
                                              .fallback = "refuse",
                                              .choices = "refuse|allow"},
                                             {.name = NULL}};
        static char *none[] = {NULL}, program[] = "fuzz", *arguments[] = {program, NULL};
        struct error e = {0};

        (void)argc, (void)argv;
        log_open("fuzz", true, LOG_ERROR + 1);
        mall.arena = arena_open();
        mall.config = config_open(settings_of(8080, own, mall.arena), 1, arguments, none, &e);
        mall_open();
        stock_up();
        atexit(clean_up);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static int inputs;
        struct arena *arena = arena_open();
        const char *at = (const char *)data, *end = at + size;
        struct record records[RECORDS + 1];
        size_t count = 0;

        if (++inputs % INPUTS == 0) {
                mall_close();
                mall_open();
                stock_up();
        }
        while (at < end && count < RECORDS) {
                struct fuzz_piece piece = fuzz_next(arena, &at, end, VALUE_MOST);

                read_record(arena, &piece, &records[count++]);
        }
        marker(arena, &records[count++]);
        atomic_store(&met, 0);
        publish(records, count);
        wait_for_markers();
        for (int i = 0; i < SERVICES; i++) {
                wait_for_outbox(mall.services[i].store);
                check_metrics(arena, mall.services[i].metrics);
        }
        check_stock(arena, mall.services[2].store);
        arena_close(&arena);
        return 0;
}
