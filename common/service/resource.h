/* resource - entities over HTTP (docs/contract.md): paths, methods, pages, searches, conditions.

   Reads are answered from a read connection (read.c); writes become a unit of work on the
   store's writer thread (write.c) and are answered after its commit. */
#ifndef SERVICE_RESOURCE_H
#define SERVICE_RESOURCE_H

#include "data/store.h"
#include "http/server.h"
#include "service/admission.h"
#include "service/idempotency_keys.h"

enum { RESOURCE_ENTITIES = 8 };

struct hal_links;

/* An entity and its paths, as the metrics name them. */
struct resource {
        const struct entity *entity;
        struct resources *all;
        const char *collection, *item, *search, *found, *plain; /* "/orders", "/orders/{id}", ... */
        const struct hal_links *links;                          /* of its items */
        struct admission *admission; /* asked before a row is created; owned by the opener, who sets
                                        it before the first request; NULL: none */
};

struct resources {
        struct store *store;
        const char *service, *summary;
        const struct config *config;
        struct idempotency_keys *keys; /* idempotency keys in progress */
        struct resource list[RESOURCE_ENTITIES];
        int count;
        struct arena *arena;
};

struct resources *resources_open(struct store *store, const char *service, const char *summary,
                                 const struct entity *const *entities, const struct config *config);
void resources_close(struct resources **resources);

enum http_result resources_handle(struct http_request *request, void *resources);
void resources_finish(struct http_request *request, void *resources);

#endif
