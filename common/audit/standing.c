#include "audit/standing.h"

#include "base/clock.h"
#include "base/json.h"

#include <string.h>

static bool was_found_before(const struct standing *s, const struct audit_offence *o)
{
        for (size_t i = 0; s->arena && i < s->report.told_count; i++)
                if (strcmp(s->report.told[i].text, o->text) == 0)
                        return true;
        return false;
}

static const char *state_of(const struct standing *s, const struct audit_report *r, bool waits,
                            const char **why)
{
        bool again = false;

        *why = NULL;
        for (size_t i = 0; i < r->told_count; i++)
                again |= was_found_before(s, &r->told[i]);
        if (!r->offences)
                return "balanced";
        if (again && !waits)
                return "unbalanced";
        *why = again ? "events wait to be published or heard"
                     : "no two audits found the same so far";
        return "settling";
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

static void write_report(struct text *out, const struct audit_report *r)
{
        write_count(out, "orders", true, r->orders);
        write_count(out, "deliveries", true, r->deliveries);
        write_count(out, "products", true, r->products);
        write_count(out, "movements", r->has_movements, r->movements);
        write_count(out, "events", r->has_events, r->events);
        text_string(out, ",\"offences\":[");
        for (size_t i = 0; i < r->told_count; i++) {
                text_printf(out, "%s{\"about\":\"%s\",\"id\":%lld,\"text\":", i ? "," : "",
                            r->told[i].about, (long long)r->told[i].id);
                json_write_string(out, r->told[i].text);
                text_char(out, '}');
        }
        text_string(out, "],\"unchecked\":[");
        for (size_t i = 0; i < r->unchecked_count; i++) {
                if (i)
                        text_char(out, ',');
                json_write_string(out, r->unchecked[i]);
        }
        text_char(out, ']');
}

static void write_state(struct text *out, const char *state, const char *why)
{
        text_printf(out, "{\"at\":%lld,\"state\":\"%s\",\"why\":", (long long)clock_wall_ms(),
                    state);
        json_write_string(out, why);
}

void standing_unknown(struct text *out, const char *why)
{
        write_state(out, "unknown", why);
        text_char(out, '}');
}

void standing_write(struct standing *s, const struct audit_places *places, bool waits,
                    struct text *out)
{
        struct arena *arena = arena_open();
        struct audit_report report = {0};
        struct error error = {0};
        const char *why, *state;

        if (audit_run(places, arena, &report, &error)) {
                state = state_of(s, &report, waits, &why);
                write_state(out, state, why);
                write_report(out, &report);
                text_char(out, '}');
        } else {
                standing_unknown(out, error.text);
        }
        standing_close(s);
        *s = (struct standing){arena, report};
}

void standing_close(struct standing *s)
{
        arena_close(&s->arena);
}
