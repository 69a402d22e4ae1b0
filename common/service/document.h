/* document - a JSON document as a tree, by cJSON: for --describe and /openapi.json, which are no
   hot path. Requests and events are read with base/json.h and written as text.

   A tree is built from the inside out, owns its parts, and is freed by cJSON_Delete. */
#ifndef SERVICE_DOCUMENT_H
#define SERVICE_DOCUMENT_H

#include <cJSON.h>

/* Once a process, before its threads: cJSON allocates as the rest of the project does, so no call
   fails. */
void document_init(void);

struct member {
        const char *name;
        cJSON *value; /* NULL: the member is left out */
};
cJSON *object_of(const struct member *members); /* ends with a NULL name */
cJSON *list_of(cJSON *const *values);           /* ends with NULL */
cJSON *string_of(const char *text);             /* null for NULL */
cJSON *string_from(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
