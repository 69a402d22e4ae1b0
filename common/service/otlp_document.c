#include "service/otlp_document.h"

#include "base/utf8.h"
#include "service/build.h"
#include "service/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A client's path or user agent may have any byte. */
static cJSON *clean_string(const char *text)
{
        cJSON *string = string_of(text);
        char *at = string->valuestring, *end = at ? at + strlen(at) : at;

        while (at < end) {
                size_t length = (unsigned char)*at < 0x80 ? 1 : utf8_length(at, end);

                if (!length)
                        *at = '?';
                at += length ? length : 1;
        }
        return string;
}

/* 64 bits are a string. */
static cJSON *number_of(int64_t number)
{
        char digits[24];

        snprintf(digits, sizeof digits, "%" PRId64, number);
        return string_of(digits);
}

static cJSON *attribute_of(const char *key, const char *type, cJSON *value)
{
        return object_of((struct member[]){
                {"key", string_of(key)},
                {"value", object_of((struct member[]){{type, value}, {NULL}})},
                {NULL},
        });
}

static cJSON *attribute_of_span(const struct span_attribute *a)
{
        switch (a->type) {
        case SPAN_VALUE_NUMBER:
                return attribute_of(a->key, "intValue", number_of(a->number));
        case SPAN_VALUE_BOOL:
                return attribute_of(a->key, "boolValue", cJSON_CreateBool(a->number != 0));
        default:
                return attribute_of(a->key, "stringValue", clean_string(a->text));
        }
}

static cJSON *attributes_of(const struct span_record *r)
{
        cJSON *list = cJSON_CreateArray();

        for (int i = 0; i < r->attribute_count; i++)
                cJSON_AddItemToArray(list, attribute_of_span(&r->attributes[i]));
        return list;
}

static cJSON *status_of(const struct span_record *r)
{
        if (r->status == SPAN_UNSET)
                return NULL;
        return object_of((struct member[]){
                {"code", cJSON_CreateNumber(r->status)},
                {"message", r->why ? clean_string(r->why) : NULL},
                {NULL},
        });
}

static cJSON *span_of(const struct span_record *r)
{
        return object_of((struct member[]){
                {"traceId", string_of(r->trace)},
                {"spanId", string_of(r->id)},
                {"parentSpanId", *r->above ? string_of(r->above) : NULL},
                {"name", clean_string(r->name)},
                {"kind", cJSON_CreateNumber(r->kind)},
                {"startTimeUnixNano", number_of(r->start_ns)},
                {"endTimeUnixNano", number_of(r->end_ns)},
                {"attributes", attributes_of(r)},
                {"droppedAttributesCount",
                 r->attributes_lost ? cJSON_CreateNumber(r->attributes_lost) : NULL},
                {"status", status_of(r)},
                {NULL},
        });
}

static cJSON *spans_of(const struct span_record *first)
{
        cJSON *list = cJSON_CreateArray();

        for (; first; first = first->next)
                cJSON_AddItemToArray(list, span_of(first));
        return list;
}

static cJSON *resource_of(const struct otlp_pair *pairs)
{
        cJSON *list = cJSON_CreateArray();

        for (; pairs->key; pairs++)
                cJSON_AddItemToArray(
                        list, attribute_of(pairs->key, "stringValue", clean_string(pairs->value)));
        return object_of((struct member[]){{"attributes", list}, {NULL}});
}

static cJSON *scope_of(void)
{
        return object_of((struct member[]){
                {"name", string_of("mall")},
                {"version", string_of(build_version)},
                {NULL},
        });
}

char *otlp_document(const struct otlp_pair *resource, const struct span_record *first)
{
        cJSON *scope_spans = object_of((struct member[]){
                {"scope", scope_of()},
                {"spans", spans_of(first)},
                {NULL},
        });
        cJSON *resource_spans = object_of((struct member[]){
                {"resource", resource_of(resource)},
                {"scopeSpans", list_of((cJSON *[]){scope_spans, NULL})},
                {NULL},
        });
        cJSON *request = object_of((struct member[]){
                {"resourceSpans", list_of((cJSON *[]){resource_spans, NULL})},
                {NULL},
        });
        char *text = cJSON_PrintUnformatted(request);

        cJSON_Delete(request);
        return text;
}
