#include "mallctl/dead_group.h"

#include "event/dead_letters.h"
#include "mallctl/names.h"
#include "mallctl/services.h"

#include <string.h>

enum { MOST_SERVICES = 32 };

/* The services of ADMIN_HERE; frontend and gateway apply no events. */
static size_t add_services(struct arena *arena, const char **names)
{
        char *rest = arena_string(arena, ADMIN_HERE), *item;
        size_t count = 0;

        while ((item = strsep(&rest, ",")) && count < MOST_SERVICES) {
                item[strcspn(item, "=")] = '\0';
                if (strcmp(item, "frontend") != 0 && strcmp(item, "gateway") != 0)
                        names[count++] = item;
        }
        return count;
}

static const char **groups_of(struct arena *arena, const struct dead_letters *letters)
{
        const char **names =
                arena_alloc(arena, (letters->group_count + MOST_SERVICES + 1) * sizeof *names);
        size_t count = add_services(arena, names);

        for (size_t i = 0; i < letters->group_count; i++)
                if (!names_have(names, letters->groups[i].name))
                        names[count++] = letters->groups[i].name;
        return names;
}

bool dead_group_is_there(const struct bus_config *bus, const char *group, struct error *error)
{
        struct arena *arena = arena_open();
        struct dead_query all = {.bus = bus, .most = 1, .value_most = 1};
        struct dead_letters letters;
        const char **names;
        bool there = false;

        if (dead_letters_read(&letters, &all, error)) {
                names = groups_of(arena, &letters);
                there = names_have(names, group) ||
                        error_set(error, ERROR_NOT_FOUND, "there is no group %.100s; there are %s",
                                  group, names_list(arena, names, "and"));
        }
        dead_letters_close(&letters);
        arena_close(&arena);
        return there;
}
