/* flags - a command of mallctl that takes flags, as the daemons do. */
#ifndef MALLCTL_FLAGS_H
#define MALLCTL_FLAGS_H

#include "base/config.h"

enum { EXIT_MISUNDERSTOOD = 2 };

/* The whole command: --help, --version, what is not understood (2), else run. */
int flags_main(const char *command, const struct setting *settings, const char *usage,
               int (*run)(const struct config *config), char **arguments);

int flags_misunderstood(const char *command, const char *what);

#endif
