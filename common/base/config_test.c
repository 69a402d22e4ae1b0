#include "base/config.h"
#include "testing/check.h"

#include <string.h>

static const struct setting settings[] = {
        {"profile", SETTING_TEXT, "default", .spring = "SPRING_PROFILES_ACTIVE",
         .help = "changes the defaults"},
        {"port", SETTING_NUMBER, "8081", "8080", .spring = "SERVER_PORT", .most = 65535,
         .help = "where it listens"},
        {"data-dir", SETTING_TEXT, "data", "/data", .help = "where the stores are"},
        {"drain", SETTING_DURATION, "0s", "5s", .most = 60000, .help = "how long it still accepts"},
        {"retention", SETTING_DURATION, "8d", .help = "how long events are known"},
        {"body-max", SETTING_SIZE, "1MiB", .least = 1, .most = 16 << 20, .help = "of a request"},
        {"log", SETTING_CHOICE, "json", .choices = "json|text", .help = "form of the log"},
        {"routes", SETTING_TEXT, .help = "a file"},
        {"otel-sdk", SETTING_TEXT, .help = "for traces"},
        {"key", SETTING_TEXT, .only_flag = true, .help = "which one"},
        {"bus", SETTING_TEXT, .spring = "MALL_BUS_URL", .help = "where events are"},
        {"describe", SETTING_SWITCH, .help = "say what it is"},
        {"move", SETTING_TEXT, NULL, .help = "NAME=PORT", .joins = true},
        {NULL},
};

static struct error error;

/* The lists end with NULL; argv without the program's name. */
static struct config *open_with(const char *const *flags, const char *const *environment)
{
        static char words[32][128];
        char *argv[16] = {words[0]}, *env[16] = {NULL};
        int argc = 1, n = 1;

        memset(&error, 0, sizeof error);
        for (; *flags; flags++, n++)
                argv[argc++] = strcpy(words[n], *flags);
        for (int i = 0; environment[i]; i++, n++)
                env[i] = strcpy(words[n], environment[i]);
        return config_open(settings, argc, argv, env, &error);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void defaults(void)
{
        struct config *c = open_with(LIST(NULL), LIST("PATH=/bin", "ORDER_PORT=tcp://1.2.3.4:80"));

        check(c);
        check_int(config_number(c, "port"), 8081);
        check_text(config_text(c, "data-dir"), "data");
        check_int(config_number(c, "retention"), 8 * 24 * 3600 * INT64_C(1000));
        check_int(config_number(c, "body-max"), 1 << 20);
        check_text(config_text(c, "routes"), NULL);
        check_int(config_number(c, "routes"), 0);
        check(!config_is_set(c, "port"));
        check(!config_warnings(c)[0]);
        check(!config_arguments(c)[0]);
        config_close(&c);
        check(!c);
}

static void the_profile_docker_changes_defaults(void)
{
        static const char *const ways[] = {"SPRING_PROFILES_ACTIVE=docker", "MALL_PROFILE=docker",
                                           "SPRING_PROFILES_ACTIVE=test, docker"};

        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
                struct config *c = open_with(LIST(NULL), LIST(ways[i]));

                check(c);
                check_int(config_number(c, "port"), 8080);
                check_int(config_number(c, "drain"), 5000);
                check_text(config_text(c, "data-dir"), "/data");
                check_text(config_text(c, "log"), "json");
                check(!config_is_set(c, "port"));
                config_close(&c);
        }
        struct config *c =
                open_with(LIST("--profile=dockers"), LIST("SPRING_PROFILES_ACTIVE=docker"));

        check_int(config_number(c, "port"), 8081);
        config_close(&c);
}

static void flag_before_mall_before_springs_before_file_before_default(void)
{
        struct config *c =
                open_with(LIST("--port", "1", "--port=2"), LIST("MALL_PORT=3", "SERVER_PORT=4"));

        check_int(config_number(c, "port"), 2);
        check(config_from_file(c, "port", "5", &error));
        check_int(config_number(c, "port"), 2);
        config_close(&c);
        c = open_with(LIST(NULL), LIST("MALL_PORT=3", "SERVER_PORT=4", "MALL_PORT=6"));
        check_int(config_number(c, "port"), 3);
        config_close(&c);
        c = open_with(LIST(NULL), LIST("SERVER_PORT=4", "MALL_PORT="));
        check_int(config_number(c, "port"), 4);
        check(config_from_file(c, "port", "5", &error));
        check_int(config_number(c, "port"), 4);
        config_close(&c);
        c = open_with(LIST("--profile=docker"), LIST(NULL));
        check(config_from_file(c, "port", "5", &error));
        check_int(config_number(c, "port"), 5);
        check(config_is_set(c, "port"));
        check(!config_from_file(c, "port", "five", &error));
        check_text(error.text, "port=five: expected a whole number from 0 to 65535");
        check_int(config_number(c, "port"), 5);
        config_close(&c);
}

static void what_is_only_a_flag_takes_no_variable(void)
{
        struct config *c = open_with(LIST(NULL), LIST("MALL_KEY=leaked"));

        check_text(config_text(c, "key"), NULL);
        check_text(config_warnings(c)[0], "MALL_KEY is no setting");
        check(!config_is_flag(c, "key"));
        config_close(&c);
        c = open_with(LIST("--key=1"), LIST("MALL_KEY=leaked", "MALL_PORT=1"));
        check_text(config_text(c, "key"), "1");
        check(config_is_flag(c, "key"));
        check(!config_is_flag(c, "port"));
        config_close(&c);
}

static void another_variable_may_be_the_malls_own(void)
{
        struct config *c = open_with(LIST(NULL), LIST("MALL_BUS_URL=log:a"));

        check_text(config_text(c, "bus"), "log:a");
        check(!config_warnings(c)[0]);
        config_close(&c);
        c = open_with(LIST(NULL), LIST("MALL_BUS_URL=log:a", "MALL_BUS=log:b"));
        check_text(config_text(c, "bus"), "log:b");
        config_close(&c);
}

static void settings_of_opentelemetry_keep_their_variables(void)
{
        struct config *c =
                open_with(LIST(NULL), LIST("OTEL_SDK=shop", "OTEL_OTHER=1", "otel_sdk=no"));

        check_text(config_text(c, "otel-sdk"), "shop");
        check(!config_warnings(c)[0]);
        config_close(&c);
        c = open_with(LIST("--otel-sdk=flag"), LIST("OTEL_SDK=shop"));
        check_text(config_text(c, "otel-sdk"), "flag");
        config_close(&c);
        c = open_with(LIST(NULL), LIST("MALL_OTEL_SDK=shop"));
        check_text(config_text(c, "otel-sdk"), NULL);
        check_text(config_warnings(c)[0], "MALL_OTEL_SDK is no setting; did you mean OTEL_SDK?");
        config_close(&c);
}

static void refused(const char *const *flags, const char *const *environment, const char *text)
{
        struct config *c = open_with(flags, environment);

        check(!c);
        check_text(error.text, text);
        check_int(error.kind, ERROR_BAD_INPUT);
}

static void a_wrong_value_is_an_error_that_names_it(void)
{
        refused(LIST(NULL), LIST("MALL_PORT=abc"),
                "MALL_PORT=abc: expected a whole number from 0 to 65535");
        refused(LIST(NULL), LIST("MALL_PORT=tcp://10.0.0.1:80"),
                "MALL_PORT=tcp://10.0.0.1:80: expected a whole number from 0 to 65535");
        refused(LIST("--port", "65536"), LIST(NULL),
                "--port=65536: expected a whole number from 0 to 65535");
        refused(LIST("--port=-1"), LIST(NULL),
                "--port=-1: expected a whole number from 0 to 65535");
        refused(LIST("--port=99999999999999999999"), LIST(NULL),
                "--port=99999999999999999999: expected a whole number from 0 to 65535");
        refused(LIST("--port="), LIST(NULL), "--port=: expected a whole number from 0 to 65535");
        refused(LIST("--port"), LIST(NULL), "--port: expected a value after it");
        refused(LIST("--port", "--drain=5s"), LIST(NULL), "--port: expected a value after it");
        refused(LIST("--prot", "1"), LIST(NULL), "unknown flag --prot; did you mean --port?");
        refused(LIST("--data=x"), LIST(NULL), "unknown flag --data; did you mean --data-dir?");
        refused(LIST("--hlep"), LIST(NULL), "unknown flag --hlep; did you mean --help?");
        refused(LIST("--completely-else"), LIST(NULL), "unknown flag --completely-else");
        refused(LIST("-x"), LIST(NULL), "unknown flag -x");
        refused(LIST("--drain=2min"), LIST(NULL),
                "--drain=2min: expected a duration like 250ms, 5s, 10min, 24h or 8d, from 0 to "
                "1min");
        refused(LIST(NULL), LIST("MALL_RETENTION=5 s"),
                "MALL_RETENTION=5 s: expected a duration like 250ms, 5s, 10min, 24h or 8d");
        refused(LIST("--body-max=0"), LIST(NULL),
                "--body-max=0: expected a size like 4096, 32KiB, 1MiB or 1GiB, from 1B to 16MiB");
        refused(LIST("--log=xml"), LIST(NULL), "--log=xml: expected one of json, text");
        refused(LIST("--log=js"), LIST(NULL), "--log=js: expected one of json, text");
        refused(LIST(NULL), LIST("SERVER_PORT=x"),
                "SERVER_PORT=x: expected a whole number from 0 to 65535");
}

static void durations_and_sizes_have_units(void)
{
        static const struct {
                const char *flag, *name;
                int64_t number;
        } rows[] = {
                {"--retention=250ms", "retention", 250},
                {"--retention=7", "retention", 7000},
                {"--retention=5s", "retention", 5000},
                {"--retention=10min", "retention", 600000},
                {"--retention=24h", "retention", 86400000},
                {"--retention=2d", "retention", 172800000},
                {"--body-max=4096", "body-max", 4096},
                {"--body-max=32KiB", "body-max", 32768},
                {"--body-max=16MiB", "body-max", 16 << 20},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct config *c = open_with(LIST(rows[i].flag), LIST(NULL));

                check(c);
                check_int(config_number(c, rows[i].name), rows[i].number);
                config_close(&c);
        }
}

static void an_unknown_variable_is_a_warning(void)
{
        struct config *c =
                open_with(LIST(NULL), LIST("MALL_DRIAN=5s", "MALL_DATADIR=/x", "MALL_COUPONS=1",
                                           "MALL_data_dir=1", "MALL_EMPTY="));
        const char *const *w = config_warnings(c);

        check_text(w[0], "MALL_data_dir is no setting; did you mean MALL_DATA_DIR?");
        check_text(w[1], "MALL_COUPONS is no setting");
        check_text(w[2], "MALL_DATADIR is no setting; did you mean MALL_DATA_DIR?");
        check_text(w[3], "MALL_DRIAN is no setting; did you mean MALL_DRAIN?");
        check(!w[4]);
        check_text(config_text(c, "data-dir"), "data");
        config_close(&c);
}

static void help_and_version(void)
{
        struct config *c = open_with(LIST("-h", "--nonsense"), LIST("MALL_PORT=abc"));
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 0);

        check(c && config_wants_help(c) && !config_wants_version(c));
        config_close(&c);
        c = open_with(LIST("--version"), LIST(NULL));
        check(config_wants_version(c) && !config_wants_help(c));
        config_close(&c);
        config_help(settings, "usage: order [flag...]", &out);
        check_contains(out.at, "usage: order [flag...]\n\n  flag ");
        check_contains(out.at, "\n  --port N          MALL_PORT       8081 (8080)       where it "
                               "listens; also SERVER_PORT\n");
        check_contains(out.at,
                       "\n  --log json|text   MALL_LOG        json              form of the log\n");
        check_contains(out.at, "\n  --routes TEXT     MALL_ROUTES     -                 a file\n");
        check_contains(out.at,
                       "\n  --describe                                          say what it is\n");
        check_contains(out.at, "\n  --help, -h ");
        arena_close(&arena);
}

static void a_switch_takes_no_value_and_has_no_variable(void)
{
        struct config *c = open_with(LIST("--describe", "--nonsense"), LIST("MALL_PORT=abc"));

        check(c && config_is_set(c, "describe"));
        config_close(&c);
        c = open_with(LIST("--port", "1", "--", "--describe"), LIST("MALL_DESCRIBE=1"));
        check(!config_is_set(c, "describe"));
        check_contains(config_warnings(c)[0], "MALL_DESCRIBE is no setting");
        check(!strstr(config_warnings(c)[0], "mean MALL_DESCRIBE"));
        config_close(&c);
        refused(LIST("--describe=yes"), LIST(NULL), "--describe=yes: expected no value");
        refused(LIST("--describ"), LIST(NULL), "unknown flag --describ; did you mean --describe?");
}

static void a_flag_that_joins_may_be_given_again(void)
{
        struct config *c =
                open_with(LIST("--move", "a=1", "--routes", "x", "--move=b=2,c=3", "--routes=y"),
                          LIST("MALL_MOVE=d=4"));

        check_text(config_text(c, "move"), "a=1,b=2,c=3");
        check_text(config_text(c, "routes"), "y");
        config_close(&c);
        c = open_with(LIST(NULL), LIST("MALL_MOVE=d=4"));
        check_text(config_text(c, "move"), "d=4");
        config_close(&c);
}

static void what_is_no_flag_is_an_argument(void)
{
        struct config *c = open_with(
                LIST("log", "--port", "1", "forget", "-", "--", "--port", "-h"), LIST(NULL));
        const char *const *a = config_arguments(c);

        check_text(a[0], "log");
        check_text(a[1], "forget");
        check_text(a[2], "-");
        check_text(a[3], "--port");
        check_text(a[4], "-h");
        check(!a[5]);
        check(!config_wants_help(c));
        check_int(config_number(c, "port"), 1);
        config_close(&c);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(defaults),
                STORY(the_profile_docker_changes_defaults),
                STORY(flag_before_mall_before_springs_before_file_before_default),
                STORY(what_is_only_a_flag_takes_no_variable),
                STORY(another_variable_may_be_the_malls_own),
                STORY(settings_of_opentelemetry_keep_their_variables),
                STORY(a_wrong_value_is_an_error_that_names_it),
                STORY(durations_and_sizes_have_units),
                STORY(an_unknown_variable_is_a_warning),
                STORY(help_and_version),
                STORY(a_switch_takes_no_value_and_has_no_variable),
                STORY(a_flag_that_joins_may_be_given_again),
                STORY(what_is_no_flag_is_an_argument),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
