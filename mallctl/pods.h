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
   (the pod's name where it has none). Without a selector: those that have a port called admin.
   NULL and an error that says what kubectl said; there being no such pod is an error too. */
struct pod_list *pods_find(const struct pods_wanted *wanted, struct arena *arena,
                           struct admin_listener **listeners, size_t *count, struct error *error);

/* Gives each listener its URL. Those that cannot be reached are named on stderr, and the others
   move together: count becomes theirs. False: stopped. */
bool pods_connect(struct pod_list *pods, struct admin_listener *listeners, size_t *count,
                  struct error *error);

/* Ends each kubectl that it started, by its process id. */
void pods_close(struct pod_list **pods);

#endif
