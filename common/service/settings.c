#include "service/settings.h"

#include <string.h>

static const struct setting common_settings[] = {
        {"profile", SETTING_TEXT, "default", NULL, "SPRING_PROFILES_ACTIVE",
         "default or docker, which changes the defaults in brackets"},
        {"address", SETTING_TEXT, "0.0.0.0", NULL, "SERVER_ADDRESS", "address to listen on"},
        {"port", SETTING_NUMBER, NULL, "8080", "SERVER_PORT",
         "port to listen on; 0: any free one, logged at start", 0, 65535},
        {"pod", SETTING_TEXT, NULL, NULL, NULL,
         "the name of this process among its replicas, in X-Served-By and in its events; unset: "
         "NAME-PORT, under docker the container's HOSTNAME"},
        {"management-port", SETTING_NUMBER, NULL, NULL, "MANAGEMENT_SERVER_PORT",
         "port of its own for /actuator; unset: it is on the main port", 0, 65535},
        {"admin-port", SETTING_NUMBER, NULL, NULL, NULL,
         "port where faults to practise with are switched on (docs/faults.md); 0: any free one, "
         "logged at start; unset: there is none, and nothing fails on purpose",
         0, 65535},
        {"admin-address", SETTING_TEXT, "127.0.0.1", NULL, NULL,
         "address of the admin port; whoever reaches it can make the daemon fail"},
        {"admin-token-file", SETTING_TEXT, NULL, NULL, NULL,
         "file with the token that the admin port asks for (Authorization: Bearer TOKEN), read at "
         "start; unset: it asks for none"},
        {"data-dir", SETTING_TEXT, "data", "/data", NULL,
         "directory of the store and the embedded log"},
        {"log", SETTING_CHOICE, "json", NULL, NULL, "log lines as JSON (ECS) or as text for people",
         .choices = "json|text"},
        {"log-level", SETTING_CHOICE, "info", NULL, NULL,
         "least level that is logged; access lines are info, those of probes and scrapes debug",
         .choices = "debug|info|warn|error"},
        {"drain", SETTING_DURATION, "0s", "5s", NULL,
         "how long a daemon told to stop still accepts while it says it is not ready", 0, 20000},
        {"threads", SETTING_NUMBER, "2", NULL, NULL, "HTTP threads", 1, 64},
        {"max-connections", SETTING_NUMBER, "2000", NULL, NULL,
         "connections at a time; more wait to be accepted, and an idle one is closed for them", 1,
         100000},
        {"max-client-connections", SETTING_NUMBER, "0", NULL, NULL,
         "connections of one address at a time, more are closed; 0: any number; behind a load "
         "balancer all have its address",
         0, 100000},
        {"max-target", SETTING_SIZE, "8KiB", NULL, NULL, "longest request target (414)", 64, 65536},
        {"max-header", SETTING_SIZE, "12KiB", NULL, NULL, "largest header block (431)", 1024,
         262144},
        {"max-fields", SETTING_NUMBER, "100", NULL, NULL, "most header fields (431)", 8, 1000},
        {"max-request-memory", SETTING_SIZE, "32MiB", NULL, NULL,
         "request bodies and what is made of them, of all requests under way together, an eighth "
         "kept for those that take less than 16 KiB; what is more is 503 with Retry-After",
         1048576, 68719476736},
        {"header-timeout", SETTING_DURATION, "10s", NULL, NULL,
         "a request's header must be there by then", 100, 3600000},
        {"body-timeout", SETTING_DURATION, "60s", NULL, NULL,
         "a request's body must be there by then", 100, 3600000},
        {"trusted-proxies", SETTING_TEXT,
         "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,fe80::/10", NULL,
         NULL, "peers whose X-Forwarded-* are believed, as CIDR list; none: nobody's"},
        {"otel-exporter-otlp-endpoint", SETTING_TEXT, NULL, NULL, NULL,
         "where traces go, http://collector:4318, by OTLP over HTTP; /v1/traces is appended; "
         "unset: "
         "there are none"},
        {"otel-exporter-otlp-traces-endpoint", SETTING_TEXT, NULL, NULL, NULL,
         "the same as the whole URL, and stronger"},
        {"otel-exporter-otlp-headers", SETTING_TEXT, NULL, NULL, NULL,
         "fields of each request to the collector, NAME=VALUE[,NAME=VALUE], percent-encoded"},
        {"otel-exporter-otlp-traces-headers", SETTING_TEXT, NULL, NULL, NULL,
         "the same, and stronger"},
        {"otel-exporter-otlp-timeout", SETTING_TEXT, "10000", NULL, NULL,
         "for the collector's answer, milliseconds"},
        {"otel-exporter-otlp-traces-timeout", SETTING_TEXT, NULL, NULL, NULL,
         "the same, and stronger"},
        {"otel-exporter-otlp-compression", SETTING_TEXT, "none", NULL, NULL,
         "of requests to the collector: gzip or none"},
        {"otel-exporter-otlp-traces-compression", SETTING_TEXT, NULL, NULL, NULL,
         "the same, and stronger"},
        {"otel-exporter-otlp-protocol", SETTING_TEXT, "http/json", NULL, NULL,
         "only http/json is there; with another value it is used, too, and a warning says so"},
        {"otel-exporter-otlp-traces-protocol", SETTING_TEXT, NULL, NULL, NULL,
         "the same, and stronger"},
        {"otel-traces-sampler", SETTING_TEXT, "parentbased_always_on", NULL, NULL,
         "which traces are recorded: always_on, always_off, traceidratio, and parentbased_ before "
         "each of them"},
        {"otel-traces-sampler-arg", SETTING_TEXT, NULL, NULL, NULL,
         "of traceidratio: the part that is recorded, 0 to 1; unset: 1"},
        {"otel-service-name", SETTING_TEXT, NULL, NULL, NULL,
         "the service's name in traces; unset: service.name of OTEL_RESOURCE_ATTRIBUTES, else the "
         "daemon's"},
        {"otel-resource-attributes", SETTING_TEXT, NULL, NULL, NULL,
         "what traces say of this process beside that, KEY=VALUE[,KEY=VALUE], percent-encoded"},
        {"otel-sdk-disabled", SETTING_TEXT, "false", NULL, NULL, "true: no traces"},
        {"otel-bsp-schedule-delay", SETTING_TEXT, "5000", NULL, NULL,
         "how long spans wait for more of them before they are sent, milliseconds"},
        {"otel-bsp-max-queue-size", SETTING_TEXT, "2048", NULL, NULL,
         "spans that wait; more are dropped and counted"},
        {"otel-bsp-max-export-batch-size", SETTING_TEXT, "512", NULL, NULL,
         "most spans of one request to the collector"},
        {"otel-bsp-export-timeout", SETTING_TEXT, "30000", NULL, NULL,
         "how long a batch is tried again, milliseconds"},
        {"describe", SETTING_SWITCH, NULL, NULL, NULL,
         "show what it is as JSON (port, collections, events, settings) and exit"},
        {NULL},
};

enum { COMMON = sizeof common_settings / sizeof *common_settings - 1 };

static struct setting *setting_named(struct setting *settings, const char *name)
{
        for (; settings->name; settings++)
                if (strcmp(settings->name, name) == 0)
                        return settings;
        return NULL;
}

const struct setting *settings_of(int port, const struct setting *own, struct arena *arena)
{
        size_t count = 0, end = COMMON;
        struct setting *all;

        while (own && own[count].name)
                count++;
        all = arena_alloc(arena, (COMMON + count + 1) * sizeof *all);
        memcpy(all, common_settings, COMMON * sizeof *all);
        for (size_t i = 0; i < count; i++) {
                struct setting *common = setting_named(all, own[i].name);

                *(common ? common : &all[end++]) = own[i];
        }
        for (struct setting *s = all; s->name; s++)
                if (strcmp(s->name, "port") == 0)
                        s->fallback = arena_printf(arena, "%d", port);
        return all;
}
