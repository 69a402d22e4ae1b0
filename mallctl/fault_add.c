/* fault add - switches a fault on, at every place of the services that are named. */
#include "base/faults_kinds.h"
#include "mallctl/columns.h"
#include "mallctl/command.h"
#include "mallctl/fault_command.h"
#include "mallctl/fault_json.h"
#include "mallctl/flags.h"
#include "mallctl/interrupt.h"
#include "mallctl/names.h"
#include "mallctl/services.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- flags: those of all commands here, and one for each member of a fault ---- */

static const struct setting reach_settings[] = {REACH_SETTINGS, {NULL}};

static const struct {
        const char *member, *help;
} helps[] = {
        {"method", "only requests with this method"},
        {"path", "only requests to this path; {x} is one segment, ** at the end any rest"},
        {"routeId", "gateway: only requests on this route"},
        {"eventType", "only events of this type"},
        {"key", "only events with this key"},
        {"rate", "how many of them, above 0 and at most 1, which is all"},
        {"delay", "how much later, as 500ms or 2s; or"},
        {"p50", "half of them are so late at most, and"},
        {"p99", "99 of 100 are"},
        {"status", "400 to 599"},
        {"cores", "how many are burnt"},
        {"size", "how much memory is held, as 32MiB"},
        {"duration", "when it ends by itself, at most 1h; else 5min"},
        {NULL, NULL},
};

enum { MOST_MEMBERS = 31, MOST_SETTINGS = sizeof reach_settings / sizeof *reach_settings + 32 };

/* "route-id" of "routeId" */
static const char *flag_of(struct arena *arena, const char *member)
{
        struct text flag = text_open(arena, 20);

        for (const char *c = member; *c; c++) {
                if (isupper((unsigned char)*c))
                        text_char(&flag, '-');
                text_char(&flag, (char)tolower((unsigned char)*c));
        }
        return flag.at;
}

/* No variable gives a member: MALL_PATH of some other program would aim the fault elsewhere. */
static struct setting setting_of(struct arena *arena, const char *member)
{
        struct setting s = {.name = flag_of(arena, member),
                            .type = SETTING_TEXT,
                            .help = "",
                            .only_flag = true};

        for (size_t i = 0; helps[i].member; i++)
                if (strcmp(helps[i].member, member) == 0)
                        s.help = helps[i].help;
        return s;
}

/* All members of faults, ended by NULL. */
static const char *const *members_of_faults(void)
{
        static const char *members[MOST_MEMBERS + 1];
        size_t count = 0;

        for (const struct fault_member_row *row = fault_member_rows; row->name; row++)
                if (count < MOST_MEMBERS - 1)
                        members[count++] = row->name;
        members[count] = "duration";
        return members;
}

static const struct setting *settings_in(struct arena *arena)
{
        struct setting *all = arena_alloc(arena, MOST_SETTINGS * sizeof *all);
        size_t count = sizeof reach_settings / sizeof *reach_settings - 1;

        memcpy(all, reach_settings, sizeof reach_settings);
        for (const char *const *m = members_of_faults(); *m; m++)
                all[count++] = setting_of(arena, *m);
        return all;
}

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

static void say_added(const struct fault_work *w, const struct admin_listener *l,
                      const cJSON *fault)
{
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(fault, "id");
        const cJSON *ms = cJSON_GetObjectItemCaseSensitive(fault, "durationMs");
        const char *warning = text_of(fault, "warning");
        const char *parameters = fault_parameters(w->arena, fault);

        printf("%s: fault %.0f is on for %s: %s, target %s, rate %s%s%s\n", admin_name(w->arena, l),
               cJSON_IsNumber(id) ? id->valuedouble : 0,
               fault_time(w->arena, cJSON_IsNumber(ms) ? (int64_t)ms->valuedouble : 0),
               columns_clean(w->arena, text_of(fault, "kind") ? text_of(fault, "kind") : "?"),
               columns_clean(w->arena, fault_target(w->arena, fault)), fault_rate(w->arena, fault),
               *parameters ? ", " : "", parameters);
        if (warning)
                printf("%s: warning: %s\n", admin_name(w->arena, l),
                       columns_clean(w->arena, warning));
}

static int add_one(struct fault_work *w, const struct admin_listener *l)
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

static const char *value_of(const struct config *config, struct arena *arena, const char *member)
{
        return config_text(config, flag_of(arena, member));
}

static bool read_fault(const struct config *config, struct arena *arena, const char **json,
                       struct error *error)
{
        struct text body = fault_json_begin(arena, config_arguments(config)[0]);
        struct error e = {0};

        for (const char *const *m = members_of_faults(); *m; m++)
                if (value_of(config, arena, *m))
                        fault_json_add(&body, *m, value_of(config, arena, *m));
        if (fault_json_end(&body, &e)) {
                *json = body.at;
                return true;
        }
        if (!names_have(members_of_faults(), e.member))
                return error_set(error, ERROR_BAD_INPUT, "%s", e.text);
        return error_set(error, ERROR_BAD_INPUT, "--%s: %s%s", flag_of(arena, e.member), e.text,
                         fault_unit_hint(arena, &e, value_of(config, arena, e.member)));
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
        if (!config_text(config, "service") && !config_is_flag(config, "at") &&
            !config_text(config, "selector"))
                return error_set(error, ERROR_BAD_INPUT,
                                 "where? name the service: --service product; all of them: "
                                 "--service order,delivery,...; or --at, or --selector");
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
        struct arena *arena = arena_open();
        int code = flags_main("fault add", settings_in(arena), usage, run,
                              flags_bare(arguments, bare));

        arena_close(&arena);
        return code;
}
