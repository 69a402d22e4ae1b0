/* settings - the settings every daemon has. */
#ifndef SERVICE_SETTINGS_H
#define SERVICE_SETTINGS_H

#include "base/config.h"

/* The common table with the daemon's port as default, and its own rows: in the place of a common
   one of that name, else behind them; lives in the arena. */
const struct setting *settings_of(int port, const struct setting *own, struct arena *arena);

#endif
