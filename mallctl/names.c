#include "mallctl/names.h"

#include "base/suggest.h"
#include "base/text.h"

#include <string.h>

bool names_have(const char *const *names, const char *name)
{
        while (*names && strcmp(*names, name) != 0)
                names++;
        return *names;
}

const char *names_list(struct arena *arena, const char *const *names, const char *last)
{
        struct text all = text_open(arena, 100);

        for (const char *const *n = names; *n; n++)
                if (n == names || n[1])
                        text_printf(&all, "%s%s", n == names ? "" : ", ", *n);
                else
                        text_printf(&all, " %s %s", last, *n);
        return all.at;
}

const char *names_hint(struct arena *arena, const char *wanted, const char *const *known)
{
        const char *near = suggest(wanted, known);
        struct text all = text_open(arena, 100);

        if (near)
                return arena_printf(arena, "; did you mean %s?", near);
        for (const char *const *k = known; *k; k++)
                text_printf(&all, "%s%s", k == known ? ": " : ", ", *k);
        return all.at;
}
