/* flags - a command of mallctl that takes flags, as the daemons do. */
#ifndef MALLCTL_FLAGS_H
#define MALLCTL_FLAGS_H

#include "base/config.h"

enum { EXIT_MISUNDERSTOOD = 2 };

/* The whole command: --help, --version, what is not understood (2), else run. */
int flags_main(const char *command, const struct setting *settings, const char *usage,
               int (*run)(const struct config *config), char **arguments);

/* A flag that may stand without a value: "--kinds" is read as "--kinds=yes", which is `whole`. Its
   setting is the choice no|yes. */
struct flags_bare {
        const char *bare;
        char *whole;
};

/* Changes the arguments in place and gives them back; flags ends with a NULL. */
char **flags_bare(char **arguments, const struct flags_bare *flags);
/* Does a choice no|yes say yes? */
bool flags_yes(const struct config *config, const char *name);

/* --version: prints it and gives the exit code. */
int flags_version(void);

int flags_misunderstood(const char *command, const char *what);

#endif
