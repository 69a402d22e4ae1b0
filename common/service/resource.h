/* resource - entities over HTTP (contract section 3): paths, methods, pages, searches, conditions.

   Reads are answered on the HTTP thread from a read connection; writes become a unit of work on the
   store's writer thread (write.c) and are answered after its commit. */
#ifndef SERVICE_RESOURCE_H
#define SERVICE_RESOURCE_H

#include "data/store.h"
#include "http/server.h"
#include "service/admission.h"
#include "service/idempotency_keys.h"

enum { RESOURCE_ENTITIES = 8 };

/* An entity and its paths, as the metrics name them. */
struct resource {
        const struct entity *entity;
        struct resources *all;
        const char *collection, *item, *search, *found, *plain; /* "/orders", "/orders/{id}", ... */
        struct admission *admission; /* asked before a row is created; the opener's; NULL, unless
                                        set before the first request */
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

/* For write.c, the searches and the pages about the resources. */
enum { ETAG_LENGTH = 24 };
void etag_of(const void *row, char etag[ETAG_LENGTH]);
/* The media type for a HAL answer, or NULL after a 406 was answered. */
const char *hal_type(struct http_request *request);
/* Answers with the item, its ETag and the type; status 200, 201 or 304. */
void answer_item(struct http_request *request, const struct resource *resource, const void *row,
                 int status, const char *type);
/* What a read came to: the row as GET, HEAD and If-None-Match want it; NULL: 404; not done: the
   error. */
void answer_found(struct http_request *request, const struct resource *resource, bool done,
                  const void *row, const struct error *error);
void answer_allow(struct http_request *request, int status, const char *methods);

#endif
