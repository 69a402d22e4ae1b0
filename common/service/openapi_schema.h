/* openapi_schema - what bodies are, as JSON Schema: exactly what is accepted, so that a tester who
   trusts it finds what is not so. */
#ifndef SERVICE_OPENAPI_SCHEMA_H
#define SERVICE_OPENAPI_SCHEMA_H

#include "base/config.h"
#include "base/text.h"
#include "data/entity.h"

/* "order":{...},"order-input":{...},"order-patch":{...}, - the latter two unless it is read-only */
void openapi_schemas_of(struct text *out, const struct entity *entity, const struct config *config);
/* "text", "json", "problem": those that the others refer to. */
void openapi_shared_schemas(struct text *out);

#endif
