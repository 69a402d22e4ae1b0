#include "audit/standing.h"

#include "base/clock.h"
#include "base/json.h"

#include <string.h>

static bool was_found(const struct standing *before, const struct audit_offence *o)
{
        for (size_t i = 0; before->arena && i < before->report.told_count; i++)
                if (strcmp(before->report.told[i].text, o->text) == 0)
                        return true;
        return false;
}

static bool counted(const struct standing *before, const struct audit_offence *o)
{
        for (size_t i = 0; before->arena && i < before->report.told_count; i++) {
                const struct audit_offence *told = &before->report.told[i];

                if (before->counts[i] && told->id == o->id && strcmp(told->about, o->about) == 0)
                        return true;
        }
        return false;
}

/* Which offences of the report count; again: one was found before. */
static void judge(struct standing *s, const struct standing *before, bool waits, bool *again)
{
        const struct audit_report *r = &s->report;

        *again = false;
        s->counts = arena_alloc(s->arena, r->told_count + 1);
        for (size_t i = 0; i < r->told_count; i++) {
                bool found = was_found(before, &r->told[i]);

                s->counts[i] = (found && !waits) || counted(before, &r->told[i]);
                s->any |= s->counts[i];
                *again |= found;
        }
}

static enum standing_state state_of(const struct standing *s, bool again, const char **why)
{
        *why = NULL;
        if (!s->report.offences)
                return STANDING_BALANCED;
        if (s->any)
                return STANDING_UNBALANCED;
        *why = again ? "events wait to be published or heard"
                     : "no two audits found the same so far";
        return STANDING_SETTLING;
}

/* Where it was not counted, null. */
static void write_count(struct text *out, const char *name, bool counted, size_t count)
{
        text_printf(out, ",\"%s\":", name);
        if (counted)
                text_int(out, (int64_t)count);
        else
                text_string(out, "null");
}

static void write_offences(struct text *out, const struct standing *s)
{
        const char *comma = "";

        for (size_t i = 0; i < s->report.told_count; i++) {
                const struct audit_offence *o = &s->report.told[i];

                if (s->any && !s->counts[i])
                        continue;
                text_printf(out, "%s{\"about\":\"%s\",\"id\":%lld,\"text\":", comma, o->about,
                            (long long)o->id);
                json_write_string(out, o->text);
                text_char(out, '}');
                comma = ",";
        }
}

static void write_report(struct text *out, const struct standing *s)
{
        const struct audit_report *r = &s->report;

        write_count(out, "orders", true, r->orders);
        write_count(out, "deliveries", true, r->deliveries);
        write_count(out, "products", true, r->products);
        write_count(out, "movements", r->has_movements, r->movements);
        write_count(out, "events", r->has_events, r->events);
        text_string(out, ",\"offences\":[");
        write_offences(out, s);
        text_string(out, "],\"unchecked\":[");
        for (size_t i = 0; i < r->unchecked_count; i++) {
                if (i)
                        text_char(out, ',');
                json_write_string(out, r->unchecked[i]);
        }
        text_char(out, ']');
}

static void write_state(struct text *out, enum standing_state state, const char *why)
{
        static const char *const names[] = {[STANDING_UNKNOWN] = "unknown",
                                            [STANDING_SETTLING] = "settling",
                                            [STANDING_BALANCED] = "balanced",
                                            [STANDING_UNBALANCED] = "unbalanced"};

        text_printf(out, "{\"at\":%lld,\"state\":\"%s\",\"why\":", (long long)clock_wall_ms(),
                    names[state]);
        json_write_string(out, why);
}

void standing_unknown(struct text *out, const char *why)
{
        write_state(out, STANDING_UNKNOWN, why);
        text_char(out, '}');
}

enum standing_state standing_write(struct standing *s, const struct audit_places *places,
                                   bool waits, struct text *out)
{
        struct standing now = {.arena = arena_open()};
        struct error error = {0};
        enum standing_state state = STANDING_UNKNOWN;
        const char *why;
        bool again;

        if (audit_run(places, now.arena, &now.report, &error)) {
                judge(&now, s, waits, &again);
                state = state_of(&now, again, &why);
                write_state(out, state, why);
                write_report(out, &now);
                text_char(out, '}');
        } else {
                standing_unknown(out, error.text);
        }
        standing_close(s);
        *s = now;
        return state;
}

void standing_close(struct standing *s)
{
        arena_close(&s->arena);
}
