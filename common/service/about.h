/* about - the pages in which a service describes itself: /, /profile (ALPS, JSON Schema) and
   /openapi.json (OpenAPI 3.1). All come from the field tables. */
#ifndef SERVICE_ABOUT_H
#define SERVICE_ABOUT_H

#include "http/server.h"

struct resource;
struct resources;

void answer_root(struct http_request *request, const struct resources *resources);
void answer_profile(struct http_request *request, const struct resources *resources);
void answer_entity_profile(struct http_request *request, const struct resource *resource);
void answer_openapi(struct http_request *request, const struct resources *resources);

#endif
