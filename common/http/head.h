/* head - a request's head, checked and taken apart for the handler, or refused. Private to the
   server. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http/connection.h"

enum { LEAST_ROOM = 512 }; /* bytes for the head of an answer of our own */

/* Whether there is room for the head of the answer that the handler will have. */
bool head_leaves_room(const struct exchange *exchange);

/* In the library's first call. It refuses by an answer that closes the connection, or by MHD_NO. */
enum MHD_Result head_take(struct exchange *exchange);

#endif
