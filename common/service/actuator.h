/* actuator - /actuator: health, info, metrics, as Spring Boot shows them (contract section 5). */
#ifndef SERVICE_ACTUATOR_H
#define SERVICE_ACTUATOR_H

#include "service/daemon.h"

/* Is the path /actuator or below? Then it is answered here, whatever it is. `main_port`: with a
   management port set, or for a shy daemon, only part of it is shown there. */
bool actuator_owns(const char *path);
void actuator_handle(struct process *process, struct http_request *request, bool main_port);

#endif
