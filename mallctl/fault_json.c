#include "mallctl/fault_json.h"

#include "base/fault.h"
#include "base/fault_read.h"
#include "mallctl/names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const uint32_t ALL_KINDS = (UINT32_C(1) << FAULT_KINDS) - 1;

/* ---- there ---- */

struct text fault_json_begin(struct arena *arena, const char *kind)
{
        struct text json = text_open(arena, 200);

        text_string(&json, "{\"kind\":");
        json_write_string(&json, kind);
        return json;
}

void fault_json_add(struct text *json, const char *member, const char *value)
{
        text_printf(json, ",\"%s\":", member);
        json_write_string(json, value);
}

bool fault_json_end(struct text *json, struct error *error)
{
        const struct json *body;
        struct fault *fault;

        text_char(json, '}');
        body = json_read(json->arena, json->at, json->len, error);
        fault = body ? fault_read(ALL_KINDS, body, error) : NULL;
        fault_free(fault);
        return fault;
}

const char *fault_unit_hint(struct arena *arena, const struct error *e, const char *value)
{
        static const char *const times[] = {"delay", "p50", "p99", "duration", NULL};

        if (!names_have(times, e->member) || !value || !*value ||
            value[strspn(value, "0123456789")] || strlen(value) > 6 ||
            strstr(e->text, "did you mean"))
                return "";
        return arena_printf(arena, "; %s without a unit is %s s: did you mean %sms?", value, value,
                            value);
}

/* ---- and back ---- */

static const char *text_of(const cJSON *fault, const char *name)
{
        return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(fault, name));
}

static double number_of(const cJSON *fault, const char *name)
{
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(fault, name);

        return cJSON_IsNumber(value) && isfinite(value->valuedouble) ? value->valuedouble : 0;
}

const char *fault_target(struct arena *arena, const cJSON *fault)
{
        static const struct {
                const char *member, *before;
        } parts[] = {{"method", ""},    {"path", ""},       {"routeId", "route "},
                     {"eventType", ""}, {"key", "of key "}, {NULL, NULL}};
        struct text out = text_open(arena, 60);

        for (size_t i = 0; parts[i].member; i++)
                if (text_of(fault, parts[i].member))
                        text_printf(&out, "%s%s%s", out.len ? " " : "", parts[i].before,
                                    text_of(fault, parts[i].member));
        return out.len ? out.at : "all";
}

const char *fault_time(struct arena *arena, int64_t ms)
{
        if (ms < 1000)
                return arena_printf(arena, "%lldms", (long long)ms);
        if (ms < 60000)
                return arena_printf(arena, "%gs", (double)(ms / 100) / 10);
        if (ms % 60000 < 1000)
                return arena_printf(arena, "%lldm", (long long)(ms / 60000));
        return arena_printf(arena, "%lldm%llds", (long long)(ms / 60000),
                            (long long)(ms / 1000 % 60));
}

static const char *size_text(struct arena *arena, double bytes)
{
        return bytes >= 1 << 20 ? arena_printf(arena, "%gMiB", bytes / (1 << 20))
                                : arena_printf(arena, "%gB", bytes);
}

const char *fault_parameters(struct arena *arena, const cJSON *fault)
{
        static const char *const times[][2] = {
                {"delayMs", "delay"}, {"p50Ms", "p50"}, {"p99Ms", "p99"}, {NULL, NULL}};
        struct text out = text_open(arena, 60);

        for (size_t i = 0; times[i][0]; i++)
                if (number_of(fault, times[i][0]) > 0)
                        text_printf(&out, "%s%s %s", out.len ? ", " : "", times[i][1],
                                    fault_time(arena, (int64_t)number_of(fault, times[i][0])));
        if (number_of(fault, "status") > 0)
                text_printf(&out, "status %g", number_of(fault, "status"));
        if (number_of(fault, "cores") > 0)
                text_printf(&out, "%g cores", number_of(fault, "cores"));
        if (number_of(fault, "size") > 0)
                text_string(&out, size_text(arena, number_of(fault, "size")));
        return out.at;
}

const char *fault_rate(struct arena *arena, const cJSON *fault)
{
        double rate = number_of(fault, "rate");

        return rate > 0 ? arena_printf(arena, "%g%%", rate * 100) : "100%";
}

const char *fault_rest(struct arena *arena, const cJSON *fault, int64_t now_ms)
{
        const char *ends = text_of(fault, "endsAt");
        struct tm time = {0};
        int64_t rest;

        if (!ends || !strptime(ends, "%Y-%m-%dT%H:%M:%S", &time))
                return "?";
        rest = (int64_t)timegm(&time) * 1000 - now_ms;
        return rest > 0 ? fault_time(arena, rest / 1000 * 1000) : "0s";
}
