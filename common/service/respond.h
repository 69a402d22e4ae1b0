/* respond - the answers about rows: media type, ETag, a row as HAL, links for HEAD, Allow.

   resource.c, which routes requests, write.c, search.c and about.c answer with these. */
#ifndef SERVICE_RESPOND_H
#define SERVICE_RESPOND_H

#include "http/server.h"

struct resource;

enum { ETAG_LENGTH = 24 };
void etag_of(const void *row, char etag[ETAG_LENGTH]);

/* The media type for a HAL answer, or NULL after a 406 was answered. */
const char *hal_type(struct http_request *request);

/* Answers with the item, its ETag and the type; status 200, 201 or 304. */
void answer_item(struct http_request *request, const struct resource *resource, const void *row,
                 int status, const char *type);
/* Answers with what a read gave: the row as GET, HEAD and If-None-Match want it; 404 where row is
   NULL; the error where the read was not done. */
void answer_found(struct http_request *request, const struct resource *resource, bool done,
                  const void *row, const struct error *error);
/* Answers HEAD as the reference does: 204, and the links of a row or a page; NULL: none. */
void answer_head(struct http_request *request, const struct text *links);
void answer_allow(struct http_request *request, int status, const char *methods);

#endif
