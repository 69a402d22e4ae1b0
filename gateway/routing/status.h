/* status - HTTP statuses as Spring's files write them: 502, BAD_GATEWAY, a series SERVER_ERROR. */
#ifndef GATEWAY_ROUTING_STATUS_H
#define GATEWAY_ROUTING_STATUS_H

#include <stdbool.h>

/* A set of them. */
struct statuses {
        bool has[600];
};

bool statuses_have(const struct statuses *statuses, int status);
/* "SERVER_ERROR" and its like; false: no such series. */
bool statuses_add_series(struct statuses *statuses, const char *series);

/* "404" (any from 100 to 599) or "NOT_FOUND"; 0: neither. */
int status_read(const char *text);
/* "NOT_FOUND"; NULL: it has no name. */
const char *status_text(int status);

#endif
