/* config_value - what a setting's text means. Private to config. */
#ifndef BASE_CONFIG_VALUE_H
#define BASE_CONFIG_VALUE_H

#include "base/config.h"

/* The number that the text means (0 for text and choices); false if the setting does not allow the
   text. */
bool config_value_read(const struct setting *setting, const char *text, int64_t *number);

/* "a whole number from 0 to 65535" */
void config_value_expected(const struct setting *setting, struct text *out);

/* How --help calls the value: "TIME" */
const char *config_value_name(const struct setting *setting);

#endif
