/* pods - which pods of each service were seen, and with which version: by the events that they
   announce and by what answers to questions. Any thread. */
#ifndef SERVICE_PODS_H
#define SERVICE_PODS_H

#include "base/text.h"

struct pods;

struct pods *pods_open(void);
void pods_close(struct pods **pods);

/* at: Unix time, ms. NULL: unknown, and then nothing is noted, but for the version. */
void pods_see(struct pods *pods, const char *service, const char *pod, const char *version,
              int64_t at);
/* [{"pod":"order-8081","version":"1.0.0","seen":ms},...] */
void pods_write(struct pods *pods, const char *service, struct text *out);

#endif
