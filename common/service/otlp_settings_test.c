#include "service/otlp_settings.h"

#include "service/settings.h"
#include "testing/check.h"

#include <stdlib.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct arena *arena;
static struct config *config;

static struct otlp_settings read_with(const char *const *environment)
{
        static char words[16][256];
        char *env[17] = {NULL}, *argv[] = {words[15], NULL};
        struct error error = {0};

        arena = arena_open();
        for (int i = 0; environment[i]; i++)
                env[i] = strcpy(words[i], environment[i]);
        config = config_open(settings_of(1, NULL, arena), 1, argv, env, &error);
        check_text(error.text, "");
        return otlp_settings_read(config, "order", "order-8081", arena);
}

static void end(void)
{
        config_close(&config);
        arena_close(&arena);
}

static const char *find(const struct otlp_pair *pairs, const char *key)
{
        for (; pairs->key; pairs++)
                if (strcmp(pairs->key, key) == 0)
                        return pairs->value;
        return NULL;
}

#define AT "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318"

static void there_are_no_traces_unless_they_have_a_place_to_go(void)
{
        check(!read_with(LIST("OTEL_TRACES_SAMPLER=nonsense")).url);
        end();
        check(!read_with(LIST(AT, "OTEL_SDK_DISABLED=True")).url);
        end();
        check_text(read_with(LIST(AT, "OTEL_SDK_DISABLED=false")).url, "http://c:4318/v1/traces");
        end();
}

static void the_path_is_appended_to_the_endpoint_of_all_signals_only(void)
{
        check_text(read_with(LIST("OTEL_EXPORTER_OTLP_ENDPOINT=https://c/otlp/")).url,
                   "https://c/otlp/v1/traces");
        end();
        check_text(read_with(LIST("OTEL_EXPORTER_OTLP_ENDPOINT=https://c/otlp?key=1")).url,
                   "https://c/otlp/v1/traces?key=1");
        end();
        check_text(read_with(LIST(AT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t:1/x")).url,
                   "http://t:1/x");
        end();
}

static void the_defaults_are_the_specifications(void)
{
        struct otlp_settings s = read_with(LIST(AT));

        check_int(s.sampler, TRACE_PARENT_ALWAYS_ON);
        check_int(s.timeout_ms, 10000);
        check_int(s.delay_ms, 5000);
        check_int(s.queue_most, 2048);
        check_int(s.batch_most, 512);
        check_int(s.export_ms, 30000);
        check(!s.gzip);
        check(!s.headers[0].key);
        check(!s.warnings[0]);
        check_text(find(s.resource, "service.name"), "order");
        check_text(find(s.resource, "telemetry.sdk.language"), "c");
        check_text(find(s.resource, "service.instance.id"), "order-8081");
        end();
}

static void headers_are_decoded_and_those_for_traces_win(void)
{
        struct otlp_settings s =
                read_with(LIST(AT, "OTEL_EXPORTER_OTLP_HEADERS= api-key = a%20b%2Cc ,x=1=2, ,y="));

        check_text(s.headers[0].key, "api-key");
        check_text(s.headers[0].value, "a b,c");
        check_text(s.headers[1].value, "1=2");
        check_text(s.headers[2].value, "");
        check(!s.headers[3].key);
        end();
        s = read_with(LIST(AT, "OTEL_EXPORTER_OTLP_HEADERS=a=1",
                           "OTEL_EXPORTER_OTLP_TRACES_HEADERS=b=2"));
        check_text(s.headers[0].key, "b");
        check(!s.headers[1].key);
        end();
}

/* A line break would be a header more, and the value is a secret. */
static void a_wrong_header_is_left_out_and_not_shown(void)
{
        static const char *const wrong[] = {
                "a=secret%0d%0ab: 1", "a b=secret",  "secret",          "=secret",
                "a=secret%",          "a=secret%ff", "ok=1,a=secret%0a"};
        char variable[100];

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                struct otlp_settings s;

                strcpy(variable, "OTEL_EXPORTER_OTLP_HEADERS=");
                s = read_with(LIST(AT, strcat(variable, wrong[i])));
                check(!s.headers[0].key);
                check_contains(s.warnings[0], "OTEL_EXPORTER_OTLP_HEADERS");
                check(!strstr(s.warnings[0], "secret"));
                end();
        }
}

static void the_service_has_a_name_and_what_was_said_of_it(void)
{
        struct otlp_settings s = read_with(
                LIST(AT, "OTEL_RESOURCE_ATTRIBUTES=service.name=a,deployment.environment=%EA%B0%80,"
                         "service.instance.id=7"));

        check_text(find(s.resource, "service.name"), "a");
        check_text(find(s.resource, "deployment.environment"), "\xea\xb0\x80");
        check_text(find(s.resource, "service.instance.id"), "7");
        end();
        s = read_with(LIST(AT, "OTEL_RESOURCE_ATTRIBUTES=service.name=a", "OTEL_SERVICE_NAME=b"));
        check_text(find(s.resource, "service.name"), "b");
        check(s.resource[0].key && strcmp(s.resource[0].key, "service.name") != 0);
        end();
        s = read_with(LIST(AT, "OTEL_RESOURCE_ATTRIBUTES=ok=1,wrong"));
        check(!find(s.resource, "ok"));
        check_contains(s.warnings[0], "OTEL_RESOURCE_ATTRIBUTES");
        end();
}

static void in_a_pod_its_name_is_said(void)
{
        struct otlp_settings s = read_with(LIST(AT));

        check(!find(s.resource, "k8s.pod.name"));
        end();
        setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
        s = read_with(LIST(AT));
        check_text(find(s.resource, "k8s.pod.name"), find(s.resource, "host.name"));
        unsetenv("KUBERNETES_SERVICE_HOST");
        end();
}

static void samplers_have_names_and_an_argument(void)
{
        static const struct {
                const char *sampler, *arg;
                enum trace_sampler is;
                double ratio;
        } rows[] = {
                {"OTEL_TRACES_SAMPLER=always_on", "A=", TRACE_ALWAYS_ON, 1},
                {"OTEL_TRACES_SAMPLER=always_off", "A=", TRACE_ALWAYS_OFF, 1},
                {"OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.25", TRACE_RATIO,
                 0.25},
                {"OTEL_TRACES_SAMPLER=parentbased_always_on", "A=", TRACE_PARENT_ALWAYS_ON, 1},
                {"OTEL_TRACES_SAMPLER=parentbased_always_off", "A=", TRACE_PARENT_ALWAYS_OFF, 1},
                {"OTEL_TRACES_SAMPLER=parentbased_traceidratio", "A=", TRACE_PARENT_RATIO, 1},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct otlp_settings s = read_with(LIST(AT, rows[i].sampler, rows[i].arg));

                check_int(s.sampler, rows[i].is);
                check(s.ratio == rows[i].ratio);
                check(!s.warnings[0]);
                end();
        }
}

static void a_wrong_value_is_a_warning_and_the_default_holds(void)
{
        static const struct {
                const char *variable, *warning;
        } rows[] = {
                {"OTEL_TRACES_SAMPLER=xray", "OTEL_TRACES_SAMPLER=xray is no sampler"},
                {"OTEL_TRACES_SAMPLER_ARG=2", "OTEL_TRACES_SAMPLER_ARG=2 is no number"},
                {"OTEL_TRACES_SAMPLER_ARG=nan", "OTEL_TRACES_SAMPLER_ARG=nan is no number"},
                {"OTEL_EXPORTER_OTLP_TIMEOUT=10s", "OTEL_EXPORTER_OTLP_TIMEOUT=10s is no whole"},
                {"OTEL_EXPORTER_OTLP_COMPRESSION=zstd",
                 "OTEL_EXPORTER_OTLP_COMPRESSION=zstd is neither gzip nor none"},
                {"OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
                 "OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not there; traces go by http/json"},
                {"OTEL_BSP_MAX_QUEUE_SIZE=0", "OTEL_BSP_MAX_QUEUE_SIZE=0 is no whole"},
                {"OTEL_SDK_DISABLED=yes", "OTEL_SDK_DISABLED=yes is neither"},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                bool arg = strstr(rows[i].variable, "_ARG=") != NULL;
                struct otlp_settings s = read_with(LIST(
                        AT, rows[i].variable, arg ? "OTEL_TRACES_SAMPLER=traceidratio" : "A="));

                check_contains(s.warnings[0], rows[i].warning);
                check(!s.warnings[1]);
                check(s.ratio == 1);
                check_int(s.timeout_ms, 10000);
                check_int(s.queue_most, 2048);
                check(s.sampler == (arg ? TRACE_RATIO : TRACE_PARENT_ALWAYS_ON));
                end();
        }
}

static void an_endpoint_that_is_none_is_a_warning_without_its_password(void)
{
        struct otlp_settings s =
                read_with(LIST("OTEL_EXPORTER_OTLP_ENDPOINT=ftp://me:secret@c:4318"));

        check(!s.url);
        check_contains(s.warnings[0], "is no URL");
        check(!strstr(s.warnings[0], "secret"));
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(there_are_no_traces_unless_they_have_a_place_to_go),
                STORY(the_path_is_appended_to_the_endpoint_of_all_signals_only),
                STORY(the_defaults_are_the_specifications),
                STORY(headers_are_decoded_and_those_for_traces_win),
                STORY(a_wrong_header_is_left_out_and_not_shown),
                STORY(the_service_has_a_name_and_what_was_said_of_it),
                STORY(in_a_pod_its_name_is_said),
                STORY(samplers_have_names_and_an_argument),
                STORY(a_wrong_value_is_a_warning_and_the_default_holds),
                STORY(an_endpoint_that_is_none_is_a_warning_without_its_password),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
