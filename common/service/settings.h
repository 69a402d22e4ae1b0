/* settings - the settings every daemon has. */
#ifndef SERVICE_SETTINGS_H
#define SERVICE_SETTINGS_H

#include "base/config.h"

/* The common table, with the daemon's port as default, and the daemon's own rows. An own row
   replaces the common one of its name, else it comes after them. Lives in the arena. */
const struct setting *settings_of(int port, const struct setting *own, struct arena *arena);

#endif
