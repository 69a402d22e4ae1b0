/* fault list, fault clear - the faults that are on at the daemons' admin listeners. */
#include "mallctl/fault_command.h"

#include "base/clock.h"
#include "mallctl/columns.h"
#include "mallctl/command.h"
#include "mallctl/fault_json.h"
#include "mallctl/flags.h"
#include "mallctl/interrupt.h"
#include "mallctl/services.h"

#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- what all three do ---- */

static int misunderstood_or_failed(const struct fault_work *w, const struct error *e)
{
        if (e->kind == ERROR_BAD_INPUT)
                return flags_misunderstood(w->command, e->text);
        fprintf(stderr, "mallctl: %s\n", e->text);
        return EXIT_REFUSED;
}

int fault_work(struct fault_work *w, int (*run)(struct fault_work *work))
{
        struct reach reach = {0};
        struct error e = {0};
        int code;

        interrupt_watch();
        curl_global_init(CURL_GLOBAL_NOTHING); /* no TLS here */
        w->admin = admin_open(config_text(w->config, "token-file"), interrupt_flag(), &e);
        w->reach = &reach;
        if (w->admin && reach_open(&reach, w->config, w->arena, &e))
                code = run(w) | (reach.missing ? EXIT_REFUSED : 0);
        else
                code = misunderstood_or_failed(w, &e);
        reach_close(&reach);
        admin_close(&w->admin);
        curl_global_cleanup();
        return code;
}

int fault_trouble(const struct fault_work *w, const struct admin_listener *l, const char *why)
{
        fflush(stdout);
        fprintf(stderr, "mallctl: %s: %s\n", admin_name(w->arena, l), why);
        return EXIT_REFUSED;
}

/* ---- list ---- */

static const struct setting list_settings[] = {
        REACH_SETTINGS,
        {.name = "kinds",
         .type = SETTING_CHOICE,
         .fallback = "no",
         .choices = "no|yes",
         .help = "the kinds of faults that there are, and which daemons have them, instead"},
        {NULL},
};

static const char list_usage[] =
        "usage: mallctl fault list [FLAG VALUE]...\n\n"
        "Shows the faults that are on. Exit 0: all listeners answered; 1: one did not, which is "
        "said; 2: not understood.\n";

static const char *text_or(const cJSON *object, const char *name, const char *otherwise)
{
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

        return text ? text : otherwise;
}

static const char *count_of(struct arena *arena, const cJSON *object, const char *name)
{
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

        return cJSON_IsNumber(value) ? arena_printf(arena, "%.0f", value->valuedouble) : "-";
}

static const char *or_dash(const char *text)
{
        return *text ? text : "-";
}

/* The texts in the table are copies. */
static void add_faults(struct columns *t, const struct admin_listener *l, const cJSON *answer)
{
        struct arena *arena = t->arena;
        const cJSON *fault;

        cJSON_ArrayForEach (fault, cJSON_GetObjectItemCaseSensitive(answer, "faults"))
                columns_add(t, (const char *const[]){
                                       text_or(answer, "service", l->service),
                                       text_or(answer, "pod", l->pod ? l->pod : "-"),
                                       count_of(arena, fault, "id"), text_or(fault, "kind", "?"),
                                       fault_target(arena, fault), fault_rate(arena, fault),
                                       or_dash(fault_parameters(arena, fault)),
                                       fault_rest(arena, fault, clock_wall_ms()),
                                       count_of(arena, fault, "injected")});
}

/* "path, method, delay" */
static const char *words_of(struct arena *arena, const cJSON *kind)
{
        static const char *const lists[] = {"target", "parameters", NULL};
        struct text out = text_open(arena, 60);
        const cJSON *word;

        for (const char *const *list = lists; *list; list++)
                cJSON_ArrayForEach (word, cJSON_GetObjectItemCaseSensitive(kind, *list))
                        if (cJSON_IsString(word))
                                text_printf(&out, "%s%s", out.len ? ", " : "", word->valuestring);
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(kind, "rate")))
                text_printf(&out, "%srate", out.len ? ", " : "");
        return out.len ? out.at : "-";
}

enum { KIND, HAVE_IT };

/* The row of a kind that others have too: it is one kind if it takes the same. NULL: none yet. */
static const char **row_of(const struct columns *t, const char *kind, const char *words)
{
        for (size_t i = 1; i < t->count; i++)
                if (strcmp(t->rows[i][KIND], kind) == 0 && strcmp(t->rows[i][KIND + 2], words) == 0)
                        return t->rows[i];
        return NULL;
}

/* Pods of a service come beside each other. */
static const char *and_service(struct arena *arena, const char *list, const char *service)
{
        const char *comma = strrchr(list, ',');

        if (strcmp(comma ? comma + 1 : list, service) == 0)
                return list;
        return arena_printf(arena, "%s,%s", list, service);
}

static void add_kinds(struct columns *t, const struct admin_listener *l, const cJSON *answer)
{
        const char *service = columns_clean(t->arena, text_or(answer, "service", l->service));
        const cJSON *kind;

        cJSON_ArrayForEach (kind, cJSON_GetObjectItemCaseSensitive(answer, "kinds")) {
                const char *name = text_or(kind, "name", "?"), *words = words_of(t->arena, kind);
                const char **row = row_of(t, name, words);

                if (row)
                        row[HAVE_IT] = and_service(t->arena, row[HAVE_IT], service);
                else
                        columns_add(t, (const char *const[]){name, service, words,
                                                             text_or(kind, "about", "")});
        }
}

static int ask_one(struct fault_work *w, const struct admin_listener *l, struct columns *t,
                   void (*add)(struct columns *t, const struct admin_listener *l,
                               const cJSON *answer))
{
        struct admin_answer answer;
        struct error e;
        int code = 0;

        if (!admin_ask(w->admin, l, "GET", "/faults", NULL, &answer, &e))
                return fault_trouble(w, l, e.text);
        if (answer.status == 200 &&
            cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(answer.body, "faults")))
                add(t, l, answer.body);
        else
                code = fault_trouble(w, l, admin_refusal(w->arena, &answer));
        cJSON_Delete(answer.body);
        return code;
}

static int list(struct fault_work *w)
{
        static const char *const heads[] = {"SERVICE", "POD",        "ID",      "KIND",    "TARGET",
                                            "RATE",    "PARAMETERS", "ENDS IN", "INJECTED"};
        static const char *const kind_heads[] = {"KIND", "SERVICES", "MEMBERS", "WHAT HAPPENS"};
        bool kinds = flags_yes(w->config, "kinds");
        struct columns t =
                kinds ? columns_open(w->arena, 4, kind_heads) : columns_open(w->arena, 9, heads);
        int code = 0;

        for (size_t i = 0; i < w->reach->count && !interrupt_came(); i++)
                code |= ask_one(w, &w->reach->listeners[i], &t, kinds ? add_kinds : add_faults);
        if (t.count > 1)
                columns_print(&t, stdout);
        else if (!code && !w->reach->missing)
                puts(kinds ? "there are no kinds" : "no fault is on");
        return code;
}

static int list_run(const struct config *config)
{
        struct arena *arena = arena_open();
        struct fault_work work = {.command = "fault list", .config = config, .arena = arena};
        int code = config_arguments(config)[0]
                           ? flags_misunderstood("fault list", "fault list takes flags only")
                           : fault_work(&work, list);

        arena_close(&arena);
        return code;
}

int fault_list_main(char **arguments)
{
        static char kinds[] = "--kinds=yes";
        static const struct flags_bare bare[] = {REACH_BARE, {"--kinds", kinds}, {NULL, NULL}};

        return flags_main("fault list", list_settings, list_usage, list_run,
                          flags_bare(arguments, bare));
}

/* ---- clear ---- */

static const struct setting clear_settings[] = {
        REACH_SETTINGS,
        {.name = "id",
         .type = SETTING_NUMBER,
         .help = "only this one, of the one service that --service names",
         .only_flag = true,
         .least = 1,
         .most = INT64_MAX},
        {NULL},
};

static const char clear_usage[] =
        "usage: mallctl fault clear [FLAG VALUE]...\n\n"
        "Ends all faults, or those of --service, or the one with --id. Exit 0: they have ended; 1: "
        "a listener did not answer, or has\n"
        "no such fault; 2: not understood.\n";

static int say_cleared(struct fault_work *w, const struct admin_listener *l, const cJSON *body)
{
        const cJSON *ended = cJSON_GetObjectItemCaseSensitive(body, "ended");
        int count = cJSON_IsNumber(ended) ? ended->valueint : 1;

        if (count)
                printf("%s: %d fault%s ended\n", admin_name(w->arena, l), count,
                       count == 1 ? " has" : "s have");
        return count;
}

/* Adds to `ended` how many it had. */
static int clear_one(struct fault_work *w, const struct admin_listener *l, int *ended)
{
        struct admin_answer answer;
        struct error e;
        int code = 0;

        if (!admin_ask(w->admin, l, "DELETE", w->path, NULL, &answer, &e))
                return fault_trouble(w, l, e.text);
        if (answer.status == 200 || answer.status == 204)
                *ended += say_cleared(w, l, answer.body);
        else if (answer.status != 404 || !config_is_set(w->config, "id"))
                code = fault_trouble(w, l, admin_refusal(w->arena, &answer));
        cJSON_Delete(answer.body);
        return code;
}

static int clear(struct fault_work *w)
{
        bool one = config_is_set(w->config, "id");
        int ended = 0, code = 0;

        for (size_t i = 0; i < w->reach->count && !interrupt_came(); i++)
                code |= clear_one(w, &w->reach->listeners[i], &ended);
        code |= w->reach->missing ? EXIT_REFUSED : 0;
        if (!ended && !code && one) {
                fprintf(stderr, "mallctl: no fault has the id %lld there\n",
                        (long long)config_number(w->config, "id"));
                return EXIT_REFUSED;
        }
        if (!ended && !code)
                puts("no fault was on");
        return code;
}

static int clear_run(const struct config *config)
{
        struct arena *arena = arena_open();
        struct fault_work work = {
                .command = "fault clear", .config = config, .arena = arena, .path = "/faults"};
        bool one = config_is_set(config, "id");
        int code;

        if (one)
                work.path =
                        arena_printf(arena, "/faults/%lld", (long long)config_number(config, "id"));
        if (config_arguments(config)[0])
                code = flags_misunderstood("fault clear", "fault clear takes flags only");
        else if (one && !config_text(config, "service") && !config_text(config, "selector") &&
                 !config_is_flag(config, "at"))
                code = flags_misunderstood(
                        "fault clear", "each daemon counts its ids: --id needs --service as well");
        else
                code = fault_work(&work, clear);
        arena_close(&arena);
        return code;
}

int fault_clear_main(char **arguments)
{
        static const struct flags_bare bare[] = {REACH_BARE, {NULL, NULL}};

        return flags_main("fault clear", clear_settings, clear_usage, clear_run,
                          flags_bare(arguments, bare));
}
