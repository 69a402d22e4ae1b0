#include "mallctl/gameday_judge.h"

#include "audit/ask.h"
#include "mallctl/columns.h"

#include <curl/curl.h>
#include <string.h>

enum { EXIT_STOOD, EXIT_FELL, EXIT_UNCHECKED = 3 };

static struct gameday_judgement judged(bool holds, enum gameday_verdict otherwise, const char *seen)
{
        return (struct gameday_judgement){holds ? VERDICT_HOLDS : otherwise, seen};
}

/* ---- what was seen ---- */

static struct gameday_judgement by_readiness(struct arena *arena, const struct gameday_check *c,
                                             const struct gameday_seen *s)
{
        int looks = s->ready + s->not_ready;
        const char *seen = arena_printf(arena, "UP in %d of %d looks", s->ready, looks);

        if (!looks)
                return judged(false, VERDICT_UNCHECKED, "nobody looked");
        return judged(c->kind == CHECK_STAYED_READY ? !s->not_ready : s->not_ready, VERDICT_FAILS,
                      seen);
}

static struct gameday_judgement by_metric(struct arena *arena, const struct gameday_check *c,
                                          const struct gameday_seen *s)
{
        const char *course = arena_printf(arena, "%g, then %g", s->first, s->last);

        switch (c->kind) {
        case CHECK_GREW:
                return judged(s->last > s->first, VERDICT_NOT_YET, course);
        case CHECK_SAME:
                return judged(s->last <= s->first, VERDICT_FAILS, course);
        case CHECK_REACHED:
                return judged(s->most >= c->bound, VERDICT_FAILS,
                              arena_printf(arena, "%g at most", s->most));
        case CHECK_ENDS_AT_MOST:
                return judged(s->last <= c->bound, VERDICT_NOT_YET,
                              arena_printf(arena, "%g, after %g at most", s->last, s->most));
        default:
                return judged(s->last >= c->bound, VERDICT_NOT_YET,
                              arena_printf(arena, "%g", s->last));
        }
}

/* Many counters are shown only once they have counted: such a check fails then. Where nothing may
   be counted, a slip in the name would pass for it. */
static bool needs_more(enum gameday_check_kind kind)
{
        return kind == CHECK_GREW || kind == CHECK_REACHED || kind == CHECK_ENDS_AT_LEAST;
}

struct gameday_judgement gameday_judge_seen(struct arena *arena, const struct gameday_check *c,
                                            const struct gameday_seen *s)
{
        if (!c->metric)
                return by_readiness(arena, c, s);
        if (!s->shown)
                return judged(false, needs_more(c->kind) ? VERDICT_NOT_YET : VERDICT_UNCHECKED,
                              "nobody shows such a metric");
        if (!s->now)
                return judged(false, VERDICT_UNCHECKED, "it is not shown any more");
        return by_metric(arena, c, s);
}

struct gameday_judgement gameday_judge_orders(struct arena *arena, const struct gameday_check *c,
                                              const struct gameday_orders *o)
{
        const char *seen =
                arena_printf(arena, "%zu acknowledged, %zu failed", o->acknowledged, o->failed);

        if (!o->acknowledged && !o->failed)
                return judged(false, VERDICT_UNCHECKED, "no order was placed");
        return judged(c->kind == CHECK_NONE_FAILED ? !o->failed : o->failed, VERDICT_FAILS, seen);
}

/* ---- the books ---- */

static const char *offences_text(struct arena *arena, const struct audit_report *r)
{
        const char *first = r->told_count ? columns_clean(arena, r->told[0].text) : "";

        return arena_printf(arena, "%s: %s",
                            verdict_count(arena, r->offences, "offence", "offences"), first);
}

struct gameday_judgement gameday_judge_audit(struct arena *arena, const struct gameday_books *b)
{
        struct audit_report report;
        struct error e;

        if (!audit_run(&b->places, arena, &report, &e))
                return judged(false, VERDICT_UNCHECKED, arena_string(arena, e.text));
        if (report.offences)
                return judged(false, VERDICT_NOT_YET, offences_text(arena, &report));
        if (report.unchecked_count)
                return judged(false, VERDICT_UNCHECKED, report.unchecked[0]);
        return judged(true, VERDICT_HOLDS,
                      arena_printf(arena, "balanced, %s",
                                   verdict_count(arena, report.orders, "order", "orders")));
}

/* ---- lost orders ---- */

struct search {
        CURL *easy;
        struct arena *scratch;
        const char *order; /* its URL */
        const atomic_bool *stop;
};

/* The status of that order's answer; 0 and the error: none came. */
static long status_of(const struct search *s, int64_t id, struct error *error)
{
        struct text body;
        struct ask one = {.easy = s->easy, .scratch = s->scratch, .stop = s->stop, .error = error};
        long status = 0;

        arena_reset(s->scratch);
        body = text_open(s->scratch, 1024);
        one.url = arena_printf(s->scratch, "%s/orders/%lld", s->order, (long long)id);
        return ask(&one, &body, &status) ? status : 0;
}

static struct gameday_judgement search_all(struct arena *arena, const struct search *s,
                                           struct gameday_books *b)
{
        size_t lost = 0;
        int64_t first = 0;
        struct error e;

        for (size_t i = b->verified; i < b->id_count; i++) {
                long status = status_of(s, b->ids[i], &e);

                if (status == 404 && !lost++)
                        first = b->ids[i];
                else if (status != 200 && status != 404)
                        return judged(false, VERDICT_UNCHECKED,
                                      status ? arena_printf(arena, "order %lld: a %ld",
                                                            (long long)b->ids[i], status)
                                             : arena_string(arena, e.text));
                if (!lost)
                        b->verified = i + 1;
        }
        return judged(!lost, VERDICT_FAILS,
                      lost ? arena_printf(arena, "%zu of %zu lost, as order %lld", lost,
                                          b->id_count, (long long)first)
                           : arena_printf(arena, "all %zu are there", b->id_count));
}

struct gameday_judgement gameday_judge_lost(struct arena *arena, struct gameday_books *b,
                                            const struct gameday_orders *orders)
{
        struct search s = {.easy = curl_easy_init(),
                           .scratch = arena_open(),
                           .order = b->places.services.order,
                           .stop = b->places.stop};
        struct gameday_judgement j;

        if (!b->id_count)
                j = judged(false, VERDICT_UNCHECKED, "no order was acknowledged");
        else if (orders->unnamed)
                j = judged(false, VERDICT_UNCHECKED,
                           arena_printf(arena, "%zu acknowledged orders have no id in their answer",
                                        orders->unnamed));
        else
                j = search_all(arena, &s, b);
        curl_easy_cleanup(s.easy);
        arena_close(&s.scratch);
        return j;
}

/* ---- all of them ---- */

int gameday_exit_code(const struct gameday_judgement *j, size_t count)
{
        int code = EXIT_STOOD;

        for (size_t i = 0; i < count; i++) {
                if (j[i].verdict == VERDICT_FAILS || j[i].verdict == VERDICT_NOT_YET)
                        return EXIT_FELL;
                if (j[i].verdict == VERDICT_UNCHECKED)
                        code = EXIT_UNCHECKED;
        }
        return code;
}
