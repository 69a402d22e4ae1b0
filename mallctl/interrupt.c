#include "mallctl/interrupt.h"

#include <signal.h>
#include <stddef.h>

static atomic_bool came;

static void note(int signal)
{
        (void)signal;
        atomic_store(&came, true);
}

void interrupt_watch(void)
{
        struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: waits end */

        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGHUP, &action, NULL);
}

const atomic_bool *interrupt_flag(void)
{
        return &came;
}

bool interrupt_came(void)
{
        return atomic_load(&came);
}
