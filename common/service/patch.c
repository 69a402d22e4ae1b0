#include "service/patch.h"

#include <string.h>

static bool is_part_of_operation(const void *arg, const char *name, size_t len)
{
        static const char *const parts[] = {"op", "path", "from", "value"};

        (void)arg;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
                if (strlen(parts[i]) == len && memcmp(parts[i], name, len) == 0)
                        return true;
        return false;
}

const struct json_wanted patch_wanted = {.depth = 1, .is = is_part_of_operation};

static const struct json json_null = {.type = JSON_NULL, .text = ""};

/* One operation of a JSON Patch, looked up. */
struct patch_operation {
        const struct field *field;  /* of `path`; NULL: a member that the thing does not have */
        const struct field *source; /* of `from` */
        const struct json *value;
        const char *path;
};

static bool bad(struct error *error, const char *what, const char *name)
{
        return error_set(error, ERROR_BAD_INPUT, "JSON Patch: %s%s", what, name ? name : "");
}

/* "/qty" is the member qty; deeper paths do not exist here. */
static bool member_of(const struct shape *shape, const struct json *operation, const char *name,
                      const struct field **field, const char **path, struct error *error)
{
        const struct json *pointer = json_member(operation, name);

        if (!pointer || pointer->type != JSON_STRING)
                return bad(error, "every operation needs a string: ", name);
        if (pointer->text[0] != '/' || strchr(pointer->text + 1, '/'))
                return bad(error, "a path is /member, not ", pointer->text);
        *path = pointer->text + 1;
        *field = shape_field(shape, *path);
        if (*field && (*field)->flags & FIELD_HIDDEN)
                *field = NULL;
        return true;
}

static bool needs_value(const struct patch_operation *o, struct error *error)
{
        return o->value || bad(error, "no value for /", o->path);
}

static bool needs_member(const struct patch_operation *o, struct error *error)
{
        return o->field || bad(error, "there is no member ", o->path);
}

static bool op_add(const struct shape *shape, const struct patch_operation *o, void *row,
                   struct error *error)
{
        (void)shape;
        return needs_value(o, error) && (!o->field || field_read(o->field, o->value, row, error));
}

static bool op_replace(const struct shape *shape, const struct patch_operation *o, void *row,
                       struct error *error)
{
        return needs_member(o, error) && op_add(shape, o, row, error);
}

static bool op_remove(const struct shape *shape, const struct patch_operation *o, void *row,
                      struct error *error)
{
        (void)shape;
        return needs_member(o, error) && field_read(o->field, &json_null, row, error);
}

static bool op_test(const struct shape *shape, const struct patch_operation *o, void *row,
                    struct error *error)
{
        struct text is, wanted;
        struct arena *arena;
        bool same;

        if (!needs_member(o, error) || !needs_value(o, error))
                return false;
        (void)shape;
        arena = arena_open();
        is = text_open(arena, 100);
        wanted = text_open(arena, 100);
        field_write(o->field, row, &is);
        json_write(&wanted, o->value);
        same = strcmp(is.at, wanted.at) == 0;
        if (!same)
                error_set(error, ERROR_CONFLICT,
                          "JSON Patch: the test of /%s does not hold: it is %.100s", o->path,
                          is.at);
        arena_close(&arena);
        return same;
}

static bool copy_member(const struct patch_operation *o, void *row, struct error *error)
{
        struct arena *arena = arena_open();
        struct text value = text_open(arena, 100);
        const char *text = o->source->type == FIELD_TEXT ? field_text_of(o->source, row) : NULL;
        struct json as_json = json_null;
        bool done;

        if (o->source->type == FIELD_TEXT && text) {
                as_json = (struct json){.type = JSON_STRING, .text = text, .len = strlen(text)};
        } else if (o->source->type != FIELD_TEXT && field_whole_of(o->source, row).known) {
                field_write(o->source, row, &value);
                as_json = (struct json){.type = JSON_NUMBER, .text = value.at, .len = value.len};
        }
        if (as_json.type == JSON_NUMBER && o->field->type == FIELD_TEXT)
                done = error_member(error, o->path, "JSON Patch: %s is a string, %s a number",
                                    o->path, o->source->name);
        else
                done = field_read(o->field, &as_json, row, error);
        if (!done)
                error->kind = ERROR_CONFLICT; /* another row may allow it */
        arena_close(&arena);
        return done;
}

static bool op_copy(const struct shape *shape, const struct patch_operation *o, void *row,
                    struct error *error)
{
        (void)shape;
        if (!o->source)
                return bad(error, "from names no member", NULL);
        return needs_member(o, error) && copy_member(o, row, error);
}

static bool op_move(const struct shape *shape, const struct patch_operation *o, void *row,
                    struct error *error)
{
        return op_copy(shape, o, row, error) &&
               (o->source == o->field || field_read(o->source, &json_null, row, error));
}

static const struct {
        const char *name;
        bool (*run)(const struct shape *, const struct patch_operation *, void *, struct error *);
        bool has_from;
} operations[] = {
        {"add", op_add, false},   {"replace", op_replace, false}, {"remove", op_remove, false},
        {"test", op_test, false}, {"copy", op_copy, true},        {"move", op_move, true},
};

static bool run_operation(const struct shape *shape, const struct json *operation, void *row,
                          struct error *error)
{
        const struct json *name = json_member(operation, "op");
        struct patch_operation o = {.value = json_member(operation, "value")};
        const char *from;

        if (!name || name->type != JSON_STRING)
                return bad(error, "every operation needs a string: op", NULL);
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
                if (strcmp(operations[i].name, name->text) != 0)
                        continue;
                return member_of(shape, operation, "path", &o.field, &o.path, error) &&
                       (!operations[i].has_from ||
                        member_of(shape, operation, "from", &o.source, &from, error)) &&
                       operations[i].run(shape, &o, row, error);
        }
        return bad(error, "there is no operation ", name->text);
}

bool patch_apply(const struct shape *shape, const struct json *patch, void *row,
                 struct error *error)
{
        if (patch->type == JSON_OBJECT)
                return shape_read(shape, patch, row, error);
        for (const struct json *o = patch->first; o; o = o->next)
                if (!run_operation(shape, o, row, error))
                        return false;
        return true;
}
