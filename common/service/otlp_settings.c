#include "service/otlp_settings.h"

#include "base/redact.h"
#include "base/utf8.h"
#include "http/grammar.h"
#include "http/server.h"
#include "service/build.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { BACKOFF_MS = 1000, WARNINGS = 24, MOST_MS = 3600 * 1000, MOST_SPANS = 65536 };

struct otlp_reading {
        const struct config *config;
        struct arena *arena;
        const char **warnings;
        size_t count;
};

static void warn(struct otlp_reading *r, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void warn(struct otlp_reading *r, const char *format, ...)
{
        va_list args;

        if (r->count == WARNINGS)
                return;
        va_start(args, format);
        r->warnings[r->count++] = arena_vprintf(r->arena, format, args);
        va_end(args);
}

static const char *variable(struct otlp_reading *r, const char *name)
{
        return config_variable(r->arena, name);
}

/* The name of the setting for traces alone where that is set, else of the one for all signals. */
static const char *stronger(const struct otlp_reading *r, const char *for_traces,
                            const char *for_all)
{
        return config_text(r->config, for_traces) ? for_traces : for_all;
}

static int number_read(struct otlp_reading *r, const char *name, int fallback, int least, int most)
{
        const char *text = config_text(r->config, name);
        char *end;
        long number;

        errno = 0;
        number = strtol(text, &end, 10);
        if (end != text && !*end && !errno && number >= least && number <= most)
                return (int)number;
        warn(r, "%s=%.40s is no whole number from %d to %d; it is %d now", variable(r, name), text,
             least, most, fallback);
        return fallback;
}

/* ---- lists of pairs ---- */

static char *trimmed(char *text)
{
        size_t len;

        text += strspn(text, " \t");
        for (len = strlen(text); len && strchr(" \t", text[len - 1]); len--)
                ;
        text[len] = '\0';
        return text;
}

static bool pair_read(struct arena *arena, char *text, struct otlp_pair *pair)
{
        char *value = strchr(text, '=');

        if (!value)
                return false;
        *value++ = '\0';
        text = trimmed(text);
        value = trimmed(value);
        pair->key = http_unescape(arena, text, strlen(text), false);
        pair->value = http_unescape(arena, value, strlen(value), false);
        return pair->key && *pair->key && pair->value &&
               utf8_is_valid(pair->key, strlen(pair->key)) &&
               utf8_is_valid(pair->value, strlen(pair->value));
}

static size_t pairs_most(const char *list)
{
        size_t count = 1;

        for (; list && (list = strchr(list, ',')); list++)
                count++;
        return count;
}

/* Puts them behind `count` others that are there, and ends the list. A list with a mistake is left
   out as a whole. */
static size_t pairs_read(struct otlp_reading *r, const char *name,
                         bool (*is_right)(struct otlp_pair *), struct otlp_pair *pairs,
                         size_t count)
{
        char *rest = arena_string(r->arena, config_text(r->config, name)), *one;
        size_t before = count;

        while ((one = strsep(&rest, ","))) {
                if (!*trimmed(one))
                        continue;
                if (!pair_read(r->arena, one, &pairs[count]) ||
                    (is_right && !is_right(&pairs[count]))) {
                        warn(r, "%s is left out: it is no list of NAME=VALUE, percent-encoded",
                             variable(r, name));
                        count = before;
                        break;
                }
                count++;
        }
        pairs[count] = (struct otlp_pair){0};
        return count;
}

static bool is_field(struct otlp_pair *pair)
{
        return is_token(pair->key, strlen(pair->key)) &&
               !has_control(pair->value, strlen(pair->value));
}

static const struct otlp_pair *headers_read(struct otlp_reading *r)
{
        const char *name =
                stronger(r, "otel-exporter-otlp-traces-headers", "otel-exporter-otlp-headers");
        size_t most = pairs_most(config_text(r->config, name));
        struct otlp_pair *headers = arena_alloc(r->arena, (most + 1) * sizeof *headers);

        pairs_read(r, name, is_field, headers, 0);
        return headers;
}

/* ---- the resource ---- */

static const char *host_name(struct arena *arena)
{
        char name[256] = "";

        gethostname(name, sizeof name - 1);
        return arena_string(arena, name);
}

/* In a pod of Kubernetes the host's name is the pod's. */
static const char *pod_name(const char *host)
{
        return getenv("KUBERNETES_SERVICE_HOST") ? host : NULL;
}

static bool is_given(const struct otlp_pair *pairs, const char *key)
{
        for (; pairs->key; pairs++)
                if (strcmp(pairs->key, key) == 0)
                        return true;
        return false;
}

/* Of what is given twice, the later one counts. */
static void last_keep(struct otlp_pair *pairs)
{
        struct otlp_pair *to = pairs;

        for (struct otlp_pair *from = pairs; from->key; from++)
                if (from->value && !is_given(from + 1, from->key))
                        *to++ = *from;
        *to = (struct otlp_pair){0};
}

static const struct otlp_pair *resource_read(struct otlp_reading *r, const char *daemon,
                                             const char *pod)
{
        const char *list = config_text(r->config, "otel-resource-attributes");
        const char *host = host_name(r->arena);
        struct otlp_pair own[] = {
                {"service.name", daemon},         {"service.version", build_version},
                {"service.instance.id", pod},     {"host.name", host},
                {"k8s.pod.name", pod_name(host)}, {"telemetry.sdk.name", "mall"},
                {"telemetry.sdk.language", "c"},  {"telemetry.sdk.version", build_version},
        };
        size_t count = sizeof own / sizeof *own;
        struct otlp_pair *all = arena_alloc(r->arena, (count + pairs_most(list) + 2) * sizeof *all);

        memcpy(all, own, sizeof own);
        count = pairs_read(r, "otel-resource-attributes", NULL, all, count);
        if (config_text(r->config, "otel-service-name"))
                all[count] = (struct otlp_pair){"service.name",
                                                config_text(r->config, "otel-service-name")};
        last_keep(all);
        return all;
}

/* ---- where it goes, and how ---- */

static bool is_url(const char *text)
{
        CURLU *url = curl_url();
        char *scheme = NULL;
        bool right = curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                     curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                     (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

        curl_free(scheme);
        curl_url_cleanup(url);
        return right;
}

static const char *with_path(struct arena *arena, const char *base)
{
        int len = base ? (int)strcspn(base, "?") : 0;

        if (!len)
                return base;
        return arena_printf(arena, "%.*s%sv1/traces%s", len, base, base[len - 1] == '/' ? "" : "/",
                            base + len);
}

static const char *url_read(struct otlp_reading *r)
{
        const char *whole = config_text(r->config, "otel-exporter-otlp-traces-endpoint");
        const char *base = config_text(r->config, "otel-exporter-otlp-endpoint");
        const char *url = whole ? whole : with_path(r->arena, base);
        char shown[REDACTED];

        if (!url || is_url(url))
                return url;
        warn(r, "%s=%s is no URL of http or https; there are no traces",
             variable(r,
                      whole ? "otel-exporter-otlp-traces-endpoint" : "otel-exporter-otlp-endpoint"),
             redact(whole ? whole : base, shown));
        return NULL;
}

static bool is_disabled(struct otlp_reading *r)
{
        const char *text = config_text(r->config, "otel-sdk-disabled");

        if (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0)
                warn(r, "OTEL_SDK_DISABLED=%.40s is neither true nor false; it is false now", text);
        return strcasecmp(text, "true") == 0;
}

static bool gzip_read(struct otlp_reading *r)
{
        const char *name = stronger(r, "otel-exporter-otlp-traces-compression",
                                    "otel-exporter-otlp-compression");
        const char *text = config_text(r->config, name);

        if (strcmp(text, "gzip") != 0 && strcmp(text, "none") != 0)
                warn(r, "%s=%.40s is neither gzip nor none; it is none now", variable(r, name),
                     text);
        return strcmp(text, "gzip") == 0;
}

static void protocol_check(struct otlp_reading *r)
{
        const char *name =
                stronger(r, "otel-exporter-otlp-traces-protocol", "otel-exporter-otlp-protocol");
        const char *text = config_text(r->config, name);

        if (strcmp(text, "http/json") != 0)
                warn(r, "%s=%.40s is not there; traces go by http/json", variable(r, name), text);
}

static int timeout_read(struct otlp_reading *r)
{
        const char *name =
                stronger(r, "otel-exporter-otlp-traces-timeout", "otel-exporter-otlp-timeout");

        return number_read(r, name, 10000, 1, MOST_MS);
}

/* ---- the sampler ---- */

static enum trace_sampler sampler_read(struct otlp_reading *r)
{
        static const struct {
                const char *name;
                enum trace_sampler sampler;
        } samplers[] = {
                {"always_on", TRACE_ALWAYS_ON},
                {"always_off", TRACE_ALWAYS_OFF},
                {"traceidratio", TRACE_RATIO},
                {"parentbased_always_on", TRACE_PARENT_ALWAYS_ON},
                {"parentbased_always_off", TRACE_PARENT_ALWAYS_OFF},
                {"parentbased_traceidratio", TRACE_PARENT_RATIO},
        };
        const char *text = config_text(r->config, "otel-traces-sampler");

        for (size_t i = 0; i < sizeof samplers / sizeof *samplers; i++)
                if (strcmp(samplers[i].name, text) == 0)
                        return samplers[i].sampler;
        warn(r, "OTEL_TRACES_SAMPLER=%.40s is no sampler; it is parentbased_always_on now", text);
        return TRACE_PARENT_ALWAYS_ON;
}

static double ratio_read(struct otlp_reading *r, enum trace_sampler sampler)
{
        const char *text = config_text(r->config, "otel-traces-sampler-arg");
        char *end;
        double ratio;

        if (!text || (sampler != TRACE_RATIO && sampler != TRACE_PARENT_RATIO))
                return 1;
        ratio = strtod(text, &end);
        if (end != text && !*end && ratio >= 0 && ratio <= 1)
                return ratio;
        warn(r, "OTEL_TRACES_SAMPLER_ARG=%.40s is no number from 0 to 1; it is 1 now", text);
        return 1;
}

static void fill(struct otlp_reading *r, struct otlp_settings *s, const char *daemon,
                 const char *pod)
{
        protocol_check(r);
        s->headers = headers_read(r);
        s->resource = resource_read(r, daemon, pod);
        s->timeout_ms = timeout_read(r);
        s->gzip = gzip_read(r);
        s->sampler = sampler_read(r);
        s->ratio = ratio_read(r, s->sampler);
        s->delay_ms = number_read(r, "otel-bsp-schedule-delay", 5000, 1, MOST_MS);
        s->queue_most = number_read(r, "otel-bsp-max-queue-size", 2048, 1, MOST_SPANS);
        s->batch_most = number_read(r, "otel-bsp-max-export-batch-size", 512, 1, MOST_SPANS);
        s->export_ms = number_read(r, "otel-bsp-export-timeout", 30000, 1, MOST_MS);
        s->backoff_ms = BACKOFF_MS;
}

struct otlp_settings otlp_settings_read(const struct config *config, const char *daemon,
                                        const char *pod, struct arena *arena)
{
        struct otlp_reading r = {config, arena,
                                 arena_alloc(arena, (WARNINGS + 1) * sizeof *r.warnings)};
        struct otlp_settings s = {.warnings = r.warnings};

        s.url = is_disabled(&r) ? NULL : url_read(&r);
        if (s.url)
                fill(&r, &s, daemon, pod);
        return s;
}
