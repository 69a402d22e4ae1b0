/* stream - bodies that pass in pieces, both ways; on the worker's thread. Private to the server.

   Back-pressure in both directions: at most one piece is buffered, however long the body. A slow
   peer has a deadline that moves with the bytes: it must keep MIN_RATE on average, and may fall
   behind by at most the time for a whole body. */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "http/connection.h"

void stream_body_begins(struct exchange *exchange);
/* False: the connection is to be closed. */
bool stream_body_take(struct exchange *exchange, const char *data, size_t *len);
void stream_body_over(struct exchange *exchange);

/* Resets the client's connection; the library is still to close it. */
void stream_reset(struct exchange *exchange);

struct MHD_Response *stream_response(struct exchange *exchange);

#endif
