/* body - what is kept of a request's body, in the exchange's arena. Private to the server. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/connection.h"

/* How much of it is kept at most: all, or the beginning, if the rest is streamed. */
size_t body_most(const struct exchange *exchange);

/* Keeps a piece. MHD_NO closes the connection, with 413, or with 503 if all requests together would
   take too much memory: after the first call the library takes an answer only at the body's end. */
enum MHD_Result body_take(struct exchange *exchange, const char *data, size_t *len);

#endif
