/* config - settings: one table, from which come flags, environment variables, defaults and --help.

   A setting `data-dir` is the flag --data-dir VALUE (or --data-dir=VALUE) and the variable
   MALL_DATA_DIR; `otel-service-name` is OTEL_SERVICE_NAME, as OpenTelemetry calls it. The strongest
   source wins: the flag, then the MALL_ variable, the SPRING_ variable
   (`spring` below), a configuration file (config_from_file), the default of the profile. An unknown
   flag or a wrong value is an error that names it and suggests a name that is near; an unknown
   MALL_ variable is a warning that does the same. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum setting_type {
        SETTING_TEXT,
        SETTING_NUMBER,   /* whole, least..most */
        SETTING_DURATION, /* "250ms", "5s", "10min", "24h", "8d"; a bare number is seconds; kept in
                             milliseconds */
        SETTING_SIZE,     /* "32KiB", "1MiB", a bare number is bytes */
        SETTING_CHOICE,   /* one of `choices`, separated by '|' */
        SETTING_SWITCH, /* a flag without a value or a variable, which asks for something as --help
                           does; config_is_set tells */
};

struct setting {
        const char *name; /* "data-dir" */
        enum setting_type type;
        const char *fallback; /* default; NULL: none, the setting is then unset */
        const char *docker;   /* default under --profile docker; NULL: the same */
        const char *spring;   /* another environment variable that may give it, weaker; or NULL */
        const char *help;     /* one line for --help */
        int64_t least, most;  /* numbers, durations (ms), sizes (bytes); 0, 0: any from 0 */
        const char *choices;
        bool only_flag; /* no variable gives it */
        bool joins;     /* a text: given again, it is joined to what came before, with a comma */
};

struct config;

/* argv and environ as main() has them; settings ends with a row whose name is NULL and must live
   on. NULL and an error on a wrong value or an unknown flag; main() prints it on stderr and exits
   2. */
struct config *config_open(const struct setting *settings, int argc, char **argv,
                           char **environment, struct error *error);
void config_close(struct config **config);

/* What is odd and yet no error ("MALL_DRIAN is no setting; did you mean MALL_DRAIN?"); NULL ends
   the list. */
const char *const *config_warnings(const struct config *config);

/* "MALL_DATA_DIR" of "data-dir", "OTEL_SERVICE_NAME" of "otel-service-name" */
const char *config_variable(struct arena *arena, const char *name);

/* --help was asked for / --version / arguments that are no flags, in order (mallctl's commands) */
bool config_wants_help(const struct config *config);
bool config_wants_version(const struct config *config);
const char *const *config_arguments(const struct config *config);
void config_help(const struct setting *settings, const char *usage, struct text *out);

/* A weaker source than flag and environment, stronger than the default. */
bool config_from_file(struct config *config, const char *name, const char *value,
                      struct error *error);

/* The name must be in the table (asserted). Text is NULL where unset; it lives as long as the
   config. */
const char *config_text(const struct config *config, const char *name);
/* number, ms or bytes by the type; 0 where unset */
int64_t config_number(const struct config *config, const char *name);
bool config_is_set(const struct config *config, const char *name); /* by anything but the default */
bool config_is_flag(const struct config *config, const char *name); /* by a flag */
bool config_has(const struct config *config, const char *name);     /* Is it in the table? */
bool config_is_docker(const struct config *config); /* the profile docker, which changes defaults */

#endif
