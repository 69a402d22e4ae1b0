#include "service/otlp_document.h"

#include "base/span.h"
#include "base/utf8.h"
#include "service/document.h"
#include "testing/spans.h"

#include <stdlib.h>

static struct arena *arena;
static char *text;
static cJSON *document;

static const struct otlp_pair resource[] = {{"service.name", "order"}, {0}};

static void begin(void)
{
        arena = arena_open();
        document_init();
        spans_record(TRACE_ALWAYS_ON, 1);
}

static void end(void)
{
        cJSON_Delete(document);
        free(text);
        spans_forget();
        arena_close(&arena);
}

static const cJSON *member(const cJSON *of, const char *name)
{
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(of, name);

        check(value != NULL);
        return value;
}

/* The first span, as it is sent. */
static const cJSON *sent(void)
{
        const cJSON *scope;

        spans_await(1);
        text = otlp_document(resource, spans);
        document = cJSON_Parse(text);
        check(document != NULL);
        scope = member(cJSON_GetArrayItem(member(document, "resourceSpans"), 0), "scopeSpans");
        return cJSON_GetArrayItem(member(cJSON_GetArrayItem(scope, 0), "spans"), 0);
}

static const char *value_of(const cJSON *span, const char *key, const char *type)
{
        const cJSON *one;

        cJSON_ArrayForEach (one, member(span, "attributes"))
                if (strcmp(member(one, "key")->valuestring, key) == 0) {
                        const cJSON *value = member(member(one, "value"), type);

                        return cJSON_IsBool(value) ? (cJSON_IsTrue(value) ? "true" : "false")
                                                   : value->valuestring;
                }
        return NULL;
}

static void a_span_is_written_as_otlp_has_it(void)
{
        struct trace trace;
        struct span *span;
        const cJSON *s;

        begin();
        trace_continue(&trace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        span = span_begin(arena, &trace, SPAN_CLIENT, "GET \"x\"", 1795358923623000001);
        span_text(span, "url.path", "/a\n");
        span_number(span, "big", INT64_MIN);
        span_bool(span, "yes", true);
        span_fail(span, "why");
        span_end(span, 1795358923623000002);
        s = sent();
        check_text(member(s, "traceId")->valuestring, "0af7651916cd43dd8448eb211c80319c");
        check_text(member(s, "spanId")->valuestring, trace.span);
        check_text(member(s, "parentSpanId")->valuestring, "b7ad6b7169203331");
        check_text(member(s, "name")->valuestring, "GET \"x\"");
        check(member(s, "kind")->valuedouble == 3);
        check_text(member(s, "startTimeUnixNano")->valuestring, "1795358923623000001");
        check_text(member(s, "endTimeUnixNano")->valuestring, "1795358923623000002");
        check_text(value_of(s, "url.path", "stringValue"), "/a\n");
        check_text(value_of(s, "big", "intValue"), "-9223372036854775808");
        check_text(value_of(s, "yes", "boolValue"), "true");
        check(member(member(s, "status"), "code")->valuedouble == 2);
        check_text(member(member(s, "status"), "message")->valuestring, "why");
        check_contains(text, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":"
                             "\"service.name\",\"value\":{\"stringValue\":\"order\"}}]},"
                             "\"scopeSpans\":[{\"scope\":{\"name\":\"mall\"");
        end();
}

static void what_is_not_there_is_left_out(void)
{
        struct trace trace;
        const cJSON *s;

        begin();
        trace_continue(&trace, NULL);
        span_end(span_begin(arena, &trace, SPAN_INTERNAL, "commit", 0), 0);
        s = sent();
        check(!cJSON_GetObjectItem(s, "parentSpanId"));
        check(!cJSON_GetObjectItem(s, "status"));
        check(!cJSON_GetObjectItem(s, "droppedAttributesCount"));
        check_int(cJSON_GetArraySize(member(s, "attributes")), 0);
        end();
}

static void bytes_that_are_no_text_spoil_no_batch(void)
{
        struct trace trace;
        struct span *span;

        begin();
        trace_continue(&trace, NULL);
        span = span_begin(arena, &trace, SPAN_SERVER, "GET", 0);
        span_text(span, "user_agent.original", "a\xff\xea\xb0\x80\xea\xb0");
        span_end(span, 0);
        check_text(value_of(sent(), "user_agent.original", "stringValue"), "a?\xea\xb0\x80??");
        check(utf8_is_valid(text, strlen(text)));
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_span_is_written_as_otlp_has_it),
                STORY(what_is_not_there_is_left_out),
                STORY(bytes_that_are_no_text_spoil_no_batch),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
