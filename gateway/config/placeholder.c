/* In a RewritePath, ${name} may also stand for a group of the regular expression: it stays as it is
   if the expression has a group of that name. $\{name} always stays: Spring's users write it so
   that it is not taken for a placeholder. */
#include "gateway/config/placeholder.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16, MOST_BYTES = 512 << 10, MOST_NAMES = 10000 };

/* How many bytes may still be expanded and how many names looked up, for a whole subtree: a short
   file must not cause much work. */
struct budget {
        size_t bytes, names;
};

struct expansion {
        struct arena *arena;
        struct budget *left;
        const struct yaml *root, *at; /* at: the node being expanded, for messages */
        const char *regex;            /* names of its groups are no placeholders; or NULL */
        struct error *error;
};

static bool expand_text(struct expansion *x, const char *text, size_t len, int depth,
                        struct text *out);

/* As Spring Boot does, also finds order.host-name in the variable ORDER_HOSTNAME. */
static const char *environment_value(struct arena *arena, const char *name)
{
        struct text upper = text_open(arena, strlen(name));
        const char *value = getenv(name);

        if (value)
                return value;
        for (; *name; name++)
                if (*name != '-')
                        text_char(&upper, (char)(isalnum((unsigned char)*name)
                                                         ? toupper((unsigned char)*name)
                                                         : '_'));
        return getenv(upper.at);
}

/* Offset of the brace that closes the placeholder around text; len: there is none. */
static size_t closing_brace(const char *text, size_t len)
{
        int open = 1;

        for (size_t i = 0; i < len; i++) {
                if (text[i] == '$' && i + 1 < len && text[i + 1] == '{')
                        open++;
                else if (text[i] == '}' && --open == 0)
                        return i;
        }
        return len;
}

static bool take_from_budget(struct expansion *x, size_t len, size_t names)
{
        if (len > x->left->bytes || names > x->left->names)
                return yaml_error(x->at, x->error,
                                  "${...} expand to more than %d KiB, or are more than %d",
                                  MOST_BYTES >> 10, MOST_NAMES);
        x->left->bytes -= len;
        x->left->names -= names;
        return true;
}

static bool expand_name(struct expansion *x, const char *inside, size_t len, int depth,
                        struct text *out)
{
        const char *colon = memchr(inside, ':', len);
        char *name = arena_copy(x->arena, inside, colon ? (size_t)(colon - inside) : len);
        const char *value = environment_value(x->arena, name);
        const struct yaml *setting = yaml_at(x->root, name);

        if (value) {
                text_string(out, value);
                return take_from_budget(x, strlen(value), 0);
        }
        if (setting && setting->kind == YAML_SCALAR && setting->text)
                return expand_text(x, setting->text, strlen(setting->text), depth + 1, out);
        if (colon)
                return expand_text(x, colon + 1, (size_t)(inside + len - colon - 1), depth + 1,
                                   out);
        return yaml_error(x->at, x->error,
                          "${%s}: neither an environment variable nor a setting, and no default",
                          name);
}

static bool names_group(const struct expansion *x, const char *name, size_t len)
{
        return x->regex && strstr(x->regex, arena_printf(x->arena, "(?<%.*s>", (int)len, name));
}

static bool expand_text(struct expansion *x, const char *text, size_t len, int depth,
                        struct text *out)
{
        if (depth > DEEPEST)
                return yaml_error(x->at, x->error,
                                  "${...} nested too deeply, or a setting that names itself");
        if (!take_from_budget(x, len, 0))
                return false;
        for (size_t i = 0; i < len; i++) {
                size_t close;

                if (text[i] != '$' || i + 1 >= len || text[i + 1] != '{') {
                        text_char(out, text[i]);
                        continue;
                }
                close = closing_brace(text + i + 2, len - i - 2);
                if (close == len - i - 2)
                        return yaml_error(x->at, x->error, "${ without its }");
                if (!take_from_budget(x, 0, 1))
                        return false;
                if (names_group(x, text + i + 2, close))
                        text_add(out, text + i, close + 3);
                else if (!expand_name(x, text + i + 2, close, depth, out))
                        return false;
                i += 2 + close;
        }
        return true;
}

/* The regular expression of a RewritePath: part of the same text in the short form, a sibling in
   args in the long form. */
static const char *regex_of(const struct yaml *t, const char *around)
{
        const struct yaml *regexp = yaml_member(t, "regexp");

        if (t->kind == YAML_SCALAR && t->text &&
            strncmp(t->text, "RewritePath=", strlen("RewritePath=")) == 0)
                return t->text;
        return regexp && regexp->kind == YAML_SCALAR ? regexp->text : around;
}

static bool expand(struct expansion *around, struct yaml *part)
{
        struct expansion x = *around;

        x.at = part;
        x.regex = regex_of(part, around->regex);

        if (part->kind == YAML_SCALAR && part->text && strstr(part->text, "${")) {
                struct text out = text_open(x.arena, strlen(part->text));

                if (!expand_text(&x, part->text, strlen(part->text), 0, &out))
                        return false;
                part->text = out.at;
        }
        if (part->kind != YAML_MAP)
                x.regex = NULL;
        for (struct yaml *m = part->first; m; m = m->next)
                if (!expand(&x, m))
                        return false;
        return true;
}

bool yaml_expand(struct arena *arena, struct yaml *part, const struct yaml *root,
                 struct error *error)
{
        struct budget left = {MOST_BYTES, MOST_NAMES};
        struct expansion x = {.arena = arena, .left = &left, .root = root, .error = error};

        return !part || expand(&x, part);
}
