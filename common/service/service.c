#include "service/service.h"

#include "base/breaker.h"
#include "base/clock.h"
#include "base/faults.h"
#include "base/log.h"
#include "data/db.h"
#include "data/figures.h"
#include "event/inbox.h"
#include "event/relay.h"
#include "service/build.h"
#include "service/daemon.h"
#include "service/inquiry.h"
#include "service/resource.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* of store and bus */
static const uint32_t fault_kinds =
        1U << FAULT_SLOW_DISK | 1U << FAULT_REFUSED_COMMIT | 1U << FAULT_PUBLISH_DELAY |
        1U << FAULT_PUBLISH_TWICE | 1U << FAULT_PUBLISH_GARBAGE | 1U << FAULT_CONSUME_DELAY |
        1U << FAULT_CONSUME_TWICE | 1U << FAULT_CONSUME_REORDER | 1U << FAULT_CONSUME_PAUSE;

enum {
        STUCK_MS = 30000,
        LEAVE_MS = 3000,
        LAST_PASS_MS = 4000,
        GATEWAY_KEY_MS = 600000,
        GROUP_PREFIX_MOST = 100,
        STORE_PATIENCE_MS = 30000,
        STORE_AGAIN_MS = 500
};

/* What a running service has. One a process. */
struct parts {
        const struct service *service;
        struct store *store;
        struct figures *figures;
        struct relay *relay;
        struct inbox *inbox;
        char group[GROUP_PREFIX_MOST + 100];
        struct admission *admission;
        struct resources *resources;
};

static const struct setting service_settings[] = {
        {.name = "db-url",
         .type = SETTING_TEXT,
         .help = "the store: sqlite:PATH, or postgresql://USER@HOST/DATABASE, which several "
                 "replicas share (schema NAME); unset: sqlite: and NAME.db in the data directory"},
        {.name = "first-id",
         .type = SETTING_NUMBER,
         .help = "the first id of an empty store, above the ids of the store that it takes over "
                 "from "
                 "(mallctl ids); a store that has given ids is refused, unless it began with this "
                 "one; unset: 1",
         .least = 1,
         .most = (INT64_C(1) << 53) - 1}, /* JSON readers know no larger one exactly */
        {.name = "bus-url",
         .type = SETTING_TEXT,
         .help = "the event bus, log:PATH or kafka://host:port[,host:port]/topic; unset: log: and "
                 "mall.log in the data directory"},
        {.name = "bus-properties",
         .type = SETTING_TEXT,
         .help = "Kafka: a file of librdkafka's properties, NAME=VALUE a line, for TLS and SASL "
                 "(security.protocol, ssl.*, sasl.*)"},
        {.name = "bus-group-prefix",
         .type = SETTING_TEXT,
         .help = "stands before the consumer group NAME, also in its dead letter topic "
                 "error.mall.NAME; for malls that share a cluster"},
        {.name = "topic-partitions",
         .type = SETTING_NUMBER,
         .fallback = "6",
         .help = "Kafka: partitions of the topic where it is not there yet and is made; an order's "
                 "events share one; 1 where a sender gives them no keys, as Spring's order",
         .least = 1,
         .most = 1000},
        {.name = "threads", /* one takes turns with the writer's thread on two processors, where two
                               would wait for each other */
         .type = SETTING_NUMBER,
         .fallback = "1",
         .help = "HTTP threads",
         .least = 1,
         .most = 64},
        {.name = "max-body",
         .type = SETTING_SIZE,
         .fallback = "1MiB",
         .help = "largest request body (413)",
         .least = 1024,
         .most = 16777216},
        {.name = "idempotency-ttl",
         .type = SETTING_DURATION,
         .fallback = "24h",
         .help = "how long the answer to an Idempotency-Key is kept; 10min for keys that the "
                 "gateway made (gw-...)",
         .least = 60000,
         .most = 2592000000},
        {.name = "inbox-retention",
         .type = SETTING_DURATION,
         .fallback = "8d",
         .help = "how long the identities of applied events are kept; longer than the topic keeps "
                 "its records",
         .least = 60000,
         .most = 31536000000},
        {.name = "log-events",
         .type = SETTING_CHOICE,
         .fallback = "off",
         .help = "a log line at info for each event that was applied, with its order's trace: off "
                 "or on; off: at debug",
         .choices = "off|on"},
        {.name = "log-retention",
         .type = SETTING_DURATION,
         .fallback = "7d",
         .help = "embedded log: events older than this, which every group has passed, are dropped",
         .least = 1000,
         .most = 31536000000},
        {.name = NULL},
};

static struct parts *parts_of(struct process *p)
{
        return p->own;
}

static void make_directories(const char *path)
{
        char part[4096];

        snprintf(part, sizeof part, "%s", path);
        for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                mkdir(part, 0755);
                *slash = '/';
        }
        mkdir(part, 0755);
}

/* Makes the directory and notes its absolute path; false when nothing can be written there. */
static bool prepare_data_dir(struct process *p, struct error *error)
{
        const char *wanted = config_text(p->config, "data-dir");
        char real[4096];

        make_directories(wanted); /* realpath fails where this did */
        if (!realpath(wanted, real))
                return error_set(error, ERROR_BAD_INPUT, "MALL_DATA_DIR=%s: %s", wanted,
                                 strerror(errno));
        if (access(real, W_OK | X_OK) != 0)
                return error_set(error, ERROR_BAD_INPUT, "MALL_DATA_DIR=%s: cannot write there: %s",
                                 real, strerror(errno));
        snprintf(p->data_dir, sizeof p->data_dir, "%s", real);
        return true;
}

/* A pod may start before its PostgreSQL. The wait is bounded, so that the failure shows in `kubectl
   describe`. */
static struct store *open_patiently(struct process *p, const struct store_config *config,
                                    struct error *error)
{
        int64_t end = clock_mono_us() + STORE_PATIENCE_MS * 1000LL;
        struct store *store;
        bool told = false;

        while (!(store = store_open(config, error)) && error->kind == ERROR_UNAVAILABLE &&
               db_url_is_shared(config->url) && clock_mono_us() < end &&
               daemon_wait(p, STORE_AGAIN_MS)) {
                if (!told)
                        log_write(LOG_WARN, "the store is away; trying again for 30 s",
                                  "error.message", error->text, NULL);
                told = true;
        }
        return store;
}

static bool store_step(struct process *p, struct error *error)
{
        struct parts *parts = parts_of(p);
        const char *url = config_text(p->config, "db-url");
        char own_url[4300];
        struct store_config config = {
                .service = parts->service->name,
                .entities = parts->service->entities,
                /* beside the HTTP threads: reads that take long, and figures or relay */
                .readers = (int)config_number(p->config, "threads") + 2,
                .config = p->config,
                .first_id = config_number(p->config, "first-id"),
                .value_max = BUS_VALUE_MAX,
                .record_max = BUS_RECORD_MAX,
                .pod = p->pod,
                .version = build_version,
                .faults = p->faults,
        };

        if (!prepare_data_dir(p, error))
                return false;
        snprintf(own_url, sizeof own_url, "sqlite:%s/%s.db", p->data_dir, parts->service->name);
        config.url = url ? url : own_url;
        parts->store = open_patiently(p, &config, error);
        return parts->store != NULL;
}

static void close_store(struct process *p)
{
        store_close(&parts_of(p)->store);
}

static bool figures_step(struct process *p, struct error *error)
{
        struct parts *parts = parts_of(p);

        (void)error;
        parts->figures = figures_open(
                &(struct figures_config){.store = parts->store, .metrics = p->metrics});
        return true;
}

static void close_figures(struct process *p)
{
        figures_close(&parts_of(p)->figures);
}

static struct bus_config bus_config_of(struct process *p, char *own_url, size_t size)
{
        const char *url = config_text(p->config, "bus-url");

        snprintf(own_url, size, "log:%s/mall.log", p->data_dir);
        return (struct bus_config){
                .url = url ? url : own_url,
                .client = p->daemon->name,
                .retention_ms = config_number(p->config, "log-retention"),
                .properties = config_text(p->config, "bus-properties"),
                .partitions = (int)config_number(p->config, "topic-partitions"),
                .metrics = p->metrics,
        };
}

static bool relay_step(struct process *p, struct error *error)
{
        char url[4300];
        struct relay_config config = {.store = parts_of(p)->store,
                                      .bus = bus_config_of(p, url, sizeof url),
                                      .metrics = p->metrics,
                                      .faults = p->faults};

        parts_of(p)->relay = relay_open(&config, error);
        return parts_of(p)->relay != NULL;
}

static void close_relay(struct process *p)
{
        relay_close(&parts_of(p)->relay, LAST_PASS_MS);
}

static bool inbox_step(struct process *p, struct error *error)
{
        struct parts *parts = parts_of(p);
        const char *prefix = config_text(p->config, "bus-group-prefix");
        char url[4300];
        struct inbox_config config = {
                .store = parts->store,
                .bus = bus_config_of(p, url, sizeof url),
                .group = parts->group,
                .reactions = parts->service->reactions,
                .metrics = p->metrics,
                .faults = p->faults,
                .log_events = strcmp(config_text(p->config, "log-events"), "on") == 0,
        };

        if (prefix && (strlen(prefix) > GROUP_PREFIX_MOST || !bus_topic_is_valid(prefix)))
                return error_set(
                        error, ERROR_BAD_INPUT,
                        "MALL_BUS_GROUP_PREFIX=%s: letters, digits, '.', '_' and '-', at most %d",
                        prefix, GROUP_PREFIX_MOST);
        snprintf(parts->group, sizeof parts->group, "%s%s", prefix ? prefix : "",
                 parts->service->name);
        parts->inbox = inbox_open(&config, error);
        return parts->inbox != NULL;
}

static void close_inbox(struct process *p)
{
        inbox_close(&parts_of(p)->inbox, LEAVE_MS);
}

static bool admission_step(struct process *p, struct error *error)
{
        struct parts *parts = parts_of(p);

        error->kind = ERROR_NONE; /* a step before may have failed once and then worked */
        if (parts->service->admission)
                parts->admission = parts->service->admission(p->config, p->metrics, error);
        return error->kind == ERROR_NONE;
}

static void close_admission(struct process *p)
{
        struct admission *admission = parts_of(p)->admission;

        if (admission)
                admission->close(admission);
}

static bool http_step(struct process *p, struct error *error)
{
        struct parts *parts = parts_of(p);
        struct http_handler handler = {resources_handle, resources_finish, NULL};

        parts->resources =
                resources_open(parts->store, parts->service->name, parts->service->summary,
                               parts->service->entities, p->config);
        parts->resources->list[0].admission = parts->admission;
        handler.arg = parts->resources;
        if (daemon_listen(p, &handler, error))
                return true;
        resources_close(&parts->resources);
        return false;
}

static void close_http(struct process *p)
{
        daemon_hang_up(p);
        resources_close(&parts_of(p)->resources);
}

static const struct step steps[] = {
        {"store", store_step, close_store},
        {"figures", figures_step, close_figures},
        {"relay", relay_step, close_relay},
        {"inbox", inbox_step, close_inbox},
        {"admission", admission_step, close_admission},
        {"http", http_step, close_http},
        {NULL, NULL, NULL},
};

static bool is_alive(struct process *p)
{
        return store_busy_ms(parts_of(p)->store) < STUCK_MS;
}

static bool is_well(struct process *p)
{
        return store_is_well(parts_of(p)->store);
}

static bool is_whole(struct process *p, char why[256])
{
        return inbox_is_well(parts_of(p)->inbox, why);
}

/* A store that failed is probed again here: a pod that is not ready gets no requests, which would
   show that the store works again. */
static void each_second(struct process *p, int64_t second)
{
        struct store *store = parts_of(p)->store;

        if (!store_is_well(store))
                store_probe(store);
        else if (second % 60 == 0)
                store_purge(store, config_number(p->config, "idempotency-ttl"), GATEWAY_KEY_MS,
                            config_number(p->config, "inbox-retention"));
}

int service_main(const struct service *service, int argc, char **argv)
{
        enum { MOST = 24 };
        const struct metric_family *const families[] = {
                relay_families,
                inbox_families,
                bus_families,
                store_families,
                service->admission ? inquiry_families : NULL,
                service->admission ? breaker_families : NULL,
                NULL};
        struct setting settings[MOST + 1] = {{.name = NULL}};
        struct parts parts = {.service = service};
        size_t count = 0;
        struct daemon daemon = {
                .name = service->name,
                .summary = service->summary,
                .port = service->port,
                .settings = settings,
                .entities = service->entities,
                .reactions = service->reactions,
                .says = service->says,
                .metrics = families,
                .steps = steps,
                .fault_kinds = fault_kinds,
                .is_alive = is_alive,
                .is_well = is_well,
                .is_whole = is_whole,
                .each_second = each_second,
        };

        for (const struct setting *s = service_settings; s->name && count < MOST; s++)
                settings[count++] = *s;
        for (const struct setting *s = service->settings; s && s->name && count < MOST; s++)
                settings[count++] = *s;
        return daemon_main(&daemon, &parts, argc, argv);
}
