/* read - GET and HEAD of rows: asked for on the HTTP thread, and answered there. Read there
   too where that is quick; on a thread of the store where it is shared, or much is read. */
#ifndef SERVICE_READ_H
#define SERVICE_READ_H

#include "data/entity.h"
#include "http/server.h"

struct resource;

enum http_result read_item_begin(struct http_request *request, const struct resource *resource,
                                 int64_t id);
/* The row with the lowest id whose members equal the values. */
enum http_result read_found_begin(struct http_request *request, const struct resource *resource,
                                  const struct lookup *lookup,
                                  const char *const values[LOOKUP_MEMBERS]);
/* type: of the answer. Large pages, and links with a long query, are refused while memory is short:
   many or slow clients would take more than there is. */
enum http_result read_page_begin(struct http_request *request, const struct resource *resource,
                                 const char *type);
void read_finish(struct http_request *request);

#endif
