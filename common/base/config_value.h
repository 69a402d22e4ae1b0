/* config_value - what a setting's text means. Private to config. */
#ifndef BASE_CONFIG_VALUE_H
#define BASE_CONFIG_VALUE_H

#include "base/config.h"

/* The number that the text means (0 for text and choices); false if the setting does not allow the
   text. */
bool config_value_read(const struct setting *setting, const char *text, int64_t *number);

/* What may stand behind a number of the type, and by how much it multiplies. */
struct unit_suffix {
        const char *name; /* "MiB"; "" for a bare number */
        int64_t size;
};

/* From the smallest up; a NULL name ends. NULL: the type has no number. */
const struct unit_suffix *config_value_units(enum setting_type type);

/* "a whole number from 0 to 65535" */
void config_value_expected(const struct setting *setting, struct text *out);

/* How --help calls the value: "TIME" */
const char *config_value_name(const struct setting *setting);

#endif
