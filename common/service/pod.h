/* pod - the name of this process among its replicas: who answers, and who announces an event. */
#ifndef SERVICE_POD_H
#define SERVICE_POD_H

#include "base/config.h"

enum { POD_MOST = 253 }; /* as in Kubernetes */

/* MALL_POD; else the container's host name under the profile docker, and NAME-PORT elsewhere. It is
   known before anything is opened, so where the system chooses the port, the process's number
   stands for it. False, ERROR_BAD_INPUT: MALL_POD is no name. */
bool pod_name(const struct config *config, const char *daemon, char pod[static POD_MOST + 1],
              struct error *error);

#endif
