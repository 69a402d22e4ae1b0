#include "gateway/documents.h"

#include <string.h>

/* What the document says it is for, or NULL. `spring.profiles` with a map in it (active, include) is something else. */
static struct tree *profiles_of(const struct tree *document)
{
        struct tree *t = tree_at(document, "spring.config.activate.on-profile");

        if (!t)
                t = tree_at(document, "spring.profiles");
        return t && t->kind != TREE_MAP ? t : NULL;
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

static bool judge(struct arena *arena, const struct tree *document, const char *active, bool *named, bool *wanted,
                  struct error *error)
{
        struct tree *profiles = profiles_of(document);
        const char **names;

        *named = profiles != NULL;
        *wanted = true;
        if (!profiles)
                return true;
        if (!tree_expand(arena, profiles, document, error) || !tree_texts(arena, profiles, &names, error))
                return false;
        for (const char **n = names; *n; n++)
                if (strpbrk(*n, "&|()"))
                        return tree_error(profiles, error, "profile expressions like %s are not supported", *n);
        *wanted = is_wanted(names, active);
        return true;
}

struct tree *documents_merge(struct arena *arena, const struct tree *first, const char *profiles, struct error *error)
{
        struct tree *all = arena_alloc(arena, sizeof *all);

        all->kind = TREE_MAP;
        all->file = first->file;
        all->line = 1;
        for (int pass = 0; pass < 2; pass++)
                for (const struct tree *d = first; d; d = d->next) {
                        bool named, wanted;

                        if (!judge(arena, d, profiles && *profiles ? profiles : "default", &named, &wanted, error))
                                return NULL;
                        if (wanted && named == pass)
                                tree_merge(arena, all, d);
                        if (!tree_fits(d, arena, error))
                                return NULL;
                }
        return all;
}
