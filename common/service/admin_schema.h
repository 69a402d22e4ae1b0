/* admin_schema - what POST /faults takes, as JSON Schema, made of the table of kinds. What it
   allows is taken, but that no schema can say that p50 is at most p99. */
#ifndef SERVICE_ADMIN_SCHEMA_H
#define SERVICE_ADMIN_SCHEMA_H

#include "service/document.h"

#include <stdint.h>

/* kinds: 1 << FAULT_... */
cJSON *admin_fault_schema(uint32_t kinds);

#endif
