/* status - HTTP statuses as they are written in Spring's files: 502, BAD_GATEWAY, or a series,
   SERVER_ERROR. */
#ifndef GATEWAY_ROUTING_STATUS_H
#define GATEWAY_ROUTING_STATUS_H

#include <stdbool.h>

/* A set of them. */
struct statuses {
        bool has[600];
};

bool statuses_have(const struct statuses *statuses, int status);
/* series: "SERVER_ERROR" or another; false: there is no such series. */
bool statuses_add_series(struct statuses *statuses, const char *series);

/* Reads "404" (100 to 599) or "NOT_FOUND"; 0: it is not a status. */
int status_read(const char *text);
/* "NOT_FOUND"; NULL: the status has no name. */
const char *status_text(int status);

#endif
