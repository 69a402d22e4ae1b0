/* answer - from struct http_answer to the wire. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/connection.h"

/* Queues the request's answer. */
enum MHD_Result answer_send(struct exchange *exchange);

/* Straight onto the socket, for a request that is not complete: there the library would only close.
   Close the connection afterwards. */
void answer_push(struct exchange *exchange); /* the request's answer, which is not pulled */
void answer_push_half(struct exchange *exchange);
void answer_cut_short(const struct http_server *server, int fd, int status);

#endif
