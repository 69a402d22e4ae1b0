/* stream - bodies that pass in pieces, both ways; on the worker's thread. Private to the server.

   Memory stays what a piece needs: whoever is slower lets the other wait. A peer that is too slow
   has a deadline that moves with the bytes: at least MIN_RATE on average, and never more than the
   time for a whole body behind. */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "http/connection.h"

void stream_body_begins(struct exchange *exchange);
/* False: the connection is to be closed. */
bool stream_body_take(struct exchange *exchange, const char *data, size_t *len);
void stream_body_over(struct exchange *exchange);

struct MHD_Response *stream_response(struct exchange *exchange);

#endif
