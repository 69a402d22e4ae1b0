/* pass - answers a GET with what another daemon answers to it. No thread waits. */
#ifndef SERVICE_PASS_H
#define SERVICE_PASS_H

#include "http/server.h"
#include "service/fetch.h"

/* Asks base, path and the request's query; what the handler returns. 502 if there is no answer, and
   also if it is larger than FETCH_MOST. */
enum http_result pass_begin(struct fetcher *fetcher, struct http_request *request, const char *base,
                            const char *path);
/* http_handler.finish and http_streams.gone for such requests. */
void pass_finish(struct http_request *request);
void pass_gone(struct http_request *request);

#endif
