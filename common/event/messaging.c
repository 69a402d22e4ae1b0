#include "event/messaging.h"

#include "event/eventlog.h"

#include <string.h>

static const char kafka[] = "kafka://";

static bool is_kafka(const char *url)
{
        return strncmp(url, kafka, strlen(kafka)) == 0;
}

const char *messaging_system(const char *url)
{
        return is_kafka(url) ? "kafka" : "mall_log";
}

const char *messaging_topic(const char *url)
{
        const char *slash = is_kafka(url) ? strchr(url + strlen(kafka), '/') : NULL;

        return slash ? slash + 1 : EVENTLOG_TOPIC;
}

void messaging_tell(struct span *span, const struct messaging *m)
{
        span_text(span, "messaging.system", m->system);
        span_text(span, "messaging.destination.name", m->topic);
        span_text(span, "messaging.operation.name", m->operation);
        span_text(span, "messaging.operation.type", m->kind);
        span_text(span, "messaging.kafka.message.key", m->key);
        span_text(span, "messaging.message.id", m->id);
        span_text(span, "cloudevents.event_id", m->id);
        span_text(span, "cloudevents.event_source", m->source);
        span_text(span, "cloudevents.event_type", m->type);
}
