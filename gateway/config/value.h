/* value - readers of single values in application.yml: booleans, numbers, durations, sizes. Each
   sets an error with file and line if it cannot read the value. */
#ifndef GATEWAY_CONFIG_VALUE_H
#define GATEWAY_CONFIG_VALUE_H

#include "base/yaml.h"

#include <stdint.h>

bool value_scalar(const struct yaml *value, const char **text, struct error *error);
bool value_bool(const struct yaml *value, bool *into, struct error *error);
bool value_number(const struct yaml *value, int64_t least, int64_t most, int64_t *into,
                  struct error *error);
/* "500ms", "5s", "PT1M30S", "2m"; a bare number is in units of `unit_ms`. */
bool value_duration(const struct yaml *value, int64_t unit_ms, int64_t *ms, struct error *error);
/* A duration from 1 ms to 1 h; a bare number is in milliseconds. */
bool value_wait(const struct yaml *value, int64_t *ms, struct error *error);
/* Bytes, at least 1: "5000", "10KB", "5MB", "1GB". As in Spring, 1KB is 1024 bytes. */
bool value_size(const struct yaml *value, int64_t *bytes, struct error *error);

#endif
