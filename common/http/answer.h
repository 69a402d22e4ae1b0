/* answer - from struct http_answer to the wire. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/connection.h"

/* Queues the request's answer. */
enum MHD_Result answer_send(struct exchange *exchange);

/* Straight onto the socket, where the library would only close: behind the head of a request that
   is not complete. The connection is to be closed behind it. */
void answer_push(struct exchange *exchange); /* the request's answer, which is not pulled */
void answer_cut_short(int fd, int status);

#endif
