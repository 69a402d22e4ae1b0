/* pages - ?page=, ?size= and ?sort= of a collection. Nonsense is read as the reference reads it, never refused. */
#ifndef SERVICE_PAGES_H
#define SERVICE_PAGES_H

#include "data/table.h"
#include "http/server.h"

struct page page_asked(const struct http_request *request, const struct shape *shape);

#endif
