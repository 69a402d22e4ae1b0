/* deadline - ends connections whose head, body or answer takes too long in all, however busily
   bytes trickle.

   A thread looks every 100 ms. It shuts the reading half of an overdue connection (both halves, if
   the client does not read our answer); the connection's own thread sees that as the end and cleans
   up. If we answered before the body came, or closed because of a deadline, the same thread reads
   on for a while (RFC 9112, 9.6): else a reset would overtake the answer. It resets a client that
   goes on sending after that. */
#ifndef HTTP_DEADLINE_H
#define HTTP_DEADLINE_H

struct http_server;
struct deadlines;

struct deadlines *deadlines_open(struct http_server *server);
void deadlines_close(struct deadlines **deadlines);

/* Takes a copy of the descriptor. Any thread. */
void deadline_linger(struct deadlines *deadlines, int fd);

#endif
