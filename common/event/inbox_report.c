/* inbox: what came of the events, as metrics, log lines and spans. */
#include "event/inbox_inside.h"

#include <stdio.h>

enum { EVENT_AGE = OUTCOMES };

/* An event is kept for 7 days: what claims to be older tells a wrong time. */
static const int64_t most_age_ms = 8LL * 24 * 3600 * 1000;

const struct metric_family inbox_families[] = {
        [CONSUMED] = {"mall_events_consumed_total",
                      "Events applied",
                      METRIC_COUNTER,
                      {"event_type"}},
        [DUPLICATE] = {"mall_events_duplicate_total",
                       "Events that had been applied before",
                       METRIC_COUNTER,
                       {"event_type"}},
        [DEAD] = {"mall_events_dead_total",
                  "Events sent to the dead letter topic",
                  METRIC_COUNTER,
                  {"event_type"}},
        [CLASHING] = {"mall_events_clashing_total",
                      "Of the dead ones, those with the identity of another event",
                      METRIC_COUNTER,
                      {"event_type"}},
        [EVENT_AGE] =
                {"mall_event_age_seconds",
                 "From the moment an event was announced, by its sender's clock, to the commit "
                 "of the reaction",
                 METRIC_HISTOGRAM_LONG,
                 {"event_type"}},
        {NULL},
};

const char inbox_clash[] = "another event came under its ce_source and ce_id before: was the "
                           "store of its sender restored from a backup?"
                           " See docs/backup.md";

/* Their first one is a rise then, for who asks how much a counter rose. */
void inbox_report_none(struct inbox *inbox)
{
        static const char *const others[] = {"other", "unknown"}; /* see event_label */
        static const enum outcome bad[] = {DEAD, CLASHING};

        for (size_t i = 0; inbox->metrics && i < sizeof bad / sizeof *bad; i++) {
                const struct metric_family *family = &inbox_families[bad[i]];

                for (const struct reaction *r = inbox->reactions; r->type; r++)
                        metrics_series(inbox->metrics, family, &r->type);
                for (size_t o = 0; o < sizeof others / sizeof *others; o++)
                        metrics_series(inbox->metrics, family, &others[o]);
        }
}

static void count(struct inbox *inbox, enum outcome outcome, const char *label)
{
        if (inbox->metrics)
                metric_add(metrics_series(inbox->metrics, &inbox_families[outcome], &label), 1);
}

/* The clocks of two machines may differ: nothing is applied before it was announced. */
static void count_age(struct inbox *inbox, const struct received *a, const char *label,
                      int64_t committed_ms)
{
        int64_t announced_ms = a->event.timestamp, us = 0;
        struct metric *series;

        if (!inbox->metrics || announced_ms <= 0 || committed_ms - announced_ms > most_age_ms)
                return;
        if (committed_ms > announced_ms)
                us = (committed_ms - announced_ms) * 1000;
        series = metrics_series(inbox->metrics, &inbox_families[EVENT_AGE], &label);
        if (a->span.span)
                metric_observe_traced(series, us, &a->span.trace);
        else
                metric_observe(series, us);
}

static const char *place_of(const struct event *e, char place[static 160])
{
        snprintf(place, 160, "%s[%d]@%lld", e->record->topic, e->record->partition,
                 (long long)e->record->offset);
        return place;
}

/* NULL: there is no trace. */
static const char *id_of(const char *id)
{
        return *id ? id : NULL;
}

static void say_dead(const struct received *a, const char *label, const char *why)
{
        struct trace ids = process_span_ids(&a->span, &a->event);
        char place[160];

        log_write(LOG_ERROR,
                  a->outcome == DEAD
                          ? "an event cannot be understood; it is a dead letter now"
                          : "two events have one identity; the second is a dead letter now",
                  "event.place", place_of(&a->event, place), "event.type", label, "event.source",
                  a->event.identity_source, "event.id", a->event.identity, "error.message", why,
                  "trace.id", id_of(ids.id), "span.id", id_of(ids.span), NULL);
}

/* At debug unless it is asked for, since a line for each event is more than all access lines. */
static void say_applied(const struct inbox *inbox, const struct received *a, const char *label)
{
        struct trace ids;
        char place[160];

        if (!log_is_on(inbox->applied_level))
                return;
        ids = process_span_ids(&a->span, &a->event);
        log_write(inbox->applied_level,
                  a->outcome == CONSUMED ? "an event was applied"
                                         : "an event that was applied before came again",
                  "event.place", place_of(&a->event, place), "event.type", label, "event.source",
                  a->event.identity_source, "event.id", a->event.identity, "trace.id",
                  id_of(ids.id), "span.id", id_of(ids.span), NULL);
}

void inbox_report(struct inbox *inbox, struct received *a, int64_t committed_ms)
{
        static const char *const failures[OUTCOMES] = {
                [DEAD] = "dead_letter", [CLASHING] = "clashing_identity"};
        const char *label = event_label(inbox->reactions, a->event.type),
                   *why = a->outcome == CLASHING ? inbox_clash : a->error.text;

        count(inbox, a->outcome, label);
        if (a->outcome == CLASHING)
                count(inbox, DEAD, label);
        if (a->outcome == CONSUMED)
                count_age(inbox, a, label, committed_ms);
        if (failures[a->outcome])
                say_dead(a, label, why);
        else
                say_applied(inbox, a, label);
        process_span_end(&a->span, &a->event, a->outcome == DUPLICATE, failures[a->outcome], why);
}

void inbox_look_for_key(struct inbox *inbox, const struct event *e)
{
        char place[160];

        if (inbox->keyless || e->record->key || e->source[0] || !e->record->partition)
                return;
        inbox->keyless = true;
        log_write(LOG_WARN,
                  "events come without a key on a topic of several partitions: those of one order "
                  "may overtake each other. Let their sender give"
                  " keys, or remove the topic and have it made with one partition "
                  "(MALL_TOPIC_PARTITIONS=1). Said once.",
                  "event.place", place_of(e, place), "event.type", e->type, NULL);
}

/* Of many events the log names none: any of them may be the reason. */
void inbox_say_again(const struct inbox_batch *b, const struct error *error)
{
        const struct received *a = b->arrivals;
        struct trace ids = {0};

        if (b->count == 1)
                ids = process_span_ids(&a->span, &a->event);
        log_write(LOG_WARN, "events cannot be applied now; trying again", "error.message",
                  error->text, "trace.id", id_of(ids.id), "span.id", id_of(ids.span), NULL);
}

void inbox_say_bare(const struct received *a, const struct error *error)
{
        struct trace ids = process_span_ids(&a->span, &a->event);

        log_write(LOG_ERROR, "a dead letter cannot be kept as it is; only where it was and why is",
                  "error.message", error->text, "trace.id", id_of(ids.id), "span.id",
                  id_of(ids.span), NULL);
}

void inbox_say_bus(struct inbox *inbox, const struct error *error)
{
        enum error_kind before = inbox->trouble, now = error->kind;
        bool broken = now != ERROR_NONE && !error_is_passing(now);

        inbox->trouble = now;
        if (now == before)
                return;
        pthread_mutex_lock(&inbox->lock);
        snprintf(inbox->broken, sizeof inbox->broken, "%.255s", broken ? error->text : "");
        pthread_mutex_unlock(&inbox->lock);
        if (broken)
                log_write(LOG_ERROR,
                          "the bus cannot be read and needs repair; trying again each second",
                          "error.message", error->text, NULL);
        else if (now != ERROR_NONE)
                log_write(LOG_WARN, "the bus is away; waiting for it", "error.message", error->text,
                          NULL);
        else
                log_write(LOG_INFO, "the bus is back", NULL);
}
