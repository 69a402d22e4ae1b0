#include "mallctl/pods.h"

#include "base/text.h"
#include "mallctl/child.h"
#include "mallctl/columns.h"
#include "mallctl/services.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MS = 30000, FORWARD_MS = 30000, MOST_FORWARDS = 200, SAID = 160 };

struct pod {
        const char *name, *address, *instance;
        int http, metrics; /* ports; 0: none */
        bool ready;
};

struct pod_list {
        struct pods_wanted wanted;
        struct arena *arena;
        struct child *forwards; /* NULL: none yet */
        size_t forward_count, count;
        struct pod *pods; /* those found */
};

/* ---- kubectl ---- */

/* What it said when it failed, on one line. */
static const char *said(struct arena *arena, int file)
{
        struct text text = text_open(arena, 200);

        child_read(file, &text);
        while (text.len && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == ' '))
                text.at[--text.len] = '\0';
        return columns_clean(arena, text.at);
}

static bool kubectl_failed(struct pod_list *p, struct child *c, enum child_end end, int code,
                           const char *what, struct error *error)
{
        const char *why = said(p->arena, c->err);

        if (end == CHILD_STOPPED)
                return error_set(error, ERROR_UNAVAILABLE, "stopped");
        if (end == CHILD_LATE)
                return error_set(error, ERROR_UNAVAILABLE, "%s %s did not answer within %d s%s%.*s",
                                 p->wanted.kubectl, what, LIST_MS / 1000, *why ? ": " : "", SAID,
                                 why);
        return error_set(error, ERROR_UNAVAILABLE, "%s %s ended with %d%s%.*s", p->wanted.kubectl,
                         what, code, *why ? ": " : "", SAID, why);
}

static bool ask_for_list(struct pod_list *p, struct text *list, struct error *error)
{
        const char *arguments[10] = {p->wanted.kubectl, "get", "pods", "-o", "json"};
        struct child c;
        int n = 5, code = 0;
        enum child_end end;

        if (p->wanted.space)
                arguments[n++] = "--namespace", arguments[n++] = p->wanted.space;
        if (p->wanted.selector)
                arguments[n++] = "--selector", arguments[n++] = p->wanted.selector;
        if (!child_start(&c, arguments, false))
                return error_set(error, ERROR_INTERNAL, "no process can be started");
        end = child_wait(&c, LIST_MS, p->wanted.stop, &code);
        if (end == CHILD_ENDED && code == 0)
                child_read(c.out, list);
        else
                kubectl_failed(p, &c, end, code, "get pods", error);
        child_close(&c);
        return end == CHILD_ENDED && code == 0;
}

/* ---- its list ---- */

static const cJSON *at(const cJSON *value, const char *a, const char *b)
{
        return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(value, a), b);
}

/* 0: no container has a port of that name. */
static int port_of(const cJSON *pod, const char *wanted)
{
        const cJSON *container, *port;

        cJSON_ArrayForEach (container, at(pod, "spec", "containers"))
                cJSON_ArrayForEach (port, cJSON_GetObjectItemCaseSensitive(container, "ports")) {
                        const char *name = cJSON_GetStringValue(
                                cJSON_GetObjectItemCaseSensitive(port, "name"));
                        const cJSON *number =
                                cJSON_GetObjectItemCaseSensitive(port, "containerPort");

                        if (name && strcmp(name, wanted) == 0 && cJSON_IsNumber(number))
                                return number->valueint;
                }
        return 0;
}

static bool is_ready(const cJSON *pod)
{
        const cJSON *one;

        cJSON_ArrayForEach (one, at(pod, "status", "conditions")) {
                const char *type =
                        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "type"));
                const char *status =
                        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "status"));

                if (type && status && strcmp(type, "Ready") == 0)
                        return strcmp(status, "True") == 0;
        }
        return false;
}

/* "order" of "user23-order", and of a pod's name "user23-order-7d9f-x2x"; else the name as it is.
 */
static const char *daemon_of(struct arena *arena, const char *name, bool of_pod)
{
        char *daemons = arena_string(arena, ADMIN_HERE), *daemon;

        while ((daemon = strsep(&daemons, ","))) {
                size_t len = strcspn(daemon, "=");

                for (const char *in = name; in; in = strchr(in, '-') ? strchr(in, '-') + 1 : NULL)
                        if (strncmp(in, daemon, len) == 0 &&
                            (!in[len] || (of_pod && in[len] == '-')))
                                return arena_copy(arena, daemon, len);
        }
        return name;
}

static bool is_wanted(const struct pod_list *p, const cJSON *pod)
{
        const char *phase = cJSON_GetStringValue(at(pod, "status", "phase"));

        return phase && strcmp(phase, "Running") == 0 &&
               !at(pod, "metadata", "deletionTimestamp") &&
               cJSON_GetStringValue(at(pod, "metadata", "name")) &&
               (p->wanted.selector || port_of(pod, "admin"));
}

static const char *label_of(const struct pod_list *p, const cJSON *pod, const char *name)
{
        return arena_string(p->arena, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
                                              at(pod, "metadata", "labels"), name)));
}

static void take_pod(struct pod_list *p, const cJSON *pod, struct admin_listener *l)
{
        const char *app = label_of(p, pod, "app"),
                   *instance = label_of(p, pod, "app.kubernetes.io/instance");

        l->pod = arena_string(p->arena, cJSON_GetStringValue(at(pod, "metadata", "name")));
        l->service = daemon_of(p->arena, app ? app : l->pod, !app);
        p->pods[p->count++] = (struct pod){
                .name = l->pod,
                .address = arena_string(p->arena, cJSON_GetStringValue(at(pod, "status", "podIP"))),
                .instance = instance ? instance : "",
                .http = port_of(pod, "http"),
                .metrics = port_of(pod, "metrics"),
                .ready = is_ready(pod)};
}

static bool none_found(const struct pod_list *p, struct error *error)
{
        const char *space = p->wanted.space ? p->wanted.space : "kubectl's namespace";

        if (p->wanted.selector)
                return error_set(error, ERROR_NOT_FOUND, "no pod with %s runs in %s",
                                 p->wanted.selector, space);
        return error_set(error, ERROR_NOT_FOUND,
                         "no pod with a port called admin runs in %s: components/faults gives them "
                         "one; or name pods by --selector",
                         space);
}

static bool take_list(struct pod_list *p, const struct text *list,
                      struct admin_listener **listeners, struct error *error)
{
        cJSON *answer = cJSON_ParseWithLength(list->at, list->len);
        const cJSON *items = cJSON_GetObjectItemCaseSensitive(answer, "items"), *pod;
        size_t most = (size_t)cJSON_GetArraySize(items) + 1;

        *listeners = arena_alloc(p->arena, most * sizeof **listeners);
        p->pods = arena_alloc(p->arena, most * sizeof *p->pods);
        cJSON_ArrayForEach (pod, items)
                if (is_wanted(p, pod))
                        take_pod(p, pod, &(*listeners)[p->count]);
        if (!cJSON_IsArray(items))
                error_set(error, ERROR_INTERNAL, "%s get pods: what it wrote is no list of pods",
                          p->wanted.kubectl);
        else if (!p->count)
                none_found(p, error);
        cJSON_Delete(answer);
        return p->count;
}

struct pod_list *pods_find(const struct pods_wanted *wanted, struct arena *arena,
                           struct admin_listener **listeners, size_t *count, struct error *error)
{
        struct pod_list *p = memory_alloc(sizeof *p);
        struct text list = text_open(arena, 1 << 16);

        p->wanted = *wanted;
        p->arena = arena;
        if (ask_for_list(p, &list, error) && take_list(p, &list, listeners, error)) {
                *count = p->count;
                return p;
        }
        pods_close(&p);
        return NULL;
}

/* ---- the way to them ---- */

/* Its name is one that was found. */
static const struct pod *pod_of(const struct pod_list *p, const char *name)
{
        const struct pod *pod = p->pods;

        while (strcmp(pod->name, name) != 0)
                pod++;
        return pod;
}

int pods_port(const struct pod_list *p, const char *pod, const char *name)
{
        return strcmp(name, "http") == 0 ? pod_of(p, pod)->http : pod_of(p, pod)->metrics;
}

bool pods_is_ready(const struct pod_list *p, const char *pod)
{
        return pod_of(p, pod)->ready;
}

const char *pods_instance(const struct pod_list *p, const char *pod)
{
        return pod_of(p, pod)->instance;
}

static bool go_to_address(struct pod_list *p, const char *pod, int port, const char **url,
                          struct error *error)
{
        const char *ip = pod_of(p, pod)->address;

        if (!ip)
                return error_set(error, ERROR_UNAVAILABLE, "pod %s has no address yet", pod);
        *url = arena_printf(p->arena, strchr(ip, ':') ? "http://[%s]:%d" : "http://%s:%d", ip,
                            port);
        return true;
}

static bool read_port(const char *line, int *port)
{
        static const char begin[] = "Forwarding from 127.0.0.1:";
        char *end;
        long number;

        if (strncmp(line, begin, sizeof begin - 1) != 0)
                return false;
        number = strtol(line + sizeof begin - 1, &end, 10);
        *port = (int)number;
        return strncmp(end, " ->", 3) == 0 && number > 0 && number <= 65535;
}

/* kubectl chooses the local port and says it in a line; it may say other things before. */
static bool forwarded(struct pod_list *p, struct child *c, int *local, struct error *error)
{
        struct text line = text_open(p->arena, 200);
        int code = 0;
        enum child_end end;

        while (child_line(c, &line, FORWARD_MS, p->wanted.stop))
                if (read_port(line.at, local))
                        return true;
        end = child_wait(c, 1000, p->wanted.stop, &code);
        return kubectl_failed(p, c, end, code, "port-forward", error);
}

static bool forward(struct pod_list *p, const char *pod, int port, const char **url,
                    struct error *error)
{
        struct child *c = &p->forwards[p->forward_count++];
        const char *arguments[10] = {p->wanted.kubectl,
                                     "port-forward",
                                     arena_printf(p->arena, "pod/%s", pod),
                                     arena_printf(p->arena, ":%d", port),
                                     "--address",
                                     "127.0.0.1"};
        int n = 6, local = 0;

        if (p->wanted.space)
                arguments[n++] = "--namespace", arguments[n++] = p->wanted.space;
        if (!child_start(c, arguments, true))
                return error_set(error, ERROR_INTERNAL, "no process can be started");
        if (!forwarded(p, c, &local, error))
                return false;
        *url = arena_printf(p->arena, "http://127.0.0.1:%d", local);
        return true;
}

bool pods_reach(struct pod_list *p, const char *pod, int port, const char **url,
                struct error *error)
{
        if (p->wanted.by_address)
                return go_to_address(p, pod, port, url, error);
        if (!p->forwards)
                p->forwards = memory_alloc(MOST_FORWARDS * sizeof *p->forwards);
        if (p->forward_count < MOST_FORWARDS)
                return forward(p, pod, port, url, error);
        return error_set(error, ERROR_UNAVAILABLE,
                         "more than %d pods are not reached at once: choose by --selector, or be "
                         "within the cluster, with --pod-addresses",
                         MOST_FORWARDS);
}

bool pods_connect(struct pod_list *p, struct admin_listener *listeners, size_t *count,
                  struct error *error)
{
        size_t reached = 0;

        for (size_t i = 0; i < *count; i++) {
                if (pods_reach(p, listeners[i].pod, p->wanted.port, &listeners[i].url, error))
                        listeners[reached++] = listeners[i];
                else if (p->wanted.stop && atomic_load(p->wanted.stop))
                        return error_set(error, ERROR_UNAVAILABLE, "stopped");
                else
                        fprintf(stderr, "mallctl: pod %s: %s\n", listeners[i].pod, error->text);
        }
        *count = reached;
        return true;
}

void pods_close(struct pod_list **pods)
{
        struct pod_list *p = *pods;

        if (!p)
                return;
        for (size_t i = 0; i < p->forward_count; i++)
                child_close(&p->forwards[i]);
        free(p->forwards);
        free(p);
        *pods = NULL;
}
