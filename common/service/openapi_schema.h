/* openapi_schema - request and response bodies as JSON Schema. It allows exactly what the service
   accepts, so that a generated test finds any difference. */
#ifndef SERVICE_OPENAPI_SCHEMA_H
#define SERVICE_OPENAPI_SCHEMA_H

#include "base/config.h"
#include "data/entity.h"
#include "service/document.h"

/* "order", and unless it is read-only "order-input" and "order-patch". */
void openapi_add_schemas(cJSON *schemas, const struct entity *entity, const struct config *config);
/* "text", "json", "problem": the schemas that the others refer to. */
void openapi_add_shared_schemas(cJSON *schemas);

/* {"$ref": "#/components/schemas/..."} */
cJSON *openapi_ref(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
