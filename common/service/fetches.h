/* fetches - several GETs at once, for a thread that may wait: until each is answered, or its
   deadline is over. */
#ifndef SERVICE_FETCHES_H
#define SERVICE_FETCHES_H

#include "service/fetch.h"

/* Each has its url and its arena; `done` and `arg` are set here. One that cannot be started,
   because the fetcher has as many as it may have, fails. */
void fetches_wait(struct fetcher *fetcher, struct fetch *fetches, size_t count);

#endif
