#include "mallctl/gameday_run.h"

#include "audit/ask.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "mallctl/columns.h"
#include "mallctl/flags.h"
#include "mallctl/gameday_faults.h"
#include "mallctl/gameday_plan.h"
#include "mallctl/interrupt.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_NOT_RUN = 3, STEP_US = 50000, SPARE_STOCK = 1000 };

struct run {
        const struct gameday *day;
        const struct gameday_mall *mall;
        struct arena *arena;
        const char *product;
        struct gameday_faults *faults;
        struct gameday_watch *watch;
        struct gameday_load *load;
        int64_t begun_us;
};

/* ---- the product ---- */

static bool product_made(struct run *r, const struct text *body, long status, struct error *error)
{
        if (status == 201)
                return true;
        return error_set(error, ERROR_UNAVAILABLE,
                         "no product can be made: %s/inventories: a %ld "
                         "%.100s",
                         r->mall->gateway, status, columns_clean(r->arena, body->at));
}

static bool make_product(struct run *r, struct error *error)
{
        double orders = r->day->rate * (double)r->day->load_ms / 1000;
        long long stock = (long long)orders * (long long)r->day->qty + SPARE_STOCK;
        struct curl_slist *json = curl_slist_append(NULL, "Content-Type: application/json");
        struct text body = text_open(r->arena, 1024);
        char uuid[RANDOM_UUID];
        struct ask one = {.easy = curl_easy_init(),
                          .scratch = r->arena,
                          .headers = json,
                          .stop = interrupt_flag(),
                          .error = error};
        long status;
        bool made;

        random_uuid(uuid);
        r->product = arena_printf(r->arena, "gameday-%.8s", uuid);
        one.url = arena_printf(r->arena, "%s/inventories", r->mall->gateway);
        one.body = arena_printf(
                r->arena, "{\"productId\":\"%s\",\"productName\":\"game day\",\"stock\":%lld}",
                r->product, stock);
        made = ask(&one, &body, &status) && product_made(r, &body, status, error);
        if (made)
                printf("product %s has a stock of %lld\n", r->product, stock);
        curl_slist_free_all(json);
        curl_easy_cleanup(one.easy);
        return made;
}

/* ---- what happens ---- */

static int64_t since_ms(const struct run *r)
{
        return (clock_mono_us() - r->begun_us) / 1000;
}

static void say_line(struct run *r, int64_t now_ms)
{
        struct gameday_waiting waiting = gameday_watch_waiting(r->watch);
        struct gameday_orders o;

        gameday_load_count(r->load, &o);
        printf("%4llds  %zu orders acknowledged, %zu failed", (long long)(now_ms / 1000),
               o.acknowledged, o.failed);
        if (o.left_out)
                printf(", %zu left out", o.left_out);
        if (waiting.outbox >= 0)
                printf("; events: %g to be published", waiting.outbox);
        if (waiting.lag >= 0)
                printf(", %g to be heard", waiting.lag);
        puts("");
        fflush(stdout);
}

static bool go_through(struct run *r, struct error *error)
{
        int64_t length = gameday_length_ms(r->day), line = 0, now;

        r->begun_us = clock_mono_us();
        while ((now = since_ms(r)) < length && !interrupt_came()) {
                if (!gameday_faults_go_on(r->faults, now, error))
                        return false;
                if (now / 1000 >= line) {
                        say_line(r, now);
                        line = now / 1000 + 1;
                }
                usleep(STEP_US);
        }
        return !interrupt_came() || error_set(error, ERROR_UNAVAILABLE, "interrupted");
}

/* ---- the verdict ---- */

struct verdicts {
        struct arena *arena; /* of the last look at all of them */
        struct gameday_judgement *all;
};

static struct gameday_judgement judge_one(struct run *r, struct arena *arena, size_t i,
                                          struct gameday_books *books,
                                          const struct gameday_orders *orders)
{
        const struct gameday_check *c = &r->day->checks[i];
        struct gameday_seen seen = gameday_watch_seen(r->watch, i);

        switch (c->kind) {
        case CHECK_AUDIT:
                return gameday_judge_audit(arena, books);
        case CHECK_NONE_LOST:
                return gameday_judge_lost(arena, books, orders);
        case CHECK_NONE_FAILED:
        case CHECK_SOME_FAILED:
                return gameday_judge_orders(arena, c, orders);
        default:
                return gameday_judge_seen(arena, c, &seen);
        }
}

/* Whether looking again may change the verdict. */
static bool judge_all(struct run *r, struct verdicts *v, struct gameday_books *books)
{
        bool again = false;
        struct gameday_orders orders;
        struct error ignored;

        arena_reset(v->arena);
        gameday_load_count(r->load, &orders);
        gameday_watch_look(r->watch, &ignored);
        for (size_t i = 0; i < r->day->check_count; i++) {
                v->all[i] = judge_one(r, v->arena, i, books, &orders);
                again |= v->all[i].verdict == VERDICT_NOT_YET ||
                         v->all[i].verdict == VERDICT_UNCHECKED;
        }
        return again;
}

static bool fails_for_good(const struct run *r, const struct verdicts *v)
{
        for (size_t i = 0; i < r->day->check_count; i++)
                if (v->all[i].verdict == VERDICT_FAILS)
                        return true;
        return false;
}

static void settle(struct run *r, struct verdicts *v)
{
        int64_t end = clock_mono_us() + r->day->settle_ms * 1000;
        struct gameday_books books = {.places = r->mall->books};

        books.ids = gameday_load_ids(r->load, &books.id_count);
        while (judge_all(r, v, &books) && clock_mono_us() < end && !interrupt_came() &&
               !fails_for_good(r, v))
                usleep(1000 * 1000);
}

static void print_table(const struct run *r, const struct verdicts *v)
{
        static const char *const heads[] = {"CHECK", "WANTED", "SEEN", "VERDICT"};
        static const char *const words[] = {[VERDICT_HOLDS] = "holds",
                                            [VERDICT_FAILS] = "FAILS",
                                            [VERDICT_NOT_YET] = "FAILS",
                                            [VERDICT_UNCHECKED] = "not checked"};
        struct columns t = columns_open(r->arena, 4, heads);

        for (size_t i = 0; i < r->day->check_count; i++)
                columns_add(&t,
                            (const char *const[]){gameday_check_name(r->arena, &r->day->checks[i]),
                                                  gameday_check_wants(r->arena, &r->day->checks[i]),
                                                  v->all[i].seen, words[v->all[i].verdict]});
        puts("");
        columns_print(&t, stdout);
}

static void say_failures(const struct gameday_orders *o)
{
        if (o->failed)
                puts("\nOrders that failed:");
        for (size_t i = 0; i < o->reasons; i++)
                printf("  %zu: %s\n", o->failures[i].count, o->failures[i].why);
}

static int say_verdict(const struct run *r, const struct verdicts *v)
{
        static const char *const said[] = {"the mall stood it", "the mall did not stand it", "",
                                           "not all could be checked"};
        int code = gameday_exit_code(v->all, r->day->check_count);
        struct gameday_orders o;

        gameday_load_count(r->load, &o);
        say_failures(&o);
        print_table(r, v);
        printf("\ngame day %s: %s\n", columns_clean(r->arena, r->day->name), said[code]);
        return code;
}

static int judge(struct run *r)
{
        struct verdicts v = {arena_open(),
                             arena_alloc(r->arena, r->day->check_count * sizeof *v.all)};
        int code;

        puts("the faults are over; the mall settles");
        fflush(stdout);
        settle(r, &v);
        if (interrupt_came())
                code = EXIT_NOT_RUN;
        else
                code = say_verdict(r, &v);
        arena_close(&v.arena);
        return code;
}

/* ---- from begin to end ---- */

static void say_doubts(struct run *r)
{
        for (size_t i = 0; i < r->day->check_count; i++) {
                const char *doubt = gameday_watch_doubt(r->watch, i, r->arena);

                if (doubt)
                        printf("warning: %s:%d: %s\n", columns_clean(r->arena, r->day->file),
                               r->day->checks[i].line, columns_clean(r->arena, doubt));
        }
        fflush(stdout);
}

static bool prepare(struct run *r, struct error *error)
{
        r->product = r->mall->product;
        r->faults = gameday_faults_open(r->day, r->mall->admin, r->mall->listeners,
                                        r->mall->listener_count, error);
        r->watch = gameday_watch_open(r->day, r->mall->actuators, r->mall->actuator_count);
        if (!r->faults || !gameday_faults_check(r->faults, error) ||
            !gameday_watch_look(r->watch, error))
                return false;
        gameday_plan_print(r->day, r->mall->books.bus, r->arena);
        say_doubts(r);
        return r->product || make_product(r, error);
}

static int run_prepared(struct run *r)
{
        struct error e;
        bool done;

        r->load = gameday_load_open(r->day, r->mall->gateway, r->product);
        gameday_watch_begin(r->watch);
        done = go_through(r, &e);
        gameday_faults_clear(r->faults, since_ms(r));
        gameday_load_end(r->load);
        gameday_watch_end(r->watch);
        if (done)
                return judge(r);
        fflush(stdout);
        fprintf(stderr, "mallctl: %s; its faults were taken back, and nothing was judged\n",
                e.text);
        return EXIT_NOT_RUN;
}

static int not_prepared(const struct error *e)
{
        if (e->kind == ERROR_BAD_INPUT)
                return flags_misunderstood("gameday", e->text);
        fprintf(stderr, "mallctl: %s; nothing was done\n", e->text);
        return EXIT_NOT_RUN;
}

int gameday_run(const struct gameday *day, const struct gameday_mall *mall, struct arena *arena)
{
        struct run r = {.day = day, .mall = mall, .arena = arena};
        struct error e = {0};
        int code = prepare(&r, &e) ? run_prepared(&r) : not_prepared(&e);

        gameday_load_close(&r.load);
        gameday_watch_close(&r.watch);
        gameday_faults_close(&r.faults);
        return code;
}
