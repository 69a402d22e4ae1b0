/* services - for fuzz harnesses only: the resources of order, delivery and product in one server,
   on an SQLite store that is made again now and then, so that an input does not depend on all
   inputs before it. */
#ifndef FUZZ_SERVICES_H
#define FUZZ_SERVICES_H

#include "data/store.h"
#include "delivery/delivery.h"
#include "event/bus.h"
#include "order/order.h"
#include "product/inventory.h"
#include "service/resource.h"
#include "testing/wire.h"

#include <ftw.h>

enum { SERVICES_INPUTS = 2000 /* before they are made again */ };

static struct {
        char directory[64];
        struct store *store;
        struct resources *resources;
        int inputs;
} services;

static int services_remove(const char *path, const struct stat *s, int kind, struct FTW *f)
{
        (void)s, (void)kind, (void)f;
        return remove(path);
}

static void services_clean_up(void)
{
        nftw(services.directory, services_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void services_begin(void)
{
        static const struct entity *const entities[] = {&order_entity,
                                                        &delivery_entity,
                                                        &dispatch_entity,
                                                        &inventory_entity,
                                                        &movement_entity,
                                                        &taking_entity,
                                                        NULL};
        struct store_config config = {.service = "order",
                                      .entities = entities,
                                      .readers = 2,
                                      .config = wire.process.config,
                                      .value_max = BUS_VALUE_MAX,
                                      .record_max = BUS_RECORD_MAX};
        struct error e = {0};
        char url[100];

        snprintf(services.directory, sizeof services.directory, "%s/mall-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        fuzz_must(mkdtemp(services.directory), "%s", services.directory);
        snprintf(url, sizeof url, "sqlite:%s/order.db", services.directory);
        config.url = url;
        services.store = store_open(&config, &e);
        fuzz_must(services.store, "%s", e.text);
        services.resources = resources_open(services.store, "order", "takes orders", entities,
                                            wire.process.config);
        wire_open(
                (struct http_handler){resources_handle, resources_finish, services.resources, NULL},
                1 << 20);
}

static inline void services_end(void)
{
        http_server_close(&wire.server, 5000);
        resources_close(&services.resources);
        store_close(&services.store);
        services_clean_up();
}

static inline void services_open(void)
{
        static const struct setting own[] = {{.name = "oversell",
                                              .type = SETTING_CHOICE,
                                              .fallback = "refuse",
                                              .choices = "refuse|allow"},
                                             {.name = NULL}};

        wire_configure("order", false, own);
        services_begin();
        atexit(services_clean_up);
}

/* Before each input. True: they were made again. */
static inline bool services_next(void)
{
        if (++services.inputs % SERVICES_INPUTS)
                return false;
        services_end();
        services_begin();
        return true;
}

#endif
