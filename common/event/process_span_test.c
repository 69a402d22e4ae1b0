/* What is recorded of an event that the inbox processes: itself, the reaction, the commit, and that
   what it announces goes on from it. */
#include "data/event_form.h"
#include "testing/hearing.h"
#include "testing/named_spans.h"

static void open_all(void)
{
        begin();
        spans_record(TRACE_PARENT_ALWAYS_ON, 0);
}

static void close_all(void)
{
        spans_forget();
        end();
}

static void say_traced(const char *ce_id, const char *value, const char *traceparent)
{
        struct record_header h[] = {{"ce_source", "/other/1", 8},
                                    {"ce_id", ce_id, strlen(ce_id)},
                                    {"ce_type", "Thing", 5},
                                    {"traceparent", traceparent, strlen(traceparent)}};
        struct record r = {.key = "k",
                           .key_len = 1,
                           .value = value,
                           .value_len = strlen(value),
                           .headers = h,
                           .header_count = 4};

        publish(&r, 1);
}

static struct outbox_record *announced(size_t count)
{
        struct outbox_record *all = arena_alloc(t.arena, (count + 1) * sizeof *all);
        struct error e = {0};
        size_t found;

        check(outbox_read(t.store, 0, all, count + 1, &found, t.arena, &e));
        check_int((int64_t)found, (int64_t)count);
        return all;
}

static void an_event_its_reaction_and_its_commit_are_recorded(void)
{
        const struct span_record *process, *reaction, *commit;
        struct trace publish;

        open_all();
        say_traced("7", thing("a"), SPANS_SAMPLED);
        listen_as("things");
        process = span_named("process mall", 0);
        reaction = span_named("reaction Thing", 0);
        commit = span_named("commit", 0);
        check_int(process->kind, SPAN_CONSUMER);
        check_text(process->trace, SPANS_TRACE);
        check_text(process->above, SPANS_ABOVE);
        check_text(span_text_of(process, "messaging.system"), "mall_log");
        check_text(span_text_of(process, "messaging.destination.name"), "mall");
        check_text(span_text_of(process, "messaging.destination.partition.id"), "0");
        check_text(span_text_of(process, "messaging.operation.name"), "process");
        check_text(span_text_of(process, "messaging.operation.type"), "process");
        check_text(span_text_of(process, "messaging.consumer.group.name"), "things");
        check_text(span_text_of(process, "messaging.kafka.message.key"), "k");
        check_text(span_text_of(process, "messaging.message.id"), "7");
        check_text(span_text_of(process, "cloudevents.event_id"), "7");
        check_text(span_text_of(process, "cloudevents.event_source"), "/other/1");
        check_text(span_text_of(process, "cloudevents.event_type"), "Thing");
        check_int(span_number_of(process, "messaging.kafka.offset"), 1);
        check(!span_is(process, "mall.event.duplicate"));
        check_int(process->status, SPAN_UNSET);
        check_int(reaction->kind, SPAN_INTERNAL);
        check_text(reaction->above, process->id);
        check_int(commit->kind, SPAN_INTERNAL);
        check_text(commit->above, process->id);
        check_text(span_text_of(commit, "db.system.name"),
                   store_is_shared(t.store) ? "postgresql" : "sqlite");
        check(process->start_ns <= commit->start_ns && commit->start_ns <= reaction->start_ns);
        check(reaction->end_ns <= commit->end_ns && commit->end_ns <= process->end_ns);
        check(event_form_trace(&announced(1)[0], &publish));
        check_text(publish.above, process->id);
        check_text(publish.id, SPANS_TRACE);
        check(trace_is_sampled(publish.parent));
        close_all();
}

static void each_event_of_a_batch_has_its_own(void)
{
        enum { EVENTS = 30 };

        open_all();
        for (int i = 0; i < EVENTS; i++)
                say_traced(arena_printf(t.arena, "%d", i), thing("a"),
                           arena_printf(t.arena, "00-%032d-%016d-01", i + 1, i + 1));
        listen_as("things");
        span_named("process mall", EVENTS - 1);
        span_named("commit", EVENTS - 1);
        check_int(spans_named("commit"), EVENTS);
        for (int i = 0; i < EVENTS; i++) {
                const struct span_record *process = span_named("process mall", i);
                struct trace publish;

                check_text(process->trace, arena_printf(t.arena, "%032d", i + 1));
                check_text(span_named("reaction Thing", i)->above, process->id);
                check_text(span_named("commit", i)->above, process->id);
                check(event_form_trace(&announced(EVENTS)[i], &publish));
                check_text(publish.above, process->id);
        }
        close_all();
}

static void a_duplicate_is_recorded_as_one_and_nothing_is_done_for_it(void)
{
        const struct span_record *second;

        open_all();
        say_traced("7", thing("a"), SPANS_SAMPLED);
        say_traced("7", thing("a"), SPANS_SAMPLED);
        listen_as("things");
        second = span_named("process mall", 1);
        check(span_is(second, "mall.event.duplicate"));
        check_text(second->above, SPANS_ABOVE);
        check_int(second->status, SPAN_UNSET);
        check_int(spans_named("reaction Thing"), 1);
        span_named("commit", 0);
        check_int(spans_named("commit"), 1);
        close_all();
}

static void is_dead(const struct span_record *process, const char *type, const char *why)
{
        check_int(process->status, SPAN_ERROR);
        check_text(span_text_of(process, "error.type"), type);
        check_contains(process->why, why);
}

/* Whatever ran beside it, and however often. */
static void a_dead_letter_is_an_error(void)
{
        const struct span_record *reaction;

        open_all();
        listen_to_log();
        say_traced("1", "{", SPANS_SAMPLED);
        say_traced("2", thing("bad"), SPANS_SAMPLED);
        say_traced("3", thing("good"), SPANS_SAMPLED);
        say_traced("3", thing("other"), SPANS_SAMPLED);
        listen_as("things");
        span_named("process mall", 3);
        is_dead(span_named("process mall", 0), "dead_letter", "");
        is_dead(span_named("process mall", 1), "dead_letter", "a bad thing");
        check_int(span_named("process mall", 2)->status, SPAN_UNSET);
        is_dead(span_named("process mall", 3), "clashing_identity", "restored from a backup");
        check_int(spans_named("reaction Thing"), 2); /* the first cannot even be read */
        reaction = span_named("reaction Thing", 0);
        is_dead(reaction, "dead_letter", "a bad thing");
        check_text(reaction->above, span_named("process mall", 1)->id);
        span_named("commit", 3);
        check_int(spans_named("commit"), 4);
        wait_for_told(arena_printf(t.arena, "trace.id=" SPANS_TRACE " span.id=%s",
                                   span_named("process mall", 1)->id));
        wait_for_told(span_named("process mall", 3)->id);
        stop_listening();
        close_all();
}

/* The retries are within it; what ran in vain is not told. */
static void a_retry_is_part_of_it(void)
{
        const struct span_record *process;

        open_all();
        atomic_store(&refusals, 2);
        listen_to_log();
        say_traced("1", thing("busy"), SPANS_SAMPLED);
        listen_as("things");
        process = span_named("process mall", 0);
        check_int(process->status, SPAN_UNSET);
        check_int(spans_named("reaction Thing"), 1);
        span_named("commit", 0);
        check_int(spans_named("commit"), 1);
        check(span_named("reaction Thing", 0)->start_ns - process->start_ns > 50 * 1000000);
        wait_for_told(arena_printf(t.arena,
                                   "trying again error.message=\"not now\" trace.id=" SPANS_TRACE
                                   " span.id=%s",
                                   process->id));
        stop_listening();
        close_all();
}

/* To the byte: what is announced is as it was before there were spans. */
static void is_passed_on_untouched(const char *traceparent)
{
        say_traced("1", thing("a"), traceparent);
        listen_as("things");
        wait_for_things(1);
        wait_for_metric("consumed", "Thing", 1);
        check(announced(1)[0].headers_len && *announced(1)[0].headers == 'c'); /* ce_type */
        check_text(header_of(&announced(1)[0], "traceparent"), traceparent);
        check(spans_are_none());
}

static void a_trace_that_is_not_recorded_is_passed_on_untouched(void)
{
        open_all();
        is_passed_on_untouched(SPANS_UNSAMPLED);
        close_all();
}

static void where_tracing_is_off_nothing_changes(void)
{
        open_all();
        trace_sampler_set(TRACE_OFF, 0);
        is_passed_on_untouched(SPANS_SAMPLED);
        close_all();
}

/* The log has the ids of the trace that came, whether it is recorded or not. */
static void the_log_names_the_trace_that_came(void)
{
        begin();
        listen_to_log();
        say_traced("2", thing("bad"), SPANS_SAMPLED);
        say("3", thing("bad"));
        listen_as("things");
        wait_for_metric("dead", "Thing", 2);
        wait_for_told("trace.id=" SPANS_TRACE " span.id=" SPANS_ABOVE);
        stop_listening();
        check_int(count_of(told(), "trace.id"), 1);
        check_int(count_of(told(), "span.id"), 1);
        end();
}

/* Of a sender that knows no traces: one begins here. */
static void an_event_without_a_trace_begins_one(void)
{
        const struct span_record *process;
        struct trace publish;

        open_all();
        say("1", thing("a"));
        listen_as("things");
        process = span_named("process mall", 0);
        check_text(process->above, "");
        check(event_form_trace(&announced(1)[0], &publish));
        check_text(publish.id, process->trace);
        check_text(publish.above, process->id);
        close_all();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(an_event_its_reaction_and_its_commit_are_recorded),
                STORY(each_event_of_a_batch_has_its_own),
                STORY(a_duplicate_is_recorded_as_one_and_nothing_is_done_for_it),
                STORY(a_dead_letter_is_an_error),
                STORY(a_retry_is_part_of_it),
                STORY(a_trace_that_is_not_recorded_is_passed_on_untouched),
                STORY(where_tracing_is_off_nothing_changes),
                STORY(the_log_names_the_trace_that_came),
                STORY(an_event_without_a_trace_begins_one),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
