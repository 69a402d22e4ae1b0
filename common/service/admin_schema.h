/* admin_schema - what POST /faults takes, as JSON Schema, made of the tables of kinds and members,
   as base/fault_read.h reads it. Both allow the same, except what no schema can say: p50 is at most
   p99. (And 5.0 is a whole number for a schema, but not here.) */
#ifndef SERVICE_ADMIN_SCHEMA_H
#define SERVICE_ADMIN_SCHEMA_H

#include "service/document.h"

#include <stdint.h>

/* kinds: 1 << FAULT_... */
cJSON *admin_fault_schema(uint32_t kinds);

#endif
