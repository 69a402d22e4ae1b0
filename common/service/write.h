/* write - POST, PUT, PATCH and DELETE: read and checked on the HTTP thread, run as a unit of work
   on the writer thread, answered after the commit.

   Where the resource has an admission, it is asked before a row is created, and its verdict goes
   into the unit of work. The unit first looks for a stored answer to the Idempotency-Key, which
   stands even if the verdict is another by now. */
#ifndef SERVICE_WRITE_H
#define SERVICE_WRITE_H

#include "http/server.h"

struct resource;

enum write_kind { WRITE_CREATE, WRITE_CREATE_PLAIN, WRITE_REPLACE, WRITE_PATCH, WRITE_REMOVE };

/* id: of the item; 0 for the collection. */
enum http_result write_begin(struct http_request *request, const struct resource *resource,
                             enum write_kind kind, int64_t id);
void write_finish(struct http_request *request);

#endif
