/* restored - what a command asks before it changes a store that was restored from a backup. */
#ifndef MALLCTL_RESTORED_H
#define MALLCTL_RESTORED_H

#include "base/error.h"

#include <stdbool.h>

/* SQLite: the file is there. It would be made otherwise. */
bool restored_is_there(const char *url, struct error *error);

#endif
