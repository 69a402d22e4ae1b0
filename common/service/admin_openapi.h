/* admin_openapi - OpenAPI 3.1 of the admin listener, made of the table of kinds (faults_kinds.h),
   so that it says what the reader takes. */
#ifndef SERVICE_ADMIN_OPENAPI_H
#define SERVICE_ADMIN_OPENAPI_H

#include "base/text.h"

#include <stdbool.h>

/* kinds: 1 << FAULT_..., those that the daemon has. */
void admin_openapi(const char *daemon, uint32_t kinds, bool token, struct text *out);

#endif
