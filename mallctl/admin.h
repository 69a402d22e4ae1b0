/* admin - asks the daemons' admin listeners (MALL_ADMIN_PORT), whose paths begin with /faults.

   The process has called curl_global_init. One thread at a time. */
#ifndef MALLCTL_ADMIN_H
#define MALLCTL_ADMIN_H

#include "base/arena.h"
#include "base/error.h"

#include <cJSON.h>
#include <stdatomic.h>
#include <stdbool.h>

/* One admin listener. */
struct admin_listener {
        const char *service; /* as the command line, or the pod's label app, has it */
        const char *url;     /* http://HOST:PORT */
        const char *pod;     /* on a cluster; else NULL */
};

struct admin_client;

/* token_file: NULL, or a file with the token that the listeners want. stop: asking ends when it is
   set; may be NULL. NULL and an error where the file gives no token. */
struct admin_client *admin_open(const char *token_file, const atomic_bool *stop,
                                struct error *error);
void admin_close(struct admin_client **admin);

/* From now on a signal does not end the asking: for what must be taken back. */
void admin_do_not_stop(struct admin_client *admin);

/* An answer; `body` is for cJSON_Delete, NULL: it has none, or none that is JSON. */
struct admin_answer {
        long status;
        cJSON *body;
};

/* method and path: "POST", "/faults"; json: the request's body, or NULL. False and the error: no
   answer came. */
bool admin_ask(struct admin_client *admin, const struct admin_listener *listener,
               const char *method, const char *path, const char *json, struct admin_answer *answer,
               struct error *error);

/* What an answer that refuses says of itself, for people. */
const char *admin_refusal(struct arena *arena, const struct admin_answer *answer);

/* Their names, each once, ended by NULL. */
const char **admin_services(struct arena *arena, const struct admin_listener *listeners,
                            size_t count);

/* "order at http://localhost:9081", "pod order-7d9f" */
const char *admin_name(struct arena *arena, const struct admin_listener *listener);

#endif
