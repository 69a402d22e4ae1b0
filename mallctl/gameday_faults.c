#include "mallctl/gameday_faults.h"

#include "mallctl/columns.h"
#include "mallctl/fault_json.h"
#include "mallctl/gameday_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One that was switched on. */
struct on {
        const struct admin_listener *listener;
        const char *kind;
        int64_t id, ends_ms; /* since the begin */
        bool is_over;        /* and that was said */
};

struct gameday_faults {
        const struct gameday *day;
        struct admin_client *admin;
        const struct admin_listener *listeners;
        size_t count;
        size_t next; /* the day's first fault that is not on yet */
        struct on *on;
        size_t on_count, on_room;
        struct arena *arena;
};

static bool is_of(const struct admin_listener *l, const struct gameday_fault *fault)
{
        return strcmp(l->service, fault->service) == 0;
}

struct gameday_faults *gameday_faults_open(const struct gameday *day, struct admin_client *admin,
                                           const struct admin_listener *listeners, size_t count,
                                           struct error *error)
{
        struct gameday_faults *f = memory_alloc(sizeof *f);

        f->day = day;
        f->admin = admin;
        f->listeners = listeners;
        f->count = count;
        f->arena = arena_open();
        if (!gameday_plan_has_places(day, listeners, count, f->arena, error))
                gameday_faults_close(&f);
        return f;
}

void gameday_faults_close(struct gameday_faults **faults)
{
        struct gameday_faults *f = *faults;

        if (!f)
                return;
        arena_close(&f->arena);
        free(f->on);
        free(f);
        *faults = NULL;
}

/* ---- before ---- */

static bool has_kind(const cJSON *answer, const char *name)
{
        const cJSON *kind;

        cJSON_ArrayForEach (kind, cJSON_GetObjectItemCaseSensitive(answer, "kinds")) {
                const char *one =
                        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(kind, "name"));

                if (one && strcmp(one, name) == 0)
                        return true;
        }
        return false;
}

static bool has_kinds(struct gameday_faults *f, const struct admin_listener *l, const cJSON *answer,
                      struct error *error)
{
        for (size_t i = 0; i < f->day->fault_count; i++)
                if (is_of(l, &f->day->faults[i]) && !has_kind(answer, f->day->faults[i].kind))
                        return error_set(error, ERROR_UNAVAILABLE, "%s has no fault of the kind %s",
                                         admin_name(f->arena, l), f->day->faults[i].kind);
        return true;
}

static bool check_one(struct gameday_faults *f, const struct admin_listener *l, struct error *error)
{
        struct admin_answer answer;
        struct error e;
        bool good;

        if (!admin_ask(f->admin, l, "GET", "/faults", NULL, &answer, &e))
                return error_set(error, ERROR_UNAVAILABLE, "no admin listener: %s", e.text);
        good = answer.status == 200
                       ? has_kinds(f, l, answer.body, error)
                       : error_set(error, ERROR_UNAVAILABLE, "%s: %s", admin_name(f->arena, l),
                                   admin_refusal(f->arena, &answer));
        cJSON_Delete(answer.body);
        return good;
}

bool gameday_faults_check(struct gameday_faults *f, struct error *error)
{
        for (size_t i = 0; i < f->count; i++)
                for (size_t k = 0; k < f->day->fault_count; k++)
                        if (is_of(&f->listeners[i], &f->day->faults[k])) {
                                if (!check_one(f, &f->listeners[i], error))
                                        return false;
                                break;
                        }
        return true;
}

/* ---- on ---- */

static void say(struct gameday_faults *f, const struct gameday_fault *fault,
                const struct admin_listener *l, const cJSON *answer, int64_t since_ms)
{
        const char *warning =
                cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "warning"));

        printf("%4llds  %s is on for %s at %s\n", (long long)(since_ms / 1000), fault->kind,
               fault_time(f->arena, fault->for_ms), admin_name(f->arena, l));
        if (warning)
                printf("       warning: %s\n", columns_clean(f->arena, warning));
}

static void note(struct gameday_faults *f, const struct gameday_fault *fault,
                 const struct admin_listener *l, const cJSON *answer, int64_t since_ms)
{
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(answer, "id");

        f->on = memory_reserve(f->on, &f->on_room, f->on_count + 1, sizeof *f->on);
        f->on[f->on_count++] = (struct on){.listener = l,
                                           .kind = fault->kind,
                                           .id = cJSON_IsNumber(id) ? (int64_t)id->valuedouble : 0,
                                           .ends_ms = since_ms + fault->for_ms};
}

static bool switch_on(struct gameday_faults *f, const struct gameday_fault *fault,
                      const struct admin_listener *l, int64_t since_ms, struct error *error)
{
        const char *json = arena_printf(f->arena, "%s,\"duration\":\"%lldms\"}", fault->json,
                                        (long long)fault->for_ms);
        struct admin_answer answer;
        bool good;

        if (!admin_ask(f->admin, l, "POST", "/faults", json, &answer, error))
                return false;
        good = answer.status == 201;
        if (good) {
                note(f, fault, l, answer.body, since_ms);
                say(f, fault, l, answer.body, since_ms);
        } else {
                error_set(error, ERROR_UNAVAILABLE, "%s does not take %s: %s",
                          admin_name(f->arena, l), fault->kind, admin_refusal(f->arena, &answer));
        }
        cJSON_Delete(answer.body);
        return good;
}

/* ---- over ---- */

static void say_over(struct gameday_faults *f, struct on *one, int64_t since_ms)
{
        one->is_over = true;
        printf("%4llds  %s is over at %s\n", (long long)(since_ms / 1000), one->kind,
               admin_name(f->arena, one->listener));
}

/* It has ended where the daemon no longer has it. One that does not answer is asked no more. */
static void look_whether_over(struct gameday_faults *f, struct on *one, int64_t since_ms)
{
        const char *path = arena_printf(f->arena, "/faults/%lld", (long long)one->id);
        struct admin_answer answer;
        struct error ignored;

        if (!admin_ask(f->admin, one->listener, "GET", path, NULL, &answer, &ignored)) {
                one->is_over = true;
                return;
        }
        if (answer.status == 404)
                say_over(f, one, since_ms);
        cJSON_Delete(answer.body);
}

/* ---- while it goes on ---- */

bool gameday_faults_go_on(struct gameday_faults *f, int64_t since_ms, struct error *error)
{
        for (size_t i = 0; i < f->on_count; i++)
                if (!f->on[i].is_over && since_ms >= f->on[i].ends_ms)
                        look_whether_over(f, &f->on[i], since_ms);
        for (; f->next < f->day->fault_count; f->next++) {
                const struct gameday_fault *fault = &f->day->faults[f->next];

                if (fault->at_ms > since_ms)
                        return true;
                for (size_t i = 0; i < f->count; i++)
                        if (is_of(&f->listeners[i], fault) &&
                            !switch_on(f, fault, &f->listeners[i], since_ms, error))
                                return false;
        }
        return true;
}

/* ---- off ---- */

void gameday_faults_clear(struct gameday_faults *f, int64_t since_ms)
{
        struct admin_answer answer;
        struct error e;

        admin_do_not_stop(f->admin);
        while (f->on_count) {
                struct on *one = &f->on[--f->on_count];
                const char *path = arena_printf(f->arena, "/faults/%lld", (long long)one->id);

                if (!admin_ask(f->admin, one->listener, "DELETE", path, NULL, &answer, &e)) {
                        fprintf(stderr, "mallctl: %s; the fault there ends by itself\n", e.text);
                        continue;
                }
                cJSON_Delete(answer.body); /* 204, or 404: it has ended */
                if (!one->is_over)
                        say_over(f, one, since_ms);
        }
}
