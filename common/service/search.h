/* search - /things/search and /things/search/findByName, from the entity's lookups. */
#ifndef SERVICE_SEARCH_H
#define SERVICE_SEARCH_H

#include "http/server.h"

struct resource;

/* The list of the searches, as links. */
void search_list(struct http_request *request, const struct resource *resource);
/* The row with the lowest id that matches the query. */
enum http_result search_find(struct http_request *request, const struct resource *resource,
                             const char *name);

#endif
