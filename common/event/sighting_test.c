/* An event as an onlooker shows it. */
#include "event/sighting.h"

#include "base/clock.h"
#include "testing/check.h"

#include <string.h>

static struct arena *arena;

static const char *line_of(const struct record *record)
{
        struct text out = text_open(arena, 100);
        struct sighting s;

        sighting_read(record, arena, &s);
        sighting_write(&out, &s, false);
        return out.at;
}

#define HEADER(name, text) {name, text, sizeof(text) - 1}

static void all_that_the_headers_tell_is_shown(void)
{
        static const char value[] =
                "{\"eventType\":\"Orderplaced\",\"timestamp\":1795358923623,\"id\":1}";
        static const struct record_header headers[] = {
                HEADER("ce_type", "Orderplaced"),
                HEADER("ce_id", "12"),
                HEADER("ce_source", "/order/0f"),
                HEADER("ce_pod", "order-8081"),
                HEADER("ce_version", "1.0.0"),
                HEADER("ce_causationid", "7"),
                HEADER("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        };
        struct record record = {.partition = 3,
                                .offset = 17,
                                .key = "1",
                                .key_len = 1,
                                .timestamp_ms = 1795358923700,
                                .value = value,
                                .value_len = strlen(value),
                                .headers = headers,
                                .header_count = 7};

        check_text(line_of(&record),
                   "{\"partition\":3,\"offset\":17,\"type\":\"Orderplaced\",\"key\":\"1\",\"id\":"
                   "\"12\","
                   "\"source\":\"/order/0f\",\"service\":\"order\",\"pod\":\"order-8081\","
                   "\"version\":\"1.0.0\",\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"cause\":"
                   "\"7\","
                   "\"announced\":1795358923623,\"duplicate\":false,\"value\":{\"eventType\":"
                   "\"Orderplaced\",\"timestamp\":1795358923623,\"id\":1}}");
}

static const char *of_value(const char *value)
{
        struct record record = {
                .timestamp_ms = 5, .value = value, .value_len = value ? strlen(value) : 0};

        return line_of(&record);
}

static void a_foreign_one_is_understood_from_its_value(void)
{
        static const char unknown[] = "\"key\":null,\"id\":null,\"source\":null,\"service\":null,"
                                      "\"pod\":null,\"version\":null,\"trace\":null,\"cause\":null";
        const char *line = of_value("{\"eventType\":\"Orderplaced\",\"timestamp\":9}");

        check_contains(line, "\"type\":\"Orderplaced\"");
        check_contains(line, "\"announced\":9,");
        check_contains(line, unknown);
        check_contains(of_value("{\"timestamp\":\"9\",\"eventType\":1}"), "\"type\":null,");
        check_contains(of_value("{\"timestamp\":\"9\"}"), "\"announced\":5,");
}

static int64_t announced(const char *stamp, int64_t timestamp_ms)
{
        const char *value = arena_printf(arena, "{\"timestamp\":%s}", stamp);
        struct record record = {
                .timestamp_ms = timestamp_ms, .value = value, .value_len = strlen(value)};
        struct sighting s;

        sighting_read(&record, arena, &s);
        return s.announced;
}

static void a_stamp_that_is_no_time_counts_as_the_records(void)
{
        static const int64_t sent = 1795358923623, day = 86400000;

        check_int(announced("1795445323623", sent), sent + day);
        check_int(announced("1795445323624", sent), sent);
        check_int(announced("9223372036854775807", sent), sent);
        check_int(announced("-9223372036854775808", sent), sent);
        check_int(announced("-1", sent), sent);
        check_int(announced("0", sent), 0);
        check_int(announced("1e300", sent), 1);
        check_int(announced("-1", INT64_MAX), CLOCK_LAST_MS);
        check_int(announced("-1", INT64_MIN), 0);
        check_int(announced("1795358923623", -1), sent); /* Kafka: it has none */
        check_int(announced("9223372036854775807", -1), 0);
}

static void what_is_no_object_is_null(void)
{
        static const char *const values[] = {
                NULL, "", "1", "[1]", "\"a\"", "{", "{}x", "{\"a\":\"\n\"}", "{\"a\":\xff}"};

        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
                check_contains(of_value(values[i]), "\"value\":null}");
        check_contains(of_value("{}"), "\"value\":{}}");
}

static void a_line_is_one_line(void)
{
        const char *line = of_value("{\n  \"a\": [1,\r\n 2]\n}");

        check_contains(line, "\"value\":{\"a\":[1,2]}}");
        check(!strchr(line, '\n') && !strchr(line, '\r'));
        check_contains(of_value("{\"a\":\r1}"), "\"value\":{\"a\":1}}");
        check_contains(of_value("{\"a\":\n1}"), "\"value\":{\"a\":1}}");
}

static void long_texts_are_cut_where_a_character_begins(void)
{
        struct text key = text_open(arena, 1000), value = text_open(arena, 1000);
        struct record record = {0};

        text_char(&key, 'a');
        for (int i = 0; i < 200; i++)
                text_string(&key, "\xea\xb0\x80"); /* a Hangul syllable of three bytes */
        text_string(&value, "{\"a\":\"");
        for (int i = 0; i < SIGHTING_VALUE; i++)
                text_char(&value, 'x');
        text_string(&value, "\"}");
        record = (struct record){
                .key = key.at, .key_len = key.len, .value = value.at, .value_len = value.len};
        check_contains(line_of(&record), "\xea\xb0\x80\",\"id\":null");
        check_contains(line_of(&record), "\"value\":null}");
        check(strlen(line_of(&record)) < 255 + 300);
        record.key = "\xff";
        record.key_len = 1;
        check_contains(line_of(&record), "\"key\":null");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(all_that_the_headers_tell_is_shown),
                STORY(a_foreign_one_is_understood_from_its_value),
                STORY(a_stamp_that_is_no_time_counts_as_the_records),
                STORY(what_is_no_object_is_null),
                STORY(a_line_is_one_line),
                STORY(long_texts_are_cut_where_a_character_begins),
                {NULL, NULL},
        };
        int status;

        arena = arena_open();
        status = check_main(stories, argc, argv);
        arena_close(&arena);
        return status;
}
