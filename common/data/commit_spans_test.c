/* The commit, as a trace shows it: one span for each unit that wrote and is recorded. */
#include "data/event_form.h"
#include "data/store_inside.h"
#include "testing/named_spans.h"
#include "testing/thing.h"

static struct store *store;
static struct arena *arena;

static void begin(void)
{
        store = things_open();
        arena = arena_open();
        spans_record(TRACE_PARENT_ALWAYS_ON, 0);
}

static void end(void)
{
        spans_forget();
        store_close(&store);
        arena_close(&arena);
}

static struct errand holding;

/* The next jobs share a transaction. */
static void hold(void)
{
        errand_send(&holding, store, NULL, NULL);
}

static void let_go(void)
{
        check_int(errand_end(&holding), ERROR_NONE);
}

/* Where the writer is held, it begins later. */
static void send(struct errand *e, const char *traceparent, void (*run)(struct unit *, void *))
{
        *e = (struct errand){.thing.name = "a", .run = run};
        sem_init(&e->over, 0, 0);
        e->job = (struct job){.run = errand_run,
                              .done = errand_done,
                              .arg = e,
                              .arena = arena_open(),
                              .traceparent = traceparent};
        store_submit(store, &e->job);
}

static enum error_kind ended(struct errand *e)
{
        while (sem_wait(&e->over) != 0)
                ;
        arena_close(&e->job.arena);
        return e->error.kind;
}

static enum error_kind do_one(const char *traceparent, void (*run)(struct unit *, void *))
{
        struct errand e;

        send(&e, traceparent, run);
        return ended(&e);
}

static const char *traceparent_of(int n)
{
        return arena_printf(arena, "00-%032d-%016d-01", n, n);
}

static void look(struct unit *unit, void *thing)
{
        (void)thing;
        unit_get(unit, &thing_entity, 1);
}

static void add_and_refuse(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        unit_refuse(unit, ERROR_BAD_INPUT, NULL, "no");
}

static struct outbox_record announced(size_t nth)
{
        struct outbox_record all[100];
        struct error e = {0};
        size_t count;

        check(outbox_read(store, 0, all, 100, &count, arena, &e) && nth < count);
        return all[nth];
}

static void a_unit_that_wrote_has_a_commit(void)
{
        const struct span_record *commit;
        struct outbox_record o;
        struct trace publish;
        int64_t before, after;

        begin();
        before = clock_wall_ns();
        check_int(do_one(SPANS_SAMPLED, thing_add_and_say), ERROR_NONE);
        after = clock_wall_ns();
        commit = span_named("commit", 0);
        check_int(commit->kind, SPAN_INTERNAL);
        check_text(commit->trace, SPANS_TRACE);
        check_text(commit->above, SPANS_ABOVE);
        check(strcmp(commit->id, SPANS_ABOVE) != 0);
        check(before <= commit->start_ns && commit->start_ns <= commit->end_ns &&
              commit->end_ns <= after);
        check_int(commit->status, SPAN_UNSET);
        o = announced(0);
        check(event_form_trace(&o, &publish));
        check_text(publish.id, SPANS_TRACE);
        check_text(publish.above, SPANS_ABOVE);
        check(strcmp(publish.span, commit->id) != 0 && strcmp(publish.span, SPANS_ABOVE) != 0);
        end();
}

static void units_that_share_a_commit_have_one_each(void)
{
        enum { UNITS = 20 };
        struct errand all[UNITS];

        begin();
        hold();
        for (int i = 0; i < UNITS; i++)
                send(&all[i], i % 2 ? traceparent_of(i) : NULL, thing_add_and_say);
        let_go();
        for (int i = 0; i < UNITS; i++)
                check_int(ended(&all[i]), ERROR_NONE);
        span_named("commit", UNITS / 2 - 1);
        check_int(spans_named("commit"), UNITS / 2);
        for (int i = 0; i < UNITS / 2; i++) {
                const struct span_record *commit = span_named("commit", i);

                check_text(commit->trace, arena_printf(arena, "%032d", 2 * i + 1));
                check_text(commit->above, arena_printf(arena, "%016d", 2 * i + 1));
                check_int(commit->end_ns, span_named("commit", 0)->end_ns);
        }
        end();
}

/* The whole batch runs again because of the one that is refused. */
static void what_is_rolled_back_has_none_and_what_runs_twice_has_one(void)
{
        struct errand all[3];

        begin();
        hold();
        send(&all[0], traceparent_of(1), thing_add_and_say);
        send(&all[1], traceparent_of(2), add_and_refuse);
        send(&all[2], traceparent_of(3), thing_add_and_say);
        let_go();
        check_int(ended(&all[0]), ERROR_NONE);
        check_int(ended(&all[1]), ERROR_BAD_INPUT);
        check_int(ended(&all[2]), ERROR_NONE);
        span_named("commit", 1);
        check_int(do_one(NULL, thing_add_and_say), ERROR_NONE); /* those before are over */
        check_int(spans_named("commit"), 2);
        check_text(span_named("commit", 0)->trace, arena_printf(arena, "%032d", 1));
        check_text(span_named("commit", 1)->trace, arena_printf(arena, "%032d", 3));
        end();
}

static void a_unit_that_wrote_nothing_has_none(void)
{
        begin();
        check_int(do_one(SPANS_SAMPLED, look), ERROR_NONE);
        check_int(do_one(NULL, thing_add_and_say), ERROR_NONE); /* it is over */
        check(spans_are_none());
        end();
}

/* Also the outbox is as it was before there were spans: what is passed on is the step's own. */
static void is_untouched(const char *traceparent)
{
        struct arena *own = arena_open();
        struct outbox_record o;
        struct record r;

        check_int(do_one(traceparent, thing_add_and_say), ERROR_NONE);
        check_int(do_one(NULL, thing_add_and_say), ERROR_NONE); /* it is over */
        check(spans_are_none());
        o = announced(0);
        check_text(o.headers, "ce_type"); /* the first */
        event_form_record(&o, "/things/1", &r, own);
        check_text(record_header(&r, "traceparent", own), traceparent);
        arena_close(&own);
}

static void where_it_is_not_recorded_nothing_changes(void)
{
        begin();
        is_untouched(SPANS_UNSAMPLED);
        end();
}

static void where_tracing_is_off_nothing_changes(void)
{
        begin();
        trace_sampler_set(TRACE_OFF, 0);
        is_untouched(SPANS_SAMPLED);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_unit_that_wrote_has_a_commit),
                STORY(units_that_share_a_commit_have_one_each),
                STORY(what_is_rolled_back_has_none_and_what_runs_twice_has_one),
                STORY(a_unit_that_wrote_nothing_has_none),
                STORY(where_it_is_not_recorded_nothing_changes),
                STORY(where_tracing_is_off_nothing_changes),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
