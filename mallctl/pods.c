#include "mallctl/pods.h"

#include "base/text.h"
#include "mallctl/child.h"
#include "mallctl/columns.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MS = 30000, FORWARD_MS = 30000, MOST_FORWARDS = 200, SAID = 160 };

struct pod_list {
        struct pods_wanted wanted;
        struct arena *arena;
        struct child *forwards;
        size_t count;
        const char **addresses; /* of the pods found, in their order */
        const char **names;
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

static bool has_admin_port(const cJSON *pod)
{
        const cJSON *container, *port;

        cJSON_ArrayForEach (container, at(pod, "spec", "containers"))
                cJSON_ArrayForEach (port, cJSON_GetObjectItemCaseSensitive(container, "ports")) {
                        const char *name = cJSON_GetStringValue(
                                cJSON_GetObjectItemCaseSensitive(port, "name"));

                        if (name && strcmp(name, "admin") == 0)
                                return true;
                }
        return false;
}

static bool is_wanted(const struct pod_list *p, const cJSON *pod)
{
        const char *phase = cJSON_GetStringValue(at(pod, "status", "phase"));

        return phase && strcmp(phase, "Running") == 0 &&
               !at(pod, "metadata", "deletionTimestamp") &&
               cJSON_GetStringValue(at(pod, "metadata", "name")) &&
               (p->wanted.selector || has_admin_port(pod));
}

static void take_pod(struct pod_list *p, const cJSON *pod, struct admin_listener *l)
{
        const char *app = cJSON_GetStringValue(
                cJSON_GetObjectItemCaseSensitive(at(pod, "metadata", "labels"), "app"));

        l->pod = arena_string(p->arena, cJSON_GetStringValue(at(pod, "metadata", "name")));
        l->service = app ? arena_string(p->arena, app) : l->pod;
        p->names[p->count] = l->pod;
        p->addresses[p->count++] =
                arena_string(p->arena, cJSON_GetStringValue(at(pod, "status", "podIP")));
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
        p->names = arena_alloc(p->arena, most * sizeof *p->names);
        p->addresses = arena_alloc(p->arena, most * sizeof *p->addresses);
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

static const char *address_of(const struct pod_list *p, const char *pod)
{
        for (size_t i = 0; i < p->count; i++)
                if (strcmp(p->names[i], pod) == 0)
                        return p->addresses[i];
        return NULL;
}

static bool go_to_address(struct pod_list *p, struct admin_listener *l, struct error *error)
{
        const char *ip = address_of(p, l->pod);

        if (!ip)
                return error_set(error, ERROR_UNAVAILABLE, "pod %s has no address yet", l->pod);
        l->url = arena_printf(p->arena, strchr(ip, ':') ? "http://[%s]:%d" : "http://%s:%d", ip,
                              p->wanted.port);
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

static bool forward(struct pod_list *p, struct child *c, struct admin_listener *l,
                    struct error *error)
{
        const char *pod = arena_printf(p->arena, "pod/%s", l->pod);
        const char *arguments[10] = {p->wanted.kubectl,
                                     "port-forward",
                                     pod,
                                     arena_printf(p->arena, ":%d", p->wanted.port),
                                     "--address",
                                     "127.0.0.1"};
        int n = 6, local = 0;

        if (p->wanted.space)
                arguments[n++] = "--namespace", arguments[n++] = p->wanted.space;
        if (!child_start(c, arguments, true))
                return error_set(error, ERROR_INTERNAL, "no process can be started");
        if (!forwarded(p, c, &local, error))
                return false;
        l->url = arena_printf(p->arena, "http://127.0.0.1:%d", local);
        return true;
}

static bool connect_one(struct pod_list *p, size_t i, struct admin_listener *l, struct error *error)
{
        if (p->wanted.by_address)
                return go_to_address(p, l, error);
        if (i < MOST_FORWARDS)
                return forward(p, &p->forwards[i], l, error);
        return error_set(error, ERROR_UNAVAILABLE,
                         "more than %d pods are not reached at once: choose by --selector, or be "
                         "within the cluster, with --pod-addresses",
                         MOST_FORWARDS);
}

bool pods_connect(struct pod_list *p, struct admin_listener *listeners, size_t *count,
                  struct error *error)
{
        size_t reached = 0;

        if (!p->wanted.by_address)
                p->forwards = memory_alloc(MOST_FORWARDS * sizeof *p->forwards);
        for (size_t i = 0; p->forwards && i < MOST_FORWARDS; i++)
                p->forwards[i] = (struct child){0, -1, -1};
        for (size_t i = 0; i < *count; i++) {
                if (connect_one(p, i, &listeners[i], error))
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
        for (size_t i = 0; p->forwards && i < MOST_FORWARDS; i++)
                child_close(&p->forwards[i]);
        free(p->forwards);
        free(p);
        *pods = NULL;
}
