/* fresh - an answer that costs something to make: made on a thread of its own, again and again
   while somebody asks for it, and given to all from memory. Where the config says so, it is also
   made while nobody asks, less often.

   Whoever asks first, or after a while in which nobody did, waits for a new one if the config says
   so; the others get the last one at once, however long the next one takes, unless somebody
   said that it is out of date. */
#ifndef SERVICE_FRESH_H
#define SERVICE_FRESH_H

#include "http/server.h"

struct fresh;

struct fresh_config {
        const char *name;   /* of its thread */
        int every_ms;       /* at most one in this time */
        int rest;           /* and after one a pause of so many times as long as it took; 0: none */
        int linger_ms;      /* so long after the last question it goes on */
        int64_t unasked_ms; /* after that, one in this time; 0: none */
        bool wait;          /* for a new one, where the last one is older than linger_ms */
        const char *first;  /* what is answered while there is none and nobody waits */
        /* JSON; on its thread, one call at a time. The text is empty, in an arena of its own. */
        void (*make)(void *arg, struct text *out);
        void *arg;
};

struct fresh *fresh_open(const struct fresh_config *config);
/* Waits for the make that is under way. After the server. */
void fresh_close(struct fresh **fresh);

/* Something was changed: whoever asks from now on gets one whose making begins after this, and
   waits for it. Any thread. */
void fresh_hurry(struct fresh *fresh);

enum http_result fresh_answer(struct fresh *fresh, struct http_request *request);
/* For the requests for which fresh_answer gave HTTP_LATER: http_handler.finish, http_streams.gone
 */
void fresh_finish(struct http_request *request);
void fresh_gone(struct http_request *request);

#endif
