/* pages - ?page=, ?size= and ?sort= of a collection. Nonsense is never refused; it is read as the
   reference reads it. */
#ifndef SERVICE_PAGES_H
#define SERVICE_PAGES_H

#include "data/table.h"
#include "http/server.h"

struct page page_asked(const struct http_request *request, const struct shape *shape);
/* The other parameters, as sent: they stay in the links from page to page. "" or "a=1&b=2&" */
const char *page_others(const struct http_request *request);

#endif
