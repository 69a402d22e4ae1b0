#include "mallctl/reach.h"

#include "mallctl/flags.h"
#include "mallctl/interrupt.h"
#include "mallctl/names.h"
#include "mallctl/pods.h"
#include "service/roll_call.h"

#include <string.h>

char reach_pod_addresses[] = "--pod-addresses=yes";

/* ---- names ---- */

/* The names of a list such as "order,product", ended by NULL. */
static const char **names_of(struct arena *arena, const char *list)
{
        char *rest = arena_string(arena, list), *item;
        const char **names = arena_alloc(arena, (strlen(list) + 2) * sizeof *names);
        size_t count = 0;

        while ((item = strsep(&rest, ", ")))
                if (*item)
                        names[count++] = item;
        return names;
}

/* Keeps those listeners that --service names; a name that no listener has is an error. */
static bool choose(struct reach *r, const char *list, struct arena *arena, struct error *error)
{
        const char **wanted = names_of(arena, list);
        const char *const *known = admin_services(arena, r->listeners, r->count);
        size_t kept = 0;

        for (const char **w = wanted; *w; w++)
                if (!names_have(known, *w))
                        return error_set(error, ERROR_BAD_INPUT,
                                         "--service: %.60s is none of these%.250s", *w,
                                         names_hint(arena, *w, known));
        if (!*wanted)
                return error_set(error, ERROR_BAD_INPUT, "--service names none");
        for (size_t i = 0; i < r->count; i++)
                if (names_have(wanted, r->listeners[i].service))
                        r->listeners[kept++] = r->listeners[i];
        r->count = kept;
        return true;
}

/* ---- places ---- */

static bool read_places(struct reach *r, const char *list, struct arena *arena, struct error *error)
{
        const struct place *places = places_read(arena, list, 0, error);
        size_t count = 0;

        while (places && places[count].name)
                count++;
        if (!places)
                return false;
        if (!count)
                return error_set(error, ERROR_BAD_INPUT, "--at names no place");
        r->listeners = arena_alloc(arena, count * sizeof *r->listeners);
        for (size_t i = 0; i < count; i++) {
                char *url = arena_string(arena, places[i].url);

                while (url[strlen(url) - 1] == '/')
                        url[strlen(url) - 1] = '\0';
                r->listeners[i] = (struct admin_listener){places[i].name, url, NULL};
        }
        r->count = count;
        return true;
}

static bool ask_cluster(struct reach *r, const struct config *config, struct arena *arena,
                        struct error *error)
{
        struct pods_wanted wanted = {.kubectl = config_text(config, "kubectl"),
                                     .space = config_text(config, "namespace"),
                                     .selector = config_text(config, "selector"),
                                     .port = (int)config_number(config, "admin-port"),
                                     .by_address = flags_yes(config, "pod-addresses"),
                                     .stop = interrupt_flag()};

        r->pods = pods_find(&wanted, arena, &r->listeners, &r->count, error);
        return r->pods;
}

static bool connect_pods(struct reach *r, struct error *error)
{
        size_t wanted = r->count;

        if (!pods_connect(r->pods, r->listeners, &r->count, error))
                return false;
        r->missing = wanted - r->count;
        return true;
}

static bool flags_agree(const struct config *config, bool on_cluster, struct error *error)
{
        if (on_cluster && config_is_set(config, "at"))
                return error_set(error, ERROR_BAD_INPUT,
                                 "either --at, or --namespace and --selector");
        if (!on_cluster && flags_yes(config, "pod-addresses"))
                return error_set(error, ERROR_BAD_INPUT,
                                 "--pod-addresses goes with --namespace or --selector");
        return true;
}

bool reach_open(struct reach *r, const struct config *config, struct arena *arena,
                struct error *error)
{
        const char *services = config_text(config, "service");

        *r = (struct reach){.on_cluster = config_text(config, "namespace") ||
                                          config_text(config, "selector")};
        if (!flags_agree(config, r->on_cluster, error))
                return false;
        if (!(r->on_cluster ? ask_cluster(r, config, arena, error)
                            : read_places(r, config_text(config, "at"), arena, error)))
                return false;
        if ((!services || choose(r, services, arena, error)) &&
            (!r->pods || connect_pods(r, error)))
                return true;
        reach_close(r);
        return false;
}

void reach_close(struct reach *r)
{
        pods_close(&r->pods);
}
