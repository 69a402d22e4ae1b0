#include "base/yaml_inside.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

struct loader {
        struct arena *arena;
        const char *file;
        yaml_document_t document;
        int nodes;
        struct error *error;
};

/* One part of a dotted key: up to a dot or a bracket, or all of "[...]". */
struct part {
        const char *at;
        size_t len;
        bool verbatim;
        const char *rest; /* what follows it; NULL: nothing */
};

static struct part part_of(const char *key)
{
        const char *close = key[0] == '[' ? strchr(key, ']') : NULL;
        struct part p = {.at = key, .len = strlen(key)};

        if (close) {
                p = (struct part){.at = key + 1,
                                  .len = (size_t)(close - key - 1),
                                  .verbatim = true,
                                  .rest = close + 1};
        } else if (key[0] != '/' && key[0] != '[') {
                p.len = strcspn(key, ".[");
                if (!p.len || (key[p.len] == '[' && isdigit((unsigned char)key[p.len + 1])))
                        p.len = strlen(key); /* routes[0]: kept whole for the message */
                p.rest = key + p.len;
        }
        if (p.rest && *p.rest == '.')
                p.rest++;
        if (p.rest && !*p.rest)
                p.rest = NULL;
        return p;
}

static bool join(struct loader *r, struct yaml *old, struct yaml *value)
{
        if (old->kind != YAML_MAP || value->kind != YAML_MAP)
                return yaml_error(value, r->error, "%s is given twice, first in line %d", old->name,
                                  old->line);
        for (struct yaml *m = value->first, *next; m; m = next) {
                struct yaml *same = yaml_find(old, m->name, strlen(m->name), m->verbatim);

                next = m->next;
                if (!same)
                        yaml_append(old, m);
                else if (!join(r, same, m))
                        return false;
        }
        return true;
}

static bool is_within_limits(struct loader *r, const struct yaml *at, int depth)
{
        if (depth > DEEPEST)
                return yaml_error(at, r->error,
                                  "nested too deeply, or an alias that contains itself");
        if (++r->nodes > MOST_NODES)
                return yaml_error(at, r->error, "more than %d values, after aliases are expanded",
                                  MOST_NODES);
        return yaml_fits(at, r->arena, r->error);
}

static bool tree_put(struct loader *r, struct yaml *map, const char *key, struct yaml *value,
                     int depth)
{
        struct part p = part_of(key);
        struct yaml *old = yaml_find(map, p.at, p.len, p.verbatim), *child = value;

        if (p.rest) {
                child = yaml_new(r->arena, YAML_MAP, r->file, value->line);
                if (!is_within_limits(r, child, depth) ||
                    !tree_put(r, child, p.rest, value, depth + 1))
                        return false;
        }
        child->name = arena_copy(r->arena, p.at, p.len);
        child->verbatim = p.verbatim;
        if (old)
                return join(r, old, child);
        yaml_append(map, child);
        return true;
}

static struct yaml *read_node(struct loader *r, int index, int depth);

/* `<<`: adds the members of the merged map that this one lacks. */
static bool merge_key(struct loader *r, struct yaml *map, const struct yaml *value)
{
        if (value->kind == YAML_LIST) {
                for (const struct yaml *m = value->first; m; m = m->next)
                        if (!merge_key(r, map, m))
                                return false;
                return true;
        }
        if (value->kind != YAML_MAP)
                return yaml_error(value, r->error, "<< wants a map");
        for (struct yaml *m = value->first, *next; m; m = next) {
                next = m->next;
                if (!yaml_find(map, m->name, strlen(m->name), m->verbatim))
                        yaml_append(map, m);
        }
        return true;
}

static bool read_map(struct loader *r, struct yaml *map, const yaml_node_t *node, int depth)
{
        for (int merging = 0; merging < 2; merging++)
                for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
                     p < node->data.mapping.pairs.top; p++) {
                        const yaml_node_t *key = yaml_document_get_node(&r->document, p->key);
                        const char *name = (const char *)key->data.scalar.value;
                        struct yaml *value;

                        if (key->type != YAML_SCALAR_NODE)
                                return yaml_error(map, r->error, "a key must be a text");
                        if ((strcmp(name, "<<") == 0) != merging)
                                continue;
                        value = read_node(r, p->value, depth + 1);
                        if (!value)
                                return false;
                        value->line = (int)key->start_mark.line + 1;
                        if (!(merging ? merge_key(r, map, value)
                                      : tree_put(r, map, name, value, depth)))
                                return false;
                }
        return true;
}

static bool read_list(struct loader *r, struct yaml *list, const yaml_node_t *node, int depth)
{
        for (yaml_node_item_t *i = node->data.sequence.items.start;
             i < node->data.sequence.items.top; i++) {
                struct yaml *item = read_node(r, *i, depth + 1);

                if (!item)
                        return false;
                yaml_append(list, item);
        }
        return true;
}

static bool is_known_tag(const char *tag)
{
        static const char *const known[] = {"str",       "int", "float", "bool", "null",
                                            "timestamp", "map", "seq",   NULL};
        static const char prefix[] = "tag:yaml.org,2002:";

        if (!tag || strcmp(tag, "!") == 0)
                return true;
        if (strncmp(tag, prefix, sizeof prefix - 1) != 0)
                return false;
        for (int i = 0; known[i]; i++)
                if (strcmp(tag + sizeof prefix - 1, known[i]) == 0)
                        return true;
        return false;
}

static const char *scalar_text(struct arena *arena, const yaml_node_t *node)
{
        const char *text = (const char *)node->data.scalar.value;

        if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
            (!*text || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0))
                return NULL;
        return arena_string(arena, text);
}

static struct yaml *read_node(struct loader *r, int index, int depth)
{
        const yaml_node_t *node = yaml_document_get_node(&r->document, index);
        struct yaml *t = yaml_new(r->arena, YAML_SCALAR, r->file, (int)node->start_mark.line + 1);
        bool read = true;

        if (!is_within_limits(r, t, depth))
                return NULL;
        if (!is_known_tag((const char *)node->tag)) {
                yaml_error(t, r->error, "the tag %s is not supported", (const char *)node->tag);
                return NULL;
        }
        if (node->type == YAML_MAPPING_NODE) {
                t->kind = YAML_MAP;
                read = read_map(r, t, node, depth);
        } else if (node->type == YAML_SEQUENCE_NODE) {
                t->kind = YAML_LIST;
                read = read_list(r, t, node, depth);
        } else {
                t->text = scalar_text(r->arena, node);
        }
        return read ? t : NULL;
}

static bool read_document(struct loader *r, struct yaml *all)
{
        struct yaml *t;

        if (!yaml_document_get_root_node(&r->document))
                return true;
        t = read_node(r, 1, 0);
        if (!t)
                return false;
        if (t->kind == YAML_SCALAR && !t->text)
                return true; /* it has only comments */
        if (t->kind != YAML_MAP)
                return yaml_error(t, r->error, "a document must be a map of settings");
        yaml_append(all, t);
        return true;
}

static bool read_documents(yaml_parser_t *parser, struct loader *r, struct yaml *all)
{
        bool more = true;

        while (more) {
                if (!yaml_parser_load(parser, &r->document))
                        return error_set(r->error, ERROR_BAD_INPUT, "%s:%d: not YAML: %s %s",
                                         r->file, (int)parser->problem_mark.line + 1,
                                         parser->problem ? parser->problem : "",
                                         parser->context ? parser->context : "");
                more = yaml_document_get_root_node(&r->document) != NULL;
                if (!read_document(r, all))
                        more = false;
                yaml_document_delete(&r->document);
                if (r->error->kind)
                        return false;
        }
        return true;
}

struct yaml *yaml_read(struct arena *arena, const char *file, const char *text, size_t len,
                       struct error *error)
{
        struct loader r = {.arena = arena, .file = arena_string(arena, file), .error = error};
        struct yaml *all = yaml_new(arena, YAML_LIST, r.file, 1);
        yaml_parser_t parser;
        bool read;

        error->kind = ERROR_NONE;
        if (!yaml_survey(r.file, text, len, error))
                return NULL;
        if (!yaml_parser_initialize(&parser)) {
                error_set(error, ERROR_INTERNAL, "%s: no memory for a YAML parser", file);
                return NULL;
        }
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
        read = read_documents(&parser, &r, all);
        yaml_parser_delete(&parser);
        if (!read)
                return NULL;
        return all->first ? all->first : yaml_new(arena, YAML_MAP, r.file, 1);
}
