#include "mallctl/gameday_plan.h"

#include "base/redact.h"
#include "base/suggest.h"
#include "base/text.h"
#include "mallctl/columns.h"
#include "mallctl/fault_json.h"
#include "mallctl/names.h"

#include <stdio.h>
#include <string.h>

/* ---- the plan ---- */

/* "status 500"; its members are texts here, as the file has them */
static const char *parameters_of(struct arena *arena, const cJSON *fault)
{
        static const char *const elsewhere[] = {"kind",      "method", "path", "routeId",
                                                "eventType", "key",    "rate", NULL};
        struct text out = text_open(arena, 60);
        const cJSON *member;

        cJSON_ArrayForEach (member, fault) {
                if (!names_have(elsewhere, member->string) && cJSON_IsString(member))
                        text_printf(&out, "%s%s %s", out.len ? ", " : "", member->string,
                                    member->valuestring);
        }
        return out.len ? out.at : "-";
}

static void add_row(struct columns *t, const struct gameday_fault *fault)
{
        struct arena *arena = t->arena;
        cJSON *json = cJSON_Parse(arena_printf(arena, "%s}", fault->json));
        const char *rate = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "rate"));

        columns_add(t, (const char *const[]){fault_time(arena, fault->at_ms),
                                             fault_time(arena, fault->for_ms), fault->service,
                                             fault->kind, fault_target(arena, json),
                                             rate ? rate : "1", parameters_of(arena, json)});
        cJSON_Delete(json);
}

void gameday_plan_print(const struct gameday *day, const char *bus, struct arena *arena)
{
        static const char *const heads[] = {"AT",     "FOR",  "SERVICE",   "KIND",
                                            "TARGET", "RATE", "PARAMETERS"};
        struct columns t = columns_open(arena, 7, heads);
        char shown[REDACTED];

        printf("%s: %s\n", columns_clean(arena, day->name), columns_clean(arena, day->about));
        for (const char *const *see = day->see; *see; see++)
                printf("- %s\n", columns_clean(arena, *see));
        for (size_t i = 0; i < day->fault_count; i++)
                add_row(&t, &day->faults[i]);
        columns_print(&t, stdout);
        printf("%g orders a second for %s\n", day->rate, fault_time(arena, day->load_ms));
        if (bus)
                printf("the audit reads the events of %s\n", redact(bus, shown));
        fflush(stdout);
}

/* ---- its services ---- */

bool gameday_plan_has_places(const struct gameday *day, const struct admin_listener *listeners,
                             size_t count, struct arena *arena, struct error *error)
{
        const char *const *known = admin_services(arena, listeners, count);
        bool pods = count && listeners[0].pod;

        for (size_t i = 0; i < day->fault_count; i++)
                if (!names_have(known, day->faults[i].service))
                        return error_set(error, ERROR_BAD_INPUT, "%.100s:%d: %s %.60s%.120s",
                                         day->file, day->faults[i].line,
                                         pods ? "there is no pod of" : "--at names no place of",
                                         day->faults[i].service,
                                         names_hint(arena, day->faults[i].service, known));
        return true;
}

/* ---- its metrics ---- */

/* Shown once they have counted, each with a label of its own; the lag on Kafka once the group has
   shared its partitions. */
static const char *const late[] = {"mall_faults_injected_total", "mall_events_published_total",
                                   "mall_events_consumed_total", "mall_events_duplicate_total",
                                   "mall_events_dead_total",     "mall_events_clashing_total",
                                   "mall_spans_dropped_total",   "mall_spans_exported_total",
                                   "kafka_consumer_records_lag", NULL};

/* "http_server_requests_seconds_count" of a line of samples; NULL: it is another line */
static const char *name_on(struct arena *arena, const char *line)
{
        size_t len = strcspn(line, " {\n");

        return *line == '#' || !len ? NULL : arena_copy(arena, line, len);
}

static void add_names(struct arena *arena, const char *page, const char **names, size_t *count,
                      size_t most)
{
        while (*page) {
                const char *name = name_on(arena, page);

                if (name && *count < most && (!*count || strcmp(names[*count - 1], name) != 0))
                        names[(*count)++] = name;
                page += strcspn(page, "\n");
                page += *page == '\n';
        }
}

const char *gameday_plan_doubt(struct arena *arena, const struct gameday_check *check,
                               const char *const *pages)
{
        enum { MOST_NAMES = 2000 };
        const char **names = arena_alloc(arena, (MOST_NAMES + 1) * sizeof *names), *near;
        size_t count = 0;

        for (const char *const *l = late; *l; l++)
                names[count++] = *l;
        for (; *pages; pages++)
                add_names(arena, *pages, names, &count, MOST_NAMES);
        if (names_have(names, check->metric))
                return NULL;
        near = suggest(check->metric, names);
        return arena_printf(arena, "%s shows no metric %s%s%s%s", check->service, check->metric,
                            near ? "; did you mean " : " yet", near ? near : "", near ? "?" : "");
}
