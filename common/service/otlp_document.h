/* otlp_document - finished spans as OTLP's JSON: an ExportTraceServiceRequest with one resource and
   one scope. Ids are hex digits, 64-bit numbers are strings, enums are numbers.

   Source: OTLP 1.x, "JSON Protobuf Encoding". */
#ifndef SERVICE_OTLP_DOCUMENT_H
#define SERVICE_OTLP_DOCUMENT_H

#include "base/span_queue.h"
#include "service/otlp_settings.h"

/* Freed with free(). Bytes that are no UTF-8 become '?'. */
char *otlp_document(const struct otlp_pair *resource, const struct span_record *first);

#endif
