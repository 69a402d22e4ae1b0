#include "base/yaml_inside.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MEMORY = 16 << 20 };

bool yaml_error(const struct yaml *at, struct error *error, const char *format, ...)
{
        char text[sizeof error->text];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        return error_set(error, ERROR_BAD_INPUT, "%s:%d: %s", at->file, at->line, text);
}

struct yaml *yaml_new(struct arena *arena, enum yaml_kind kind, const char *file, int line)
{
        struct yaml *t = arena_alloc(arena, sizeof *t);

        t->kind = kind;
        t->file = file;
        t->line = line;
        return t;
}

void yaml_append(struct yaml *parent, struct yaml *child)
{
        child->next = NULL;
        if (parent->last)
                parent->last->next = child;
        else
                parent->first = child;
        parent->last = child;
}

static char next_of_name(const char **name, const char *end)
{
        while (*name < end && (**name == '-' || **name == '_'))
                (*name)++;
        return *name < end ? (char)tolower((unsigned char)*(*name)++) : '\0';
}

static bool is_same_name(const char *a, size_t a_len, const char *b, size_t b_len)
{
        const char *a_end = a + a_len, *b_end = b + b_len;
        char c;

        do {
                c = next_of_name(&a, a_end);
                if (c != next_of_name(&b, b_end))
                        return false;
        } while (c);
        return true;
}

struct yaml *yaml_find(const struct yaml *map, const char *name, size_t len, bool verbatim)
{
        for (struct yaml *m = map->first; m; m = m->next)
                if (verbatim || m->verbatim
                            ? strlen(m->name) == len && memcmp(m->name, name, len) == 0
                            : is_same_name(m->name, strlen(m->name), name, len))
                        return m;
        return NULL;
}

bool yaml_is_named(const struct yaml *member, const char *name)
{
        return is_same_name(member->name, strlen(member->name), name, strlen(name));
}

struct yaml *yaml_member(const struct yaml *map, const char *name)
{
        return map && map->kind == YAML_MAP ? yaml_find(map, name, strlen(name), false) : NULL;
}

struct yaml *yaml_at(const struct yaml *map, const char *path)
{
        struct yaml *found = NULL;

        while (map && map->kind == YAML_MAP) {
                size_t len = strcspn(path, ".");

                found = yaml_find(map, path, len, false);
                if (!path[len] || !found)
                        return found;
                path += len + 1;
                map = found;
        }
        return NULL;
}

static struct yaml *tree_copy(struct arena *arena, const struct yaml *from)
{
        struct yaml *t = arena_alloc(arena, sizeof *t);

        *t = *from;
        t->first = t->last = t->next = NULL;
        for (const struct yaml *c = from->first; c; c = c->next)
                yaml_append(t, tree_copy(arena, c));
        return t;
}

void yaml_merge(struct arena *arena, struct yaml *below, const struct yaml *above)
{
        for (const struct yaml *m = above->first; m; m = m->next) {
                struct yaml *same = yaml_find(below, m->name, strlen(m->name), m->verbatim);

                if (!same) {
                        yaml_append(below, tree_copy(arena, m));
                } else if (same->kind == YAML_MAP && m->kind == YAML_MAP) {
                        yaml_merge(arena, same, m);
                } else {
                        struct yaml *next = same->next, *copy = tree_copy(arena, m);

                        *same = *copy;
                        same->next = next;
                }
        }
}

bool yaml_fits(const struct yaml *at, const struct arena *arena, struct error *error)
{
        return arena_size(arena) <= MOST_MEMORY ||
               yaml_error(at, error, "the file expands to more than %d MiB", MOST_MEMORY >> 20);
}

/* The array is doubled whenever the count reaches a power of two. */
void yaml_add_text(struct arena *arena, const char ***texts, size_t *count, const char *text)
{
        size_t used = *count + 1; /* with the NULL at the end */

        if (!(used & (used - 1))) {
                const char **larger = arena_alloc(arena, 2 * used * sizeof *larger);

                if (*count)
                        memcpy(larger, *texts, *count * sizeof *larger);
                *texts = larger;
        }
        (*texts)[(*count)++] = text;
}

static void add_text(struct arena *arena, const char ***texts, size_t *count, const char *from,
                     size_t len)
{
        while (len && isspace((unsigned char)*from))
                from++, len--;
        while (len && isspace((unsigned char)from[len - 1]))
                len--;
        if (len)
                yaml_add_text(arena, texts, count, arena_copy(arena, from, len));
}

static bool split_text(struct arena *arena, const struct yaml *tree, const char ***texts,
                       size_t *count, struct error *error)
{
        for (const char *p = tree->text; *p; p += strcspn(p, ","), p += *p == ',') {
                if (!yaml_fits(tree, arena, error))
                        return false;
                add_text(arena, texts, count, p, strcspn(p, ","));
        }
        return true;
}

bool yaml_texts(struct arena *arena, const struct yaml *tree, const char ***texts,
                struct error *error)
{
        size_t count = 0;

        *texts = arena_alloc(arena, sizeof **texts);
        if (tree->kind == YAML_MAP)
                return yaml_error(tree, error, "%s wants a list", tree->name ? tree->name : "this");
        if (tree->kind == YAML_SCALAR && tree->text &&
            !split_text(arena, tree, texts, &count, error))
                return false;
        for (const struct yaml *m = tree->first; m; m = m->next) {
                if (m->kind != YAML_SCALAR || !m->text)
                        return yaml_error(m, error, "a text was expected");
                add_text(arena, texts, &count, m->text, strlen(m->text));
        }
        return true;
}
