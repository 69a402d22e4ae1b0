/* fault add - switches a fault on, at every place of the services that are named. */
#include "mallctl/columns.h"
#include "mallctl/command.h"
#include "mallctl/fault_command.h"
#include "mallctl/fault_json.h"
#include "mallctl/flags.h"
#include "mallctl/interrupt.h"
#include "mallctl/services.h"

#include <stdio.h>
#include <string.h>

static const struct setting settings[] = {
        REACH_SETTINGS,
        {"method", SETTING_TEXT, NULL, .help = "only requests with this method"},
        {"path", SETTING_TEXT, NULL,
         .help = "only requests to this path; {x} is one segment, ** at the end any rest"},
        {"route-id", SETTING_TEXT, NULL, .help = "gateway: only requests on this route"},
        {"event-type", SETTING_TEXT, NULL, .help = "only events of this type"},
        {"key", SETTING_TEXT, NULL, .help = "only events with this key"},
        {"rate", SETTING_TEXT, NULL,
         .help = "how many of them, above 0 and at most 1, which is all"},
        {"delay", SETTING_TEXT, NULL, .help = "how much later, as 2s; or"},
        {"p50", SETTING_TEXT, NULL, .help = "half of them are so late at most, and"},
        {"p99", SETTING_TEXT, NULL, .help = "99 of 100 are"},
        {"status", SETTING_TEXT, NULL, .help = "400 to 599"},
        {"cores", SETTING_TEXT, NULL, .help = "how many are burnt"},
        {"size", SETTING_TEXT, NULL, .help = "how much memory is held, as 32MiB"},
        {"duration", SETTING_TEXT, NULL, .help = "when it ends by itself, at most 1h; else 5min"},
        {NULL},
};

/* Flags that become a member of the fault. */
static const struct {
        const char *flag, *member;
} members[] = {{"method", "method"},        {"path", "path"},   {"route-id", "routeId"},
               {"event-type", "eventType"}, {"key", "key"},     {"rate", "rate"},
               {"delay", "delay"},          {"p50", "p50"},     {"p99", "p99"},
               {"status", "status"},        {"cores", "cores"}, {"size", "size"},
               {"duration", "duration"},    {NULL, NULL}};

static const char usage[] =
        "usage: mallctl fault add KIND --service NAME,... [FLAG VALUE]...\n\n"
        "Switches a fault on at every place of the services, and says what each answered. `mallctl "
        "fault list --kinds` shows the kinds\n"
        "and what each takes. Exit 0: it is on everywhere; 1: a daemon refused it or did not "
        "answer, which is said; 2: not understood,\n"
        "and nothing was sent.\n";

/* ---- sent ---- */

static const char *text_of(const cJSON *object, const char *name)
{
        return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void say_added(const struct fault_work *w, const struct admin_place *l, const cJSON *fault)
{
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(fault, "id");
        const cJSON *ms = cJSON_GetObjectItemCaseSensitive(fault, "durationMs");
        const char *warning = text_of(fault, "warning");

        printf("%s: fault %.0f is on for %s: %s, target %s, rate %s, %s\n", admin_name(w->arena, l),
               cJSON_IsNumber(id) ? id->valuedouble : 0,
               fault_time(w->arena, cJSON_IsNumber(ms) ? (int64_t)ms->valuedouble : 0),
               columns_clean(w->arena, text_of(fault, "kind") ? text_of(fault, "kind") : "?"),
               columns_clean(w->arena, fault_target(w->arena, fault)), fault_rate(w->arena, fault),
               fault_parameters(w->arena, fault));
        if (warning)
                printf("%s: warning: %s\n", admin_name(w->arena, l),
                       columns_clean(w->arena, warning));
}

static int add_one(struct fault_work *w, const struct admin_place *l)
{
        struct admin_answer answer;
        struct error e;
        int code = 0;

        if (!admin_ask(w->admin, l, "POST", "/faults", w->json, &answer, &e))
                return fault_trouble(w, l, e.text);
        if (answer.status == 201)
                say_added(w, l, answer.body);
        else
                code = fault_trouble(w, l, admin_refusal(w->arena, &answer));
        cJSON_Delete(answer.body);
        return code;
}

static int add(struct fault_work *w)
{
        int code = 0;

        for (size_t i = 0; i < w->reach->count && !interrupt_came(); i++)
                code |= add_one(w, &w->reach->listeners[i]);
        return interrupt_came() ? EXIT_REFUSED : code;
}

/* ---- what was asked for ---- */

static const char *flag_of(const char *member)
{
        for (size_t i = 0; members[i].flag; i++)
                if (strcmp(members[i].member, member) == 0)
                        return members[i].flag;
        return NULL;
}

static bool read_fault(const struct config *config, struct arena *arena, const char **json,
                       struct error *error)
{
        struct text body = fault_json_begin(arena, config_arguments(config)[0]);
        struct error e = {0};

        for (size_t i = 0; members[i].flag; i++)
                if (config_text(config, members[i].flag))
                        fault_json_add(&body, members[i].member,
                                       config_text(config, members[i].flag));
        *json = body.at;
        if (fault_json_end(&body, &e)) {
                *json = body.at;
                return true;
        }
        if (flag_of(e.member))
                return error_set(error, ERROR_BAD_INPUT, "--%s: %s", flag_of(e.member), e.text);
        return error_set(error, ERROR_BAD_INPUT, "%s", e.text);
}

static bool read_command(const struct config *config, struct fault_work *w, struct error *error)
{
        const char *const *words = config_arguments(config);

        if (!words[0])
                return error_set(error, ERROR_BAD_INPUT,
                                 "which kind of fault? `mallctl fault list --kinds` shows them");
        if (words[1])
                return error_set(error, ERROR_BAD_INPUT, "one kind at a time, not %.60s too",
                                 words[1]);
        if (!config_text(config, "service") && !config_is_set(config, "at") &&
            !config_text(config, "selector"))
                return error_set(error, ERROR_BAD_INPUT, "where? --service order, or --at");
        return read_fault(config, w->arena, &w->json, error);
}

static int run(const struct config *config)
{
        struct arena *arena = arena_open();
        struct fault_work work = {.command = "fault add", .config = config, .arena = arena};
        struct error e = {0};
        int code = read_command(config, &work, &e) ? fault_work(&work, add)
                                                   : flags_misunderstood("fault add", e.text);

        arena_close(&arena);
        return code;
}

int fault_add_main(char **arguments)
{
        static const struct flags_bare bare[] = {REACH_BARE, {NULL, NULL}};

        return flags_main("fault add", settings, usage, run, flags_bare(arguments, bare));
}
