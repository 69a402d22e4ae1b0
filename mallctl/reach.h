/* reach - where the admin listeners are: given by name and URL, or asked of a cluster.

   On a cluster each pod is reached through a `kubectl port-forward` of its own, which ends with the
   reach, or by its address. */
#ifndef MALLCTL_REACH_H
#define MALLCTL_REACH_H

#include "base/config.h"
#include "mallctl/admin.h"

/* Rows of a command's table of settings; reach_open reads them. */
#define REACH_SETTINGS                                                                             \
        {"at", SETTING_TEXT, ADMIN_HERE,                                                           \
         .help = "the admin listeners, NAME=http://HOST:PORT,...; a name may come several times"}, \
                {"service", SETTING_TEXT, NULL, .only_flag = true,                                 \
                 .help = "only these of them, by name: order,product"},                            \
                {"token-file", SETTING_TEXT, NULL, .spring = "MALL_ADMIN_TOKEN_FILE",              \
                 .help = "a file with the token that the listeners want"},                         \
                {"namespace", SETTING_TEXT, NULL,                                                  \
                 .help = "the pods of this namespace, as kubectl lists them, instead of --at"},    \
                {"selector", SETTING_TEXT, NULL, .only_flag = true,                                \
                 .help = "those pods with these labels: app=order"},                               \
                {.name = "admin-port",                                                             \
                 .type = SETTING_NUMBER,                                                           \
                 .fallback = "9091",                                                               \
                 .help = "of the pods",                                                            \
                 .least = 1,                                                                       \
                 .most = 65535},                                                                   \
                {.name = "pod-addresses",                                                          \
                 .type = SETTING_CHOICE,                                                           \
                 .fallback = "no",                                                                 \
                 .choices = "no|yes",                                                              \
                 .help = "within the cluster: goes to the pods' addresses, not through kubectl "   \
                         "port-forward"},                                                          \
                {"kubectl", SETTING_TEXT, "kubectl", .help = "the program"}

/* For flags_bare: those of REACH_SETTINGS; then a command's own. */
extern char reach_pod_addresses[];
#define REACH_BARE {"--pod-addresses", reach_pod_addresses}

struct reach {
        struct admin_listener *listeners;
        size_t count;
        bool on_cluster;
        size_t missing;        /* pods that cannot be reached; each was named on stderr */
        struct pod_list *pods; /* private */
};

/* ERROR_BAD_INPUT: the flags are wrong, and nothing was asked. Other errors: the cluster does not
   answer as it should. The listeners live in the arena. */
bool reach_open(struct reach *reach, const struct config *config, struct arena *arena,
                struct error *error);
/* Ends what it started, within seconds. */
void reach_close(struct reach *reach);

#endif
