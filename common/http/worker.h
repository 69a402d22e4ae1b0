/* worker - one thread of the server: the library's daemon, run by a loop of ours. Private to the
   server.

   The library could run threads of its own; then each request that waited wakes its thread with a
   write of its own, and whatever else the answer depends on (an upstream) needs a thread more. On a
   loop both are this thread's. */
#ifndef HTTP_WORKER_H
#define HTTP_WORKER_H

#include "http/connection.h"

bool worker_open(struct http_worker *worker, struct http_server *server, struct error *error);
void worker_start(struct http_worker *worker);
/* Behind this nothing of it runs any more; with no request under way. */
void worker_close(struct http_worker *worker);
/* Takes the connection over; from any thread. */
void worker_take(struct http_worker *worker, int fd, const struct sockaddr *peer, socklen_t len);

#endif
