/* What dial.c and dialer.c share; nobody else includes this. On the loop's thread. */
#ifndef GATEWAY_UPSTREAM_DIAL_INSIDE_H
#define GATEWAY_UPSTREAM_DIAL_INSIDE_H

#include "gateway/upstream/dial.h"

#include <curl/curl.h>

/* One worker's. */
struct dialer {
        struct loop *loop;
        CURLM *multi;
        struct timer timer;
        struct endpoints endpoints;
};

/* dial.c: libcurl has ended an attempt. */
void dial_finish(struct dial *dial, CURLcode code);

#endif
