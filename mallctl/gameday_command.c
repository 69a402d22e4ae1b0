/* gameday - breaks a mall by plan, under load, and says whether it stood that. */
#include "mallctl/command.h"

#include "audit/topic.h"
#include "mallctl/flags.h"
#include "mallctl/gameday_plan.h"
#include "mallctl/gameday_run.h"
#include "mallctl/interrupt.h"
#include "mallctl/names.h"
#include "mallctl/reach.h"
#include "mallctl/services.h"
#include "service/fetch.h"
#include "service/roll_call.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USUAL_LOG "data/mall.log"

enum { EXIT_NOT_CHECKED = 3, LONGEST_PRODUCT = 100, MOST_PLACES = 64 };

static const struct setting settings[] = {
        REACH_SETTINGS,
        {"gateway", SETTING_TEXT, "http://localhost:8088", .help = "where the orders go"},
        {"order", SETTING_TEXT, "http://localhost:8081", .help = "where order is"},
        {"delivery", SETTING_TEXT, "http://localhost:8082", .help = "where delivery is"},
        {"product", SETTING_TEXT, "http://localhost:8083", .help = "where product is"},
        {"actuators", SETTING_TEXT, NULL,
         .help = "where else metrics are, NAME=http://HOST:PORT,...: those of the gateway; all of "
                 "a "
                 "service's places, instead of the one above"},
        {"bus", SETTING_TEXT, NULL, .spring = "MALL_BUS_URL",
         .help = "their bus, log:PATH or kafka://HOST:PORT/TOPIC: the audit reads its events too; "
                 "unset: "
                 "log:" USUAL_LOG " where that is, and no place is named"},
        {"bus-properties", SETTING_TEXT, NULL,
         .help = "Kafka: the file of librdkafka's properties that the daemons have"},
        {.name = "memory",
         .type = SETTING_SIZE,
         .fallback = "1GiB",
         .help = "how much of the services' rows and of the events the audit holds at most",
         .least = 1 << 20,
         .most = INT64_C(1) << 40},
        {"product-id", SETTING_TEXT, NULL,
         .help = "orders this product, which has stock enough; unset: one is made"},
        {"shorten", SETTING_TEXT, "1",
         .help = "divides all times of the file, except delays and the time to settle"},
        {.name = "plan",
         .type = SETTING_CHOICE,
         .fallback = "no",
         .choices = "no|yes",
         .help = "only shows what FILE would do"},
        {NULL},
};

static const char usage[] =
        "usage: mallctl gameday FILE [FLAG VALUE]...\n\n"
        "Places orders, switches the faults of FILE on at their times, waits until the mall has "
        "settled, and judges it by its metrics and\n"
        "its books. Its faults end by themselves; Ctrl-C ends them at once. deploy/gamedays has "
        "such files. Exit 0: the mall stood it;\n"
        "1: it did not, and what; 2: not understood; 3: something could not be checked.\n";

/* ---- what was asked for ---- */

struct wanted {
        const struct config *config;
        struct arena *arena;
        struct gameday *day;
        struct gameday_mall mall;
};

static bool take_url(struct wanted *w, const char *name, const char **url, struct error *error)
{
        const char *text = config_text(w->config, name);
        size_t len = strlen(text);

        if (!fetch_base_is_right(text))
                return error_set(error, ERROR_BAD_INPUT, "--%s: expected http://HOST:PORT", name);
        while (text[len - 1] == '/')
                len--;
        *url = arena_copy(w->arena, text, len);
        return len < 200 || error_set(error, ERROR_BAD_INPUT, "--%s is too long", name);
}

/* The embedded log is where it is in the source tree, if the mall is too: another mall's books must
   not be compared with it. */
static const char *usual_bus(const struct config *config)
{
        static const char *const places[] = {"gateway",   "order",    "delivery", "product",
                                             "namespace", "selector", NULL};

        for (const char *const *p = places; *p; p++)
                if (config_is_set(config, *p))
                        return NULL;
        return access(USUAL_LOG, R_OK) == 0 ? "log:" USUAL_LOG : NULL;
}

static bool take_books(struct wanted *w, struct error *error)
{
        struct audit_places *books = &w->mall.books;

        books->bus = config_text(w->config, "bus");
        if (!books->bus)
                books->bus = usual_bus(w->config);
        books->bus_properties = config_text(w->config, "bus-properties");
        books->memory = (size_t)config_number(w->config, "memory");
        books->stop = interrupt_flag();
        return take_url(w, "gateway", &w->mall.gateway, error) &&
               take_url(w, "order", &books->services.order, error) &&
               take_url(w, "delivery", &books->services.delivery, error) &&
               take_url(w, "product", &books->services.product, error) &&
               (!books->bus || topic_url_is_right(books->bus, error));
}

static bool has_actuator(const struct gameday_mall *m, const char *service)
{
        for (size_t i = 0; i < m->actuator_count; i++)
                if (strcmp(m->actuators[i].service, service) == 0)
                        return true;
        return false;
}

static bool take_actuators(struct wanted *w, struct error *error)
{
        const struct books_places *own = &w->mall.books.services;
        const struct gameday_place usual[] = {
                {"order", own->order}, {"delivery", own->delivery}, {"product", own->product}};
        struct gameday_place *all = arena_alloc(w->arena, MOST_PLACES * sizeof *all);
        const char *list = config_text(w->config, "actuators");
        const struct place *places = places_read(w->arena, list ? list : "", 0, error);
        size_t count = 0;

        for (; places && places[count].name && count < MOST_PLACES - 3; count++)
                all[count] = (struct gameday_place){places[count].name, places[count].url};
        w->mall.actuators = all;
        w->mall.actuator_count = count;
        for (size_t i = 0; i < 3; i++)
                if (!has_actuator(&w->mall, usual[i].service))
                        all[w->mall.actuator_count++] = usual[i];
        return places;
}

static bool take_shorten(struct wanted *w, struct error *error)
{
        const char *text = config_text(w->config, "shorten");
        char *end;
        double by = strtod(text, &end);

        if (end == text || *end || !(by >= 1 && by <= 1000))
                return error_set(error, ERROR_BAD_INPUT, "--shorten is a number from 1 to 1000");
        gameday_shorten(w->day, by);
        return true;
}

static const char *actuators_hint(const struct wanted *w, const char *service)
{
        const char **known = arena_alloc(w->arena, (w->mall.actuator_count + 1) * sizeof *known);

        for (size_t i = 0; i < w->mall.actuator_count; i++)
                known[i] = w->mall.actuators[i].service;
        return names_hint(w->arena, service, known);
}

static bool checks_have_places(const struct wanted *w, struct error *error)
{
        for (size_t i = 0; i < w->day->check_count; i++) {
                const struct gameday_check *c = &w->day->checks[i];

                if (c->service && !has_actuator(&w->mall, c->service))
                        return error_set(error, ERROR_BAD_INPUT,
                                         "%.100s:%d: nobody knows where %.60s shows its metrics "
                                         "(--actuators)%.120s",
                                         w->day->file, c->line, c->service,
                                         actuators_hint(w, c->service));
        }
        return true;
}

static bool read_command(struct wanted *w, struct error *error)
{
        const char *const *words = config_arguments(w->config);
        const char *product = config_text(w->config, "product-id");

        if (!words[0])
                return error_set(error, ERROR_BAD_INPUT, "which FILE? deploy/gamedays has some");
        if (words[1])
                return error_set(error, ERROR_BAD_INPUT, "one FILE at a time, not %.60s too",
                                 words[1]);
        if (product && (!*product || strlen(product) > LONGEST_PRODUCT))
                return error_set(error, ERROR_BAD_INPUT, "--product-id has 1 to %d bytes",
                                 LONGEST_PRODUCT);
        w->mall.product = product;
        w->day = gameday_read(w->arena, words[0], error);
        return w->day && take_shorten(w, error) && take_books(w, error) &&
               take_actuators(w, error) && checks_have_places(w, error);
}

/* ---- the command ---- */

static int failed(const struct error *e)
{
        if (e->kind == ERROR_BAD_INPUT)
                return flags_misunderstood("gameday", e->text);
        fprintf(stderr, "mallctl: %s\n", e->text);
        return EXIT_NOT_CHECKED;
}

/* A fault that misses a pod is another game day. */
static bool all_reached(const struct reach *r, struct error *error)
{
        return !r->missing ||
               error_set(error, ERROR_UNAVAILABLE, "not all pods can be reached; nothing was done");
}

static int run_wanted(struct wanted *w)
{
        struct reach reach = {0};
        struct error e = {0};
        int code;

        w->mall.admin = admin_open(config_text(w->config, "token-file"), interrupt_flag(), &e);
        if (w->mall.admin && reach_open(&reach, w->config, w->arena, &e) &&
            all_reached(&reach, &e)) {
                w->mall.listeners = reach.listeners;
                w->mall.listener_count = reach.count;
                code = gameday_run(w->day, &w->mall, w->arena);
        } else {
                code = failed(&e);
        }
        reach_close(&reach);
        admin_close(&w->mall.admin);
        return code;
}

/* Asks nobody: on a cluster it cannot know the services. */
static int plan_wanted(struct wanted *w)
{
        bool on_cluster = config_text(w->config, "namespace") || config_text(w->config, "selector");
        struct reach reach = {0};
        struct error e = {0};

        if (!on_cluster &&
            (!reach_open(&reach, w->config, w->arena, &e) ||
             !gameday_plan_has_places(w->day, reach.listeners, reach.count, w->arena, &e)))
                return failed(&e);
        reach_close(&reach);
        gameday_plan_print(w->day, w->mall.books.bus, w->arena);
        return 0;
}

static int run(const struct config *config)
{
        struct wanted w = {.config = config, .arena = arena_open()};
        struct error e = {0};
        int code = 0;

        interrupt_watch();
        curl_global_init(CURL_GLOBAL_NOTHING); /* no TLS here */
        if (!read_command(&w, &e))
                code = failed(&e);
        else if (flags_yes(config, "plan"))
                code = plan_wanted(&w);
        else
                code = run_wanted(&w);
        curl_global_cleanup();
        arena_close(&w.arena);
        return code;
}

int gameday_main(char **arguments)
{
        static char plan[] = "--plan=yes";
        static const struct flags_bare bare[] = {REACH_BARE, {"--plan", plan}, {NULL, NULL}};

        return flags_main("gameday", settings, usage, run, flags_bare(arguments, bare));
}
