/* pods - the pods of a namespace and the way to their admin listeners, by kubectl. */
#ifndef MALLCTL_PODS_H
#define MALLCTL_PODS_H

#include "base/arena.h"
#include "base/error.h"
#include "mallctl/admin.h"

struct pods_wanted {
        const char *kubectl;
        const char *space, *selector; /* a namespace, labels; either may be NULL */
        int port;
        bool by_address; /* their addresses, no port-forward */
        const atomic_bool *stop;
};

struct pod_list;

/* Running pods only. Each listener has the name of its pod, and as its service the pod's label app
   (the pod's name where it has none); of both, the part that names a daemon: order of user23-order.
   Without a selector: those that have a port called admin. NULL and an error that says what kubectl
   said; there being no such pod is an error too. */
struct pod_list *pods_find(const struct pods_wanted *wanted, struct arena *arena,
                           struct admin_listener **listeners, size_t *count, struct error *error);

/* Gives each listener its URL. Those that cannot be reached are named on stderr, and the others
   move together: count becomes theirs. False: stopped. */
bool pods_connect(struct pod_list *pods, struct admin_listener *listeners, size_t *count,
                  struct error *error);

/* What it says of one of the pods found: its container port of that name, http or metrics (0: it
   has none); whether it is ready; its label app.kubernetes.io/instance, or "". */
int pods_port(const struct pod_list *pods, const char *pod, const char *name);
bool pods_is_ready(const struct pod_list *pods, const char *pod);
const char *pods_instance(const struct pod_list *pods, const char *pod);
/* The URL of a port of one of the pods, as long as the list is open. */
bool pods_reach(struct pod_list *pods, const char *pod, int port, const char **url,
                struct error *error);

/* Ends each kubectl that it started, by its process id. */
void pods_close(struct pod_list **pods);

#endif
