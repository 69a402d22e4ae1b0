#include "service/pod.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* It goes into headers as it is. */
static bool is_name(const char *name)
{
        for (const char *c = name; *c; c++)
                if (*c <= ' ' || *c > '~')
                        return false;
        return *name && strlen(name) <= POD_MOST;
}

/* "": it has none that would do */
static void host_name(char name[static POD_MOST + 1])
{
        const char *said = getenv("HOSTNAME");

        memset(name, 0, POD_MOST + 1);
        if (said && is_name(said))
                memcpy(name, said, strlen(said));
        else if (gethostname(name, POD_MOST) != 0 || !is_name(name))
                *name = '\0';
}

bool pod_name(const struct config *config, const char *daemon, char pod[static POD_MOST + 1],
              struct error *error)
{
        const char *given = config_text(config, "pod");
        int64_t port = config_number(config, "port");

        *pod = '\0';
        if (given && !is_name(given))
                return error_set(error, ERROR_BAD_INPUT,
                                 "MALL_POD: 1 to %d visible ASCII characters, not %s", POD_MOST,
                                 given);
        if (given)
                memcpy(pod, given, strlen(given) + 1);
        else if (config_is_docker(config))
                host_name(pod);
        if (!*pod)
                snprintf(pod, POD_MOST + 1, "%s-%lld", daemon, (long long)(port ? port : getpid()));
        return true;
}
