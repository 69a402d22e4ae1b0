#include "gateway/config/profiles.h"

#include "gateway/config/placeholder.h"

#include <string.h>

/* The profiles that the document is for, or NULL. A `spring.profiles` that is a map (active,
   include) has another meaning and is skipped. */
static struct yaml *profiles_of(const struct yaml *document)
{
        struct yaml *t = yaml_at(document, "spring.config.activate.on-profile");

        if (!t)
                t = yaml_at(document, "spring.profiles");
        return t && t->kind != YAML_MAP ? t : NULL;
}

static bool is_active(const char *active, const char *name)
{
        size_t len = strlen(name);

        for (const char *p = active; *p; p += strcspn(p, ",")) {
                p += strspn(p, ", ");
                if (strncmp(p, name, len) == 0 && strchr(", ", p[len]))
                        return true;
        }
        return false;
}

static bool is_wanted(const char *const *names, const char *active)
{
        for (; *names; names++)
                if ((*names)[0] == '!' ? !is_active(active, *names + 1) : is_active(active, *names))
                        return true;
        return false;
}

static bool classify(struct arena *arena, const struct yaml *document, const char *active,
                     bool *named, bool *wanted, struct error *error)
{
        struct yaml *profiles = profiles_of(document);
        const char **names;

        *named = profiles != NULL;
        *wanted = true;
        if (!profiles)
                return true;
        if (!yaml_expand(arena, profiles, document, error) ||
            !yaml_texts(arena, profiles, &names, error))
                return false;
        for (const char **n = names; *n; n++)
                if (strpbrk(*n, "&|()"))
                        return yaml_error(profiles, error,
                                          "profile expressions like %s are not supported", *n);
        *wanted = is_wanted(names, active);
        return true;
}

struct yaml *profiles_merge(struct arena *arena, const struct yaml *first, const char *profiles,
                            struct error *error)
{
        struct yaml *all = arena_alloc(arena, sizeof *all);

        all->kind = YAML_MAP;
        all->file = first->file;
        all->line = 1;
        for (int pass = 0; pass < 2; pass++)
                for (const struct yaml *d = first; d; d = d->next) {
                        bool named, wanted;

                        if (!classify(arena, d, profiles && *profiles ? profiles : "default",
                                      &named, &wanted, error))
                                return NULL;
                        if (wanted && named == pass)
                                yaml_merge(arena, all, d);
                        if (!yaml_fits(d, arena, error))
                                return NULL;
                }
        return all;
}
