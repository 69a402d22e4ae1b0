/* access - what we record of each request when it is over: http_server_requests_seconds and the
   access line. What is routine (server.h) is not counted, and its line is at debug. */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include "base/metrics.h"

extern const struct metric_family http_families[];

struct access;
struct exchange;

struct access *access_open(struct metrics *metrics); /* metrics may be NULL */
void access_close(struct access **access);

void access_tell(struct access *access, const struct exchange *exchange);

#endif
