/* patch_fuzz - a patch is applied or refused with a reason; what it makes of a row can be written
   and read again, and a hidden member is none of its business. */
#include "service/patch.h"
#include "testing/fuzz.h"

struct goods {
        struct row row;
        const char *name, *colour, *secret;
        struct nullable_int qty, big;
};

static const struct field fields[] = {
        {"name", FIELD_TEXT, offsetof(struct goods, name)},
        {"colour", FIELD_TEXT, offsetof(struct goods, colour)},
        {"qty", FIELD_INT32, offsetof(struct goods, qty), FIELD_NOT_NEGATIVE},
        {"big", FIELD_INT64, offsetof(struct goods, big)},
        {"secret", FIELD_TEXT, offsetof(struct goods, secret), FIELD_HIDDEN},
        {NULL},
};

static const struct shape shape = {fields, sizeof(struct goods)};

static void check_row(struct arena *arena, const struct goods *row)
{
        struct text out = text_open(arena, 200);
        struct goods again = {.row.id = 1};
        struct error error = {0};
        const struct json *json;

        fuzz_must(row->row.id == 7 && row->row.version == 3 && strcmp(row->secret, "hidden") == 0,
                  "what is hidden was changed");
        fuzz_must(!row->qty.known || (row->qty.value >= 0 && row->qty.value <= INT32_MAX),
                  "qty is %lld", (long long)row->qty.value);
        text_char(&out, '{');
        shape_write(&shape, row, &out);
        text_char(&out, '}');
        json = json_read(arena, out.at, out.len, &error);
        fuzz_must(json && shape_read(&shape, json, &again, &error), "%s: %s", out.at, error.text);
        fuzz_must(shape_same(&shape, row, &again), "read again it is another: %s", out.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        struct fuzz_piece text = fuzz_whole(arena, data, size, 1 << 20);
        struct error error = {0};
        const struct json *patch = json_read(arena, text.at, text.len, &error);
        struct goods row = {.row = {7, 3},
                            .name = "TV",
                            .secret = "hidden",
                            .qty = {true, 5},
                            .big = {true, INT64_MIN}};

        if (patch && (patch->type == JSON_OBJECT || patch->type == JSON_ARRAY)) {
                if (patch_apply(&shape, patch, &row, &error))
                        check_row(arena, &row);
                else
                        fuzz_must((error.kind == ERROR_BAD_INPUT || error.kind == ERROR_CONFLICT) &&
                                          error.text[0],
                                  "refused for no reason");
        }
        arena_close(&arena);
        return 0;
}
