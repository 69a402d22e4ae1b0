/* deadline - ends connections whose head, body or answer takes too long in all, however busily
   bytes trickle.

   A thread looks every 100 ms. What is overdue loses its reading half (or both, where it does not
   read our answer); the connection's own thread sees that as the end and cleans up. The same thread
   reads on for a while behind answers given before the body came, as RFC 9112, 9.6 asks, or a reset
   would overtake the answer; so it does behind all that was overdue, and resets who has not ended
   by then. */
#ifndef HTTP_DEADLINE_H
#define HTTP_DEADLINE_H

struct http_server;
struct deadlines;

struct deadlines *deadlines_open(struct http_server *server);
void deadlines_close(struct deadlines **deadlines);

/* Takes a copy of the descriptor. Any thread. */
void deadline_linger(struct deadlines *deadlines, int fd);

#endif
