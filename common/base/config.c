#include "base/config.h"

#include "base/config_value.h"
#include "base/suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From weak to strong. */
enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_SPRING, SOURCE_MALL, SOURCE_FLAG };

struct setting_value {
        const char *text; /* NULL: unset */
        int64_t number;
        enum source source;
};

struct config {
        struct arena *arena;
        const struct setting *settings;
        struct setting_value *values; /* one a setting, in its order */
        const char **names;           /* help, version, the other flags', the variables' */
        size_t flag_count; /* of those that are no variables, help and version included */
        bool wants_help, wants_version, wants_switch;
        const char **arguments, **warnings;
        size_t argument_count, warning_count;
};

static const struct setting *setting_find(const struct config *c, const char *name, size_t len)
{
        for (const struct setting *s = c->settings; s->name; s++)
                if (strlen(s->name) == len && memcmp(s->name, name, len) == 0)
                        return s;
        return NULL;
}

static struct setting_value *value_of(const struct config *c, const struct setting *s)
{
        return &c->values[s - c->settings];
}

static struct setting_value *value_named(const struct config *c, const char *name)
{
        const struct setting *s = setting_find(c, name, strlen(name));

        if (!s) {
                fprintf(stderr, "config: there is no setting %s\n", name);
                abort();
        }
        return value_of(c, s);
}

/* label: the text's source, for the error: "MALL_PORT", "--port" */
static bool value_give(struct config *c, const struct setting *s, enum source source,
                       const char *label, const char *text, struct error *error)
{
        struct setting_value *value = value_of(c, s);
        int64_t number;

        if (!config_value_read(s, text, &number)) {
                struct text expected = text_open(c->arena, 0);

                config_value_expected(s, &expected);
                return error_set(error, ERROR_BAD_INPUT, "%s=%.80s: expected %s", label, text,
                                 expected.at);
        }
        if (s->joins && source == SOURCE_FLAG && value->source == SOURCE_FLAG)
                value->text = arena_printf(c->arena, "%s,%s", value->text, text);
        else if (source >= value->source)
                *value = (struct setting_value){
                        .text = arena_string(c->arena, text), .number = number, .source = source};
        return true;
}

/* ---- environment ---- */

/* data-dir of DATA_DIR */
static const char *name_of_variable(struct arena *arena, const char *variable, size_t len)
{
        char *name = arena_copy(arena, variable, len);

        for (char *c = name; *c; c++)
                *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
        return name;
}

const char *config_variable(struct arena *arena, const char *name)
{
        bool foreign = strncmp(name, "otel-", strlen("otel-")) == 0;
        char *variable = arena_printf(arena, foreign ? "%s" : "MALL_%s", name);

        for (char *c = variable; *c; c++)
                *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
        return variable;
}

static void variable_warn(struct config *c, const char *variable, const char *name)
{
        const char *meant = suggest(name, (const char *const *)c->names + c->flag_count);
        const char *text = meant ? arena_printf(c->arena, "%s is no setting; did you mean %s?",
                                                variable, config_variable(c->arena, meant))
                                 : arena_printf(c->arena, "%s is no setting", variable);

        c->warnings[c->warning_count++] = text;
}

/* SERVER_PORT and its like. known: a setting has it. */
static bool other_variable_read(struct config *c, const char *pair, size_t len, bool *known,
                                struct error *error)
{
        *known = false;
        for (const struct setting *s = c->settings; s->name; s++) {
                if (!s->spring || strlen(s->spring) != len || memcmp(s->spring, pair, len) != 0)
                        continue;
                *known = true;
                if (!value_give(c, s, SOURCE_SPRING, s->spring, pair + len + 1, error))
                        return false;
        }
        return true;
}

static bool mall_variable_read(struct config *c, const char *pair, size_t len, struct error *error)
{
        const char *variable = arena_copy(c->arena, pair, len);
        const char *name = name_of_variable(c->arena, pair + 5, len - 5);
        const struct setting *s = setting_find(c, name, strlen(name));
        bool known;

        /* exactly: mall_port or MALL_DATA-DIR are other variables */
        if (s && s->type != SETTING_SWITCH && !s->only_flag &&
            strcmp(variable, config_variable(c->arena, name)) == 0)
                return value_give(c, s, SOURCE_MALL, variable, pair + len + 1, error);
        if (!other_variable_read(c, pair, len, &known, error))
                return false;
        if (!known)
                variable_warn(c, variable, name);
        return true;
}

/* OpenTelemetry has more variables than we have settings: an unknown one is no warning. */
static bool otel_variable_read(struct config *c, const char *pair, size_t len, struct error *error)
{
        const char *variable = arena_copy(c->arena, pair, len);
        const char *name = name_of_variable(c->arena, pair, len);
        const struct setting *s = setting_find(c, name, len);

        if (!s || strcmp(variable, config_variable(c->arena, name)) != 0)
                return true;
        return value_give(c, s, SOURCE_MALL, variable, pair + len + 1, error);
}

static bool variable_read(struct config *c, const char *pair, size_t len, struct error *error)
{
        bool known;

        if (strncmp(pair, "MALL_", 5) == 0)
                return mall_variable_read(c, pair, len, error);
        if (strncmp(pair, "OTEL_", 5) == 0)
                return otel_variable_read(c, pair, len, error);
        return other_variable_read(c, pair, len, &known, error);
}

static bool environment_read(struct config *c, char **environment, struct error *error)
{
        size_t count = 0;

        while (environment[count])
                count++;
        c->warnings = arena_alloc(c->arena, (count + 1) * sizeof *c->warnings);
        /* backwards: of a variable given twice the first wins, as with getenv() */
        while (count-- > 0) {
                const char *pair = environment[count];
                size_t len = strcspn(pair, "=");

                if (!pair[len] || !pair[len + 1])
                        continue; /* an empty variable counts as unset */
                if (!variable_read(c, pair, len, error))
                        return false;
        }
        return true;
}

/* ---- flags ---- */

static bool flag_unknown(struct config *c, const char *flag, size_t len, struct error *error)
{
        const char *name = arena_copy(c->arena, flag, len);
        const char *meant = suggest(name + strspn(name, "-"), (const char *const *)c->names);

        if (meant)
                return error_set(error, ERROR_BAD_INPUT, "unknown flag %.80s; did you mean --%s?",
                                 name, meant);
        return error_set(error, ERROR_BAD_INPUT, "unknown flag %.80s", name);
}

/* "--name=value" or "--name", "value"; *argv moves on to its last word. */
static bool flag_read(struct config *c, char ***argv, struct error *error)
{
        const char *flag = **argv, *value;
        size_t len = strcspn(flag, "=");
        const struct setting *s =
                strncmp(flag, "--", 2) == 0 ? setting_find(c, flag + 2, len - 2) : NULL;
        const char *label;

        if (!s)
                return flag_unknown(c, flag, len, error);
        label = arena_copy(c->arena, flag, len);
        if (flag[len]) {
                value = flag + len + 1;
        } else {
                value = (*argv)[1];
                if (!value || strncmp(value, "--", 2) == 0)
                        return error_set(error, ERROR_BAD_INPUT, "%s: expected a value after it",
                                         label);
                ++*argv;
        }
        return value_give(c, s, SOURCE_FLAG, label, value, error);
}

static bool flags_read(struct config *c, char **argv, struct error *error)
{
        bool flags_end = false;

        for (; *argv; argv++) {
                if (flags_end || (*argv)[0] != '-' || !(*argv)[1])
                        c->arguments[c->argument_count++] = *argv;
                else if (strcmp(*argv, "--") == 0)
                        flags_end = true;
                else if (!flag_read(c, &argv, error))
                        return false;
        }
        return true;
}

/* NULL when the word is no switch of the table. */
static const struct setting *switch_find(const struct config *c, const char *word)
{
        const struct setting *s =
                strncmp(word, "--", 2) == 0 ? setting_find(c, word + 2, strlen(word + 2)) : NULL;

        return s && s->type == SETTING_SWITCH ? s : NULL;
}

/* These are looked for first: --help is answered whatever else is wrong. */
static void wishes_read(struct config *c, char **argv)
{
        for (; *argv && strcmp(*argv, "--") != 0; argv++) {
                const struct setting *s = switch_find(c, *argv);

                if (s) {
                        value_of(c, s)->source = SOURCE_FLAG;
                        c->wants_switch = true;
                } else if (strcmp(*argv, "--help") == 0 || strcmp(*argv, "-h") == 0) {
                        c->wants_help = true;
                } else if (strcmp(*argv, "--version") == 0) {
                        c->wants_version = true;
                }
        }
}

/* ---- defaults ---- */

/* Spring's list: "docker" or "docker,test" */
bool config_is_docker(const struct config *c)
{
        const struct setting *s = setting_find(c, "profile", strlen("profile"));
        const char *p = s ? value_of(c, s)->text : NULL;

        while (p && *p) {
                p += strspn(p, ", ");
                if (strcspn(p, ", ") == strlen("docker") &&
                    strncmp(p, "docker", strlen("docker")) == 0)
                        return true;
                p += strcspn(p, ", ");
        }
        return false;
}

static bool default_give(struct config *c, const struct setting *s, bool docker,
                         struct error *error)
{
        const char *text = docker && s->docker ? s->docker : s->fallback;

        if (!text || value_of(c, s)->source != SOURCE_DEFAULT)
                return true;
        return value_give(c, s, SOURCE_DEFAULT, s->name, text, error);
}

static bool defaults_give(struct config *c, struct error *error)
{
        const struct setting *profile = setting_find(c, "profile", strlen("profile"));
        bool docker;

        if (profile && !default_give(c, profile, false, error))
                return false;
        docker = config_is_docker(c);
        for (const struct setting *s = c->settings; s->name; s++)
                if (!default_give(c, s, docker, error))
                        return false;
        return true;
}

/* ---- the whole ---- */

/* Flags that are no variables first. */
static void names_collect(struct config *c)
{
        size_t count = 0;

        c->names[count++] = "help";
        c->names[count++] = "version";
        for (const struct setting *s = c->settings; s->name; s++)
                if (s->type == SETTING_SWITCH || s->only_flag)
                        c->names[count++] = s->name;
        c->flag_count = count;
        for (const struct setting *s = c->settings; s->name; s++)
                if (s->type != SETTING_SWITCH && !s->only_flag)
                        c->names[count++] = s->name;
}

static struct config *config_alloc(const struct setting *settings, int argc)
{
        struct config *c = memory_alloc(sizeof *c);
        size_t count = 0;

        while (settings[count].name)
                count++;
        c->arena = arena_open();
        c->settings = settings;
        c->values = arena_alloc(c->arena, (count + 1) * sizeof *c->values);
        c->names = arena_alloc(c->arena, (count + 3) * sizeof *c->names);
        c->arguments = arena_alloc(c->arena, ((size_t)argc + 1) * sizeof *c->arguments);
        c->warnings = arena_alloc(c->arena, sizeof *c->warnings);
        names_collect(c);
        return c;
}

struct config *config_open(const struct setting *settings, int argc, char **argv,
                           char **environment, struct error *error)
{
        struct config *c = config_alloc(settings, argc);
        bool read;

        if (argc > 0)
                argv++; /* the program's name */
        wishes_read(c, argv);
        read = c->wants_help || c->wants_version || c->wants_switch ||
               (environment_read(c, environment, error) && flags_read(c, argv, error));
        if (!read || !defaults_give(c, error))
                config_close(&c);
        return c;
}

void config_close(struct config **config)
{
        struct config *c = *config;

        if (!c)
                return;
        *config = NULL;
        arena_close(&c->arena);
        free(c);
}

bool config_from_file(struct config *c, const char *name, const char *value, struct error *error)
{
        const struct setting *s = &c->settings[value_named(c, name) - c->values];

        return value_give(c, s, SOURCE_FILE, name, value, error) && defaults_give(c, error);
}

const char *const *config_warnings(const struct config *c)
{
        return (const char *const *)c->warnings;
}

const char *const *config_arguments(const struct config *c)
{
        return (const char *const *)c->arguments;
}

bool config_wants_help(const struct config *c)
{
        return c->wants_help;
}

bool config_wants_version(const struct config *c)
{
        return c->wants_version;
}

const char *config_text(const struct config *c, const char *name)
{
        return value_named(c, name)->text;
}

int64_t config_number(const struct config *c, const char *name)
{
        return value_named(c, name)->number;
}

bool config_is_set(const struct config *c, const char *name)
{
        return value_named(c, name)->source != SOURCE_DEFAULT;
}

bool config_is_flag(const struct config *c, const char *name)
{
        return value_named(c, name)->source == SOURCE_FLAG;
}

bool config_has(const struct config *c, const char *name)
{
        return setting_find(c, name, strlen(name)) != NULL;
}
