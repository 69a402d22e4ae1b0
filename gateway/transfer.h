/* transfer - one exchange on one curl easy handle; upstream.c's own, and so is its thread. */
#ifndef GATEWAY_TRANSFER_H
#define GATEWAY_TRANSFER_H

#include "gateway/upstream.h"

#include <curl/curl.h>
#include <stdbool.h>

struct transfer {
        CURL *easy;
        struct exchange *exchange; /* NULL: idle */
        struct curl_slist *headers;
        const struct upstreams_config *config;
        int sent;            /* how often curl began to send the request: a second time is refused */
        bool head_complete;  /* the empty line behind a final answer's headers was seen */
        size_t head_bytes;   /* with those of 1xx */
        size_t header_room;
        char *body;          /* kept from one exchange to the next, up to a size */
        size_t body_len, body_room;
        const char *refusal; /* why we ended it ourselves, or NULL */
        struct transfer *next, *previous;
};

struct transfer *transfer_open(const struct upstreams_config *config);
void transfer_close(struct transfer **transfer);

/* NULL, or why the exchange cannot be sent as it is. */
const char *transfer_start(struct transfer *transfer, struct exchange *exchange);
/* Fills the exchange; the transfer is idle afterwards. The caller calls done. */
void transfer_finish(struct transfer *transfer, CURLcode code);

#endif
