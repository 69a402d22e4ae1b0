/* worker - one thread of the server: the library's daemon, run by a loop of ours. Private to the
   server.

   The library could run threads of its own. Then each request that waited would wake its thread
   with a write, and an answer that depends on something else (an upstream) would need one more
   thread. On a loop both belong to this thread. */
#ifndef HTTP_WORKER_H
#define HTTP_WORKER_H

#include "http/connection.h"

bool worker_open(struct http_worker *worker, struct http_server *server, struct error *error);
void worker_start(struct http_worker *worker);
/* After this nothing of it runs any more. No request may be under way. */
void worker_close(struct http_worker *worker);
/* Takes the connection over; from any thread. */
void worker_take(struct http_worker *worker, int fd, const struct sockaddr *peer, socklen_t len);

#endif
