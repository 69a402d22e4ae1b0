/* gameday - breaks a mall by plan, under load, and says whether it stood that. */
#include "mallctl/command.h"

#include "audit/topic.h"
#include "mallctl/flags.h"
#include "mallctl/gameday_plan.h"
#include "mallctl/gameday_run.h"
#include "mallctl/interrupt.h"
#include "mallctl/names.h"
#include "mallctl/pods.h"
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

enum { EXIT_NOT_CHECKED = 3, LONGEST_PRODUCT = 100, MOST_PLACES = 500 };

static const struct setting settings[] = {
        REACH_SETTINGS,
        {"gateway", SETTING_TEXT, "http://localhost:8088",
         .help = "where the orders go; on a cluster this and the next three are pods of that "
                 "namespace, unless they are said"},
        {"order", SETTING_TEXT, "http://localhost:8081", .help = "where order is"},
        {"delivery", SETTING_TEXT, "http://localhost:8082", .help = "where delivery is"},
        {"product", SETTING_TEXT, "http://localhost:8083", .help = "where product is"},
        {"actuators", SETTING_TEXT, NULL,
         .help = "where else metrics are, NAME=http://HOST:PORT,...: those of the gateway; all of "
                 "a service's places, instead of the one above; on a cluster: those of all pods"},
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
        bool on_cluster;
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

/* Whether the pods tell where the service is, instead of a flag. */
static bool is_by_pod(const struct wanted *w, const char *service)
{
        return w->on_cluster && !config_is_set(w->config, service);
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
                if (!is_by_pod(w, usual[i].service) && !has_actuator(&w->mall, usual[i].service))
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
        w->on_cluster = config_text(w->config, "namespace") || config_text(w->config, "selector");
        w->day = gameday_read(w->arena, words[0], error);
        return w->day && take_shorten(w, error) && take_books(w, error) &&
               take_actuators(w, error) && (w->on_cluster || checks_have_places(w, error));
}

/* ---- on a cluster ---- */

/* A game day must not break a neighbour's mall. */
static bool is_one_mall(const struct reach *r, struct error *error)
{
        const char *first = r->count ? pods_instance(r->pods, r->listeners[0].pod) : "";

        for (size_t i = 0; i < r->count; i++) {
                const char *other = pods_instance(r->pods, r->listeners[i].pod);

                if (strcmp(first, other) != 0)
                        return error_set(error, ERROR_BAD_INPUT,
                                         "there are pods of %.60s and of %.60s: choose a mall by "
                                         "--selector app.kubernetes.io/instance=%.60s",
                                         first, other, first);
        }
        return true;
}

/* A ready one, if there is one; NULL: there is none. */
static const char *pod_that_serves(const struct reach *r, const char *service)
{
        const char *found = NULL;

        for (size_t i = 0; i < r->count; i++) {
                const char *pod = r->listeners[i].pod;

                if (strcmp(r->listeners[i].service, service) != 0 ||
                    !pods_port(r->pods, pod, "http"))
                        continue;
                if (!found || (!pods_is_ready(r->pods, found) && pods_is_ready(r->pods, pod)))
                        found = pod;
        }
        return found;
}

static bool find_service(struct wanted *w, struct reach *r, const char *service, const char **url,
                         struct error *error)
{
        const char *pod;

        if (!is_by_pod(w, service))
                return true;
        pod = pod_that_serves(r, service);
        if (!pod)
                return error_set(error, ERROR_BAD_INPUT,
                                 "no pod found is a %s with a port called http; say where it is by "
                                 "--%s",
                                 service, service);
        return pods_reach(r->pods, pod, pods_port(r->pods, pod, "http"), url, error);
}

/* Of every pod, unless a flag names the service's places. */
static bool find_actuators(struct wanted *w, struct reach *r, struct error *error)
{
        struct gameday_place *all =
                arena_alloc(w->arena, (w->mall.actuator_count + r->count + 1) * sizeof *all);
        size_t said = w->mall.actuator_count, count = said;

        if (said)
                memcpy(all, w->mall.actuators, said * sizeof *all);
        for (size_t i = 0; i < r->count; i++) {
                const struct admin_listener *l = &r->listeners[i];
                int metrics = pods_port(r->pods, l->pod, "metrics"),
                    port = metrics ? metrics : pods_port(r->pods, l->pod, "http");

                if (!port || has_actuator(&w->mall, l->service))
                        continue;
                all[count].service = l->service;
                if (!pods_reach(r->pods, l->pod, port, &all[count++].url, error))
                        return false;
        }
        w->mall.actuators = all;
        w->mall.actuator_count = count;
        return true;
}

static bool find_mall(struct wanted *w, struct reach *r, struct error *error)
{
        struct books_places *services = &w->mall.books.services;

        return !w->on_cluster ||
               (is_one_mall(r, error) && find_service(w, r, "gateway", &w->mall.gateway, error) &&
                find_service(w, r, "order", &services->order, error) &&
                find_service(w, r, "delivery", &services->delivery, error) &&
                find_service(w, r, "product", &services->product, error) &&
                find_actuators(w, r, error) && checks_have_places(w, error));
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
            all_reached(&reach, &e) && find_mall(w, &reach, &e)) {
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
        struct reach reach = {0};
        struct error e = {0};

        if (!w->on_cluster &&
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
