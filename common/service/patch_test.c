/* Merge patches (RFC 7396) and lists of operations (RFC 6902) on a row. */
#include "service/patch.h"

#include "testing/thing.h"

static struct arena *arena;
static struct error error;

/* What becomes of {"name":"a","qty":5,"big":null}; or the reason why nothing does. */
static const char *patched(const char *json)
{
        struct thing t = {.name = "a", .qty = {true, 5}, .secret = "s", .pin = {true, 1}};
        struct text out = text_open(arena, 100);
        const struct json *patch;

        error = (struct error){0};
        patch = json_read(arena, json, strlen(json), &error);
        check_text(error.text, "");
        if (!patch_apply(&thing_shape, patch, &t, &error))
                return arena_string(arena, error.text);
        shape_write(&thing_shape, &t, &out);
        check_text(t.secret, "s");
        check_int(t.pin.value, 1);
        return out.at;
}

static void becomes(const char *json, const char *row)
{
        check_text(patched(json), row);
}

static void fails(const char *json, enum error_kind kind, const char *why)
{
        check_contains(patched(json), why);
        check_int(error.kind, kind);
}

static void a_merge_changes_what_it_has(void)
{
        becomes("{}", "\"name\":\"a\",\"qty\":5,\"big\":null");
        becomes("{\"qty\":6}", "\"name\":\"a\",\"qty\":6,\"big\":null");
        becomes("{\"name\":null,\"big\":\"7\"}", "\"name\":null,\"qty\":5,\"big\":7");
        becomes("{\"unknown\":1,\"Secret\":\"x\",\"pin\":2}",
                "\"name\":\"a\",\"qty\":5,\"big\":null");
        fails("{\"qty\":-1}", ERROR_BAD_INPUT, "qty must be");
        fails("{\"name\":{}}", ERROR_BAD_INPUT, "name must be");
}

static void operations_run_in_order(void)
{
        becomes("[]", "\"name\":\"a\",\"qty\":5,\"big\":null");
        becomes("[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"b\"}]",
                "\"name\":\"b\",\"qty\":5,\"big\":null");
        becomes("[{\"op\":\"add\",\"path\":\"/big\",\"value\":9},{\"op\":\"test\",\"path\":\"/"
                "big\",\"value\":9},"
                "{\"op\":\"remove\",\"path\":\"/qty\"}]",
                "\"name\":\"a\",\"qty\":null,\"big\":9");
        becomes("[{\"op\":\"copy\",\"from\":\"/qty\",\"path\":\"/big\"}]",
                "\"name\":\"a\",\"qty\":5,\"big\":5");
        becomes("[{\"op\":\"move\",\"from\":\"/qty\",\"path\":\"/big\"}]",
                "\"name\":\"a\",\"qty\":null,\"big\":5");
        becomes("[{\"op\":\"move\",\"from\":\"/qty\",\"path\":\"/qty\"}]",
                "\"name\":\"a\",\"qty\":5,\"big\":null");
        becomes("[{\"op\":\"copy\",\"from\":\"/big\",\"path\":\"/name\"}]",
                "\"name\":null,\"qty\":5,\"big\":null");
        becomes("[{\"op\":\"add\",\"path\":\"/unknown\",\"value\":1}]",
                "\"name\":\"a\",\"qty\":5,\"big\":null");
        becomes("[{\"path\":\"/qty\",\"value\":null,\"op\":\"replace\",\"more\":{}}]",
                "\"name\":\"a\",\"qty\":null,\"big\":null");
}

static void a_test_guards(void)
{
        becomes("[{\"op\":\"test\",\"path\":\"/"
                "name\",\"value\":\"a\"},{\"op\":\"test\",\"path\":\"/big\",\"value\":null}]",
                "\"name\":\"a\",\"qty\":5,\"big\":null");
        fails("[{\"op\":\"test\",\"path\":\"/qty\",\"value\":6},{\"op\":\"remove\",\"path\":\"/"
              "qty\"}]",
              ERROR_CONFLICT, "the test of /qty does not hold: it is 5");
        fails("[{\"op\":\"test\",\"path\":\"/name\",\"value\":null}]", ERROR_CONFLICT, "/name");
        fails("[{\"op\":\"test\",\"path\":\"/qty\",\"value\":\"5\"}]", ERROR_CONFLICT,
              "/qty"); /* a string is no number */
        fails("[{\"op\":\"test\",\"path\":\"/unknown\",\"value\":1}]", ERROR_BAD_INPUT,
              "no member unknown");
}

static void what_is_no_operation_is_refused(void)
{
        fails("[{}]", ERROR_BAD_INPUT, "op");
        fails("[1]", ERROR_BAD_INPUT, "op");
        fails("[[]]", ERROR_BAD_INPUT, "op");
        fails("[{\"op\":7,\"path\":\"/qty\"}]", ERROR_BAD_INPUT, "op");
        fails("[{\"op\":\"increase\",\"path\":\"/qty\"}]", ERROR_BAD_INPUT,
              "no operation increase");
        fails("[{\"op\":\"remove\"}]", ERROR_BAD_INPUT, "path");
        fails("[{\"op\":\"remove\",\"path\":1}]", ERROR_BAD_INPUT, "path");
        fails("[{\"op\":\"remove\",\"path\":\"qty\"}]", ERROR_BAD_INPUT, "not qty");
        fails("[{\"op\":\"remove\",\"path\":\"\"}]", ERROR_BAD_INPUT, "/member");
        fails("[{\"op\":\"remove\",\"path\":\"/qty/0\"}]", ERROR_BAD_INPUT, "/qty/0");
        fails("[{\"op\":\"remove\",\"path\":\"/unknown\"}]", ERROR_BAD_INPUT, "no member unknown");
        fails("[{\"op\":\"replace\",\"path\":\"/unknown\",\"value\":1}]", ERROR_BAD_INPUT,
              "no member unknown");
        fails("[{\"op\":\"replace\",\"path\":\"/qty\"}]", ERROR_BAD_INPUT, "no value");
        fails("[{\"op\":\"add\",\"path\":\"/qty\",\"value\":-1}]", ERROR_BAD_INPUT, "qty must be");
        fails("[{\"op\":\"copy\",\"path\":\"/qty\"}]", ERROR_BAD_INPUT, "from");
        fails("[{\"op\":\"copy\",\"from\":\"/unknown\",\"path\":\"/qty\"}]", ERROR_BAD_INPUT,
              "from names no member");
}

static void what_the_row_does_not_allow_is_a_conflict(void)
{
        fails("[{\"op\":\"copy\",\"from\":\"/qty\",\"path\":\"/name\"}]", ERROR_CONFLICT,
              "name is a string, qty a number");
        fails("[{\"op\":\"move\",\"from\":\"/name\",\"path\":\"/qty\"}]", ERROR_CONFLICT,
              "qty must be");
        becomes("[{\"op\":\"add\",\"path\":\"/name\",\"value\":\"7\"},{\"op\":\"copy\",\"from\":\"/"
                "name\",\"path\":\"/qty\"}]",
                "\"name\":\"7\",\"qty\":7,\"big\":null");
}

static void hidden_members_do_not_exist(void)
{
        fails("[{\"op\":\"replace\",\"path\":\"/Secret\",\"value\":\"x\"}]", ERROR_BAD_INPUT,
              "no member Secret");
        fails("[{\"op\":\"test\",\"path\":\"/pin\",\"value\":1}]", ERROR_BAD_INPUT,
              "no member pin");
        fails("[{\"op\":\"copy\",\"from\":\"/Secret\",\"path\":\"/name\"}]", ERROR_BAD_INPUT,
              "from names no member");
        becomes("[{\"op\":\"add\",\"path\":\"/Secret\",\"value\":\"x\"}]",
                "\"name\":\"a\",\"qty\":5,\"big\":null");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_merge_changes_what_it_has),
                STORY(operations_run_in_order),
                STORY(a_test_guards),
                STORY(what_is_no_operation_is_refused),
                STORY(what_the_row_does_not_allow_is_a_conflict),
                STORY(hidden_members_do_not_exist),
                {NULL, NULL},
        };
        int failed;

        arena = arena_open();
        failed = check_main(stories, argc, argv);
        arena_close(&arena);
        return failed;
}
