/* audit - do the books of a mall at rest balance? What is checked: audit/balance.h. */
#include "mallctl/command.h"

#include "audit/audit.h"
#include "audit/topic.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/redact.h"
#include "mallctl/flags.h"
#include "mallctl/reports.h"
#include "service/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_BALANCED, EXIT_OFFENCES, EXIT_UNCHECKED = 3 }; /* 2: flags.h */

enum { AGAIN_MS = 1000 };

static const struct setting settings[] = {
        {"order", SETTING_TEXT, "http://localhost:8081", .help = "where order is"},
        {"delivery", SETTING_TEXT, "http://localhost:8082", .help = "where delivery is"},
        {"product", SETTING_TEXT, "http://localhost:8083", .help = "where product is"},
        {"bus", SETTING_TEXT, NULL, .spring = "MALL_BUS_URL",
         .help = "their bus, log:PATH or kafka://HOST:PORT/TOPIC: reads its events too"},
        {"bus-properties", SETTING_TEXT, NULL,
         .help = "Kafka: the file of librdkafka's properties that the daemons have, for TLS and "
                 "SASL"},
        {.name = "memory",
         .type = SETTING_SIZE,
         .fallback = "1GiB",
         .help = "how much of the services' rows and of the events is held at most; some 20 "
                 "million rows",
         .least = 1 << 20,
         .most = INT64_C(1) << 40},
        {"settle", SETTING_DURATION, "0s",
         .help = "how long to audit again, every second, until all balances"},
        {"reports", SETTING_TEXT, NULL,
         .help = "a directory: what the audit says is kept there too, in a file with its time"},
        {.name = "keep",
         .type = SETTING_NUMBER,
         .fallback = "30",
         .help = "so many reports stay there",
         .least = 1,
         .most = 100000},
        {NULL},
};

static const char usage[] =
        "usage: mallctl audit [FLAG VALUE]...\n\n"
        "Reads the orders, deliveries, inventories and movements over HTTP and says, a line each, "
        "what does not balance.\n"
        "The mall should be at rest: what changes meanwhile can look like an offence. Where a "
        "service is another's, as Spring's, it\n"
        "checks what there is and says what not. Exit 0: all was checked and balances; 1: "
        "something does not, or could not be read;\n"
        "2: not understood; 3: what could be checked balances, the rest was named.\n";

/* ---- one audit ---- */

struct audit {
        struct arena *arena;
        struct audit_report report;
        struct error error; /* it could not be read */
        bool done;
};

static struct audit audit(const struct audit_places *places)
{
        struct audit a = {.arena = arena_open()};

        a.done = audit_run(places, a.arena, &a.report, &a.error);
        return a;
}

static void print_summary(FILE *out, const struct audit_report *r, struct arena *arena)
{
        const char *good = r->unchecked_count ? "balanced, as far as it was checked" : "balanced";

        fprintf(out, "audit: %s, %s, %s", verdict_count(arena, r->orders, "order", "orders"),
                verdict_count(arena, r->deliveries, "delivery", "deliveries"),
                verdict_count(arena, r->products, "product", "products"));
        if (r->has_movements)
                fprintf(out, ", %s", verdict_count(arena, r->movements, "movement", "movements"));
        if (r->has_events)
                fprintf(out, ", %s", verdict_count(arena, r->events, "event", "events"));
        fprintf(out, ": %s\n",
                r->offences ? verdict_count(arena, r->offences, "offence", "offences") : good);
}

static int print(FILE *out, const struct audit *a)
{
        const struct audit_report *r = &a->report;

        if (!a->done) {
                fprintf(out == stdout ? stderr : out, "mallctl: %s\n", a->error.text);
                return EXIT_OFFENCES;
        }
        for (size_t i = 0; i < r->told_count; i++)
                fprintf(out, "%s\n", r->told[i].text);
        for (size_t i = 0; i < r->unchecked_count; i++)
                fprintf(out, "not checked: %s\n", r->unchecked[i]);
        if (r->unreadable)
                fprintf(out, "on the topic, and nobody's event: %s (mallctl dead list)\n",
                        verdict_count(a->arena, r->unreadable, "record", "records"));
        print_summary(out, r, a->arena);
        if (r->offences)
                return EXIT_OFFENCES;
        return r->unchecked_count ? EXIT_UNCHECKED : EXIT_BALANCED;
}

/* Says it, and keeps it where `reports` is a directory. */
static int print_and_keep(const struct audit *a, const char *reports, size_t keep)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = reports ? open_memstream(&text, &len) : NULL;
        struct error e;
        int code = print(stdout, a);

        if (!reports)
                return code;
        if (!out || (print(out, a), fclose(out)))
                error_set(&e, ERROR_INTERNAL, "there is no memory left for the report");
        else if (reports_keep(reports, text, len, keep, &e)) {
                free(text);
                return code;
        }
        free(text);
        fprintf(stderr, "mallctl: %s\n", e.text);
        return EXIT_OFFENCES;
}

static int audit_until(const struct audit_places *places, const struct config *config)
{
        int64_t settle_ms = config_number(config, "settle");
        int64_t end = clock_mono_us() + settle_ms * 1000, rest;
        struct audit a = audit(places);
        int code;

        while ((!a.done || a.report.offences) && (rest = end - clock_mono_us()) > 0) {
                usleep((useconds_t)(rest < AGAIN_MS * 1000 ? rest : AGAIN_MS * 1000));
                arena_close(&a.arena);
                a = audit(places);
        }
        code = print_and_keep(&a, config_text(config, "reports"),
                              (size_t)config_number(config, "keep"));
        arena_close(&a.arena);
        return code;
}

/* ---- what was asked for ---- */

static bool take_service(const struct config *config, const char *name, struct arena *arena,
                         const char **place, struct error *error)
{
        const char *url = config_text(config, name);
        size_t len = strlen(url);
        char shown[REDACTED];

        if (!fetch_base_is_right(url))
                return error_set(error, ERROR_BAD_INPUT, "--%s=%s: expected http://HOST:PORT", name,
                                 redact(url, shown));
        while (url[len - 1] == '/')
                len--;
        *place = arena_copy(arena, url, len);
        return true;
}

static bool take_places(const struct config *config, struct arena *arena,
                        struct audit_places *places, struct error *error)
{
        if (config_arguments(config)[0])
                return error_set(error, ERROR_BAD_INPUT, "audit takes flags only, not %.100s",
                                 config_arguments(config)[0]);
        places->memory = (size_t)config_number(config, "memory");
        places->bus = config_text(config, "bus");
        places->bus_properties = config_text(config, "bus-properties");
        return take_service(config, "order", arena, &places->services.order, error) &&
               take_service(config, "delivery", arena, &places->services.delivery, error) &&
               take_service(config, "product", arena, &places->services.product, error) &&
               (!places->bus || topic_url_is_right(places->bus, error));
}

static int run(const struct config *config)
{
        struct arena *arena = arena_open();
        struct audit_places places = {0};
        struct error e;
        int code;

        curl_global_init(CURL_GLOBAL_NOTHING); /* no TLS here */
        code = take_places(config, arena, &places, &e) ? audit_until(&places, config)
                                                       : flags_misunderstood("audit", e.text);
        curl_global_cleanup();
        arena_close(&arena);
        return code;
}

int audit_main(char **arguments)
{
        return flags_main("audit", settings, usage, run, arguments);
}
