#include "base/fault_write.h"

#include "base/clock.h"
#include "base/faults_kinds.h"

/* ---- a fault ---- */

static void text_member(struct text *out, const char *name, const char *value)
{
        if (!value)
                return;
        text_printf(out, ",\"%s\":", name);
        json_write_string(out, value);
}

static void number_member(struct text *out, const char *name, int64_t value)
{
        if (value)
                text_printf(out, ",\"%s\":%lld", name, (long long)value);
}

static void time_member(struct text *out, const char *name, int64_t wall_ms)
{
        char time[CLOCK_RFC3339];

        clock_rfc3339(wall_ms, time);
        text_member(out, name, time);
}

static void write_target(const struct fault *f, struct text *out)
{
        text_member(out, "method", f->method);
        text_member(out, "path", f->path);
        text_member(out, "routeId", f->route);
        text_member(out, "eventType", f->type);
        text_member(out, "key", f->key);
}

static void write_parameters(const struct fault *f, struct text *out)
{
        text_printf(out, ",\"rate\":%.15g", f->rate);
        number_member(out, "delayMs", f->delay_ms);
        number_member(out, "p50Ms", f->p50_ms);
        number_member(out, "p99Ms", f->p99_ms);
        number_member(out, "status", f->status);
        if (f->cores > 0)
                text_printf(out, ",\"cores\":%.15g", f->cores);
        number_member(out, "size", f->size);
        number_member(out, "durationMs", f->duration_ms);
}

void fault_write(const struct fault *f, struct text *out)
{
        text_printf(out, "{\"id\":%lld,\"kind\":\"%s\"", (long long)f->id,
                    fault_rows[f->kind].name);
        write_target(f, out);
        write_parameters(f, out);
        time_member(out, "begunAt", f->begun_ms);
        time_member(out, "endsAt", f->begun_ms + f->duration_ms);
        text_printf(out, ",\"injected\":%lld", (long long)f->injected);
        text_member(out, "warning", f->warning);
        if (f->ended_ms) {
                time_member(out, "endedAt", f->ended_ms);
                text_member(out, "reason", f->reason);
        }
        text_char(out, '}');
}

/* ---- a kind ---- */

/* Those of the kind's members that are among `which`. */
static void write_names(enum fault_kind kind, unsigned which, struct text *out)
{
        const char *comma = "";

        for (const struct fault_member_row *row = fault_member_rows; row->name; row++) {
                if (!(row->member & which & fault_rows[kind].members))
                        continue;
                text_printf(out, "%s\"%s\"", comma, row->name);
                comma = ",";
        }
}

void fault_write_kind(enum fault_kind kind, struct text *out)
{
        const struct fault_row *row = &fault_rows[kind];

        text_printf(out, "{\"name\":\"%s\"", row->name);
        text_member(out, "about", row->about);
        text_string(out, ",\"target\":[");
        write_names(kind, MEMBERS_OF_A_TARGET, out);
        text_string(out, "],\"parameters\":[");
        write_names(kind, MEMBERS_NEEDED, out);
        text_printf(out, "],\"rate\":%s,\"harmful\":%s}",
                    row->members & MEMBER_RATE ? "true" : "false", row->harmful ? "true" : "false");
}

/* ---- in a log line ---- */

static void word(struct text *out, const char *name, const char *value)
{
        if (value)
                text_printf(out, "%s%s=%s", out->len ? " " : "", name, value);
}

static void time_word(struct text *out, const char *name, int64_t ms)
{
        if (ms)
                text_printf(out, "%s%s=%lldms", out->len ? " " : "", name, (long long)ms);
}

void fault_write_target(const struct fault *f, struct text *out)
{
        word(out, "method", f->method);
        word(out, "path", f->path);
        word(out, "routeId", f->route);
        word(out, "eventType", f->type);
        word(out, "key", f->key);
}

void fault_write_parameters(const struct fault *f, struct text *out)
{
        if (fault_rows[f->kind].members & MEMBER_RATE)
                text_printf(out, "rate=%.15g", f->rate);
        time_word(out, "delay", f->delay_ms);
        time_word(out, "p50", f->p50_ms);
        time_word(out, "p99", f->p99_ms);
        if (f->status)
                text_printf(out, " status=%d", f->status);
        if (f->cores > 0)
                text_printf(out, "cores=%.15g", f->cores);
        if (f->size)
                text_printf(out, "size=%lld", (long long)f->size);
        time_word(out, "duration", f->duration_ms);
}
