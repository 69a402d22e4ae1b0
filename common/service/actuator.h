/* actuator - /actuator: health, info, metrics, as Spring Boot shows them (docs/contract.md). */
#ifndef SERVICE_ACTUATOR_H
#define SERVICE_ACTUATOR_H

#include "service/daemon.h"

/* Whether the path is /actuator or below it. All such paths are answered here. main_port: the
   request came to the main port, which shows only part of it where there is a management port or
   the daemon is shy. */
bool actuator_owns(const char *path);
void actuator_handle(struct process *process, struct http_request *request, bool main_port);

#endif
