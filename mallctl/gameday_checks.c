#include "mallctl/gameday_checks_read.h"

#include "base/suggest.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words: `audit: balanced` ---- */

static const struct word {
        const char *member, *word;
        enum gameday_check_kind kind;
} words[] = {
        {"audit", "balanced", CHECK_AUDIT},
        {"orders", "none lost", CHECK_NONE_LOST},
        {"orders", "none failed", CHECK_NONE_FAILED},
        {"orders", "some failed", CHECK_SOME_FAILED},
        {"readiness", "UP", CHECK_STAYED_READY},
        {"readiness", "DOWN", CHECK_WAS_NOT_READY},
        {"grew", "true", CHECK_GREW},
        {"grew", "false", CHECK_SAME},
        {NULL, NULL, CHECK_AUDIT},
};

static bool read_word(const struct yaml *at, const char *member, struct gameday_check *check,
                      struct error *error)
{
        char all[100] = "";
        size_t len = 0;

        for (const struct word *w = words; w->member; w++) {
                if (strcmp(w->member, member) != 0)
                        continue;
                if (at->kind == YAML_SCALAR && at->text && strcmp(at->text, w->word) == 0) {
                        check->kind = w->kind;
                        return true;
                }
                len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", len ? ", " : "",
                                        w->word);
        }
        return yaml_error(at, error, "%s is one of: %s", member, all);
}

/* ---- bounds: `reached: 50` ---- */

static const struct bound {
        const char *member;
        enum gameday_check_kind kind;
} bounds[] = {
        {"reached", CHECK_REACHED},
        {"ends-at-most", CHECK_ENDS_AT_MOST},
        {"ends-at-least", CHECK_ENDS_AT_LEAST},
        {NULL, CHECK_AUDIT},
};

static bool read_bound(const struct yaml *at, const struct bound *bound,
                       struct gameday_check *check, struct error *error)
{
        char *end = NULL;

        if (at->kind == YAML_SCALAR && at->text)
                check->bound = strtod(at->text, &end);
        check->kind = bound->kind;
        return (end && end != at->text && !*end) ||
               yaml_error(at, error, "%s is a number", bound->member);
}

static bool read_labels(struct arena *arena, const struct yaml *map, struct gameday_check *check,
                        struct error *error)
{
        const char **labels = NULL;
        size_t count = 0;

        if (map->kind != YAML_MAP)
                return yaml_error(map, error, "labels is a map");
        labels = arena_alloc(arena, sizeof *labels);
        for (const struct yaml *m = map->first; m; m = m->next) {
                if (m->kind != YAML_SCALAR || !m->text)
                        return yaml_error(m, error, "a label is a text");
                yaml_add_text(arena, &labels, &count,
                              arena_printf(arena, "%s=\"%s\"", m->name, m->text));
        }
        check->labels = labels;
        return true;
}

/* ---- one check ---- */

static const char *const known[] = {"audit",        "orders",        "service", "readiness",
                                    "metric",       "labels",        "grew",    "reached",
                                    "ends-at-most", "ends-at-least", NULL};

static bool unknown(const struct yaml *m, struct error *error)
{
        const char *near = suggest(m->name, known);

        return yaml_error(m, error, "%.60s is no member of a check%s%s%s", m->name,
                          near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static bool read_name(const struct yaml *m, const char **name, struct error *error)
{
        *name = m->text;
        return (m->kind == YAML_SCALAR && m->text && *m->text) ||
               yaml_error(m, error, "%s is a text", m->name);
}

/* decided: how many of its members say what is checked. */
static bool read_member(struct arena *arena, const struct yaml *m, struct gameday_check *check,
                        int *decided, struct error *error)
{
        if (yaml_is_named(m, "service"))
                return read_name(m, &check->service, error);
        if (yaml_is_named(m, "metric"))
                return read_name(m, &check->metric, error);
        if (yaml_is_named(m, "labels"))
                return read_labels(arena, m, check, error);
        (*decided)++;
        for (const struct bound *b = bounds; b->member; b++)
                if (yaml_is_named(m, b->member))
                        return read_bound(m, b, check, error);
        for (const struct word *w = words; w->member; w++)
                if (yaml_is_named(m, w->member))
                        return read_word(m, w->member, check, error);
        return unknown(m, error);
}

static bool is_whole(const struct yaml *at, const struct gameday_check *check, int decided,
                     struct error *error)
{
        bool metric = check->kind >= CHECK_GREW, service = check->kind >= CHECK_STAYED_READY;

        if (decided != 1)
                return yaml_error(at, error,
                                  "a check says one of audit, orders, readiness, grew, reached, "
                                  "ends-at-most, ends-at-least");
        if (metric && !check->metric)
                return yaml_error(at, error, "which metric?");
        if (!metric && (check->metric || check->labels))
                return yaml_error(at, error, "this check has no metric");
        if (service != (check->service != NULL))
                return yaml_error(at, error,
                                  service ? "of which service?" : "this check has no service");
        return true;
}

bool gameday_check_read(struct arena *arena, const struct yaml *at, struct gameday_check *check,
                        struct error *error)
{
        int decided = 0;

        if (at->kind != YAML_MAP)
                return yaml_error(at, error, "a check is a map, as `audit: balanced`");
        check->line = at->line;
        for (const struct yaml *m = at->first; m; m = m->next)
                if (!read_member(arena, m, check, &decided, error))
                        return false;
        return is_whole(at, check, decided, error);
}

/* ---- for people ---- */

static const char *labels_text(struct arena *arena, const char *const *labels)
{
        struct text out = text_open(arena, 60);

        if (!labels || !*labels)
                return "";
        for (const char *const *l = labels; *l; l++)
                text_printf(&out, "%s%s", out.len ? "," : "{", *l);
        text_char(&out, '}');
        return out.at;
}

const char *gameday_check_name(struct arena *arena, const struct gameday_check *c)
{
        if (c->kind == CHECK_AUDIT)
                return "audit";
        if (c->kind < CHECK_STAYED_READY)
                return "orders";
        if (c->kind < CHECK_GREW)
                return arena_printf(arena, "%s readiness", c->service);
        return arena_printf(arena, "%s %s%s", c->service, c->metric, labels_text(arena, c->labels));
}

const char *gameday_check_wants(struct arena *arena, const struct gameday_check *c)
{
        static const char *const wants[] = {
                [CHECK_AUDIT] = "balanced",
                [CHECK_NONE_LOST] = "none lost",
                [CHECK_NONE_FAILED] = "none failed",
                [CHECK_SOME_FAILED] = "some failed",
                [CHECK_STAYED_READY] = "UP all the while",
                [CHECK_WAS_NOT_READY] = "once not UP",
                [CHECK_GREW] = "grew",
                [CHECK_SAME] = "did not grow",
                [CHECK_REACHED] = "reached %g",
                [CHECK_ENDS_AT_MOST] = "ends at %g at most",
                [CHECK_ENDS_AT_LEAST] = "ends at %g at least",
        };
        const char *form = wants[c->kind], *number = strstr(form, "%g");

        if (!number)
                return form;
        return arena_printf(arena, "%.*s%g%s", (int)(number - form), form, c->bound, number + 2);
}
