/* body - what is kept of a request's body, in the exchange's arena. Private to the server. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/connection.h"

/* How much of it is kept at a time: all, or what comes before the rest is streamed. */
size_t body_most(const struct exchange *exchange);

/* Keeps a piece. MHD_NO closes the connection, for behind the first call the library takes an
   answer only at the end: 413, or 503 where requests take more memory than they may together. */
enum MHD_Result body_take(struct exchange *exchange, const char *data, size_t *len);

#endif
