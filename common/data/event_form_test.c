#include "data/event_form.h"

#include "testing/thing.h"

enum { MANY = 40 };

static struct record record_of(const char *topic, struct arena *arena)
{
        struct text packed = text_open(arena, 0);
        struct outbox_record o = {.id = 7,
                                  .topic = topic,
                                  .key = "k",
                                  .value = "{}",
                                  .value_len = 2,
                                  .at = 1795358923623};
        struct record r;

        packed_headers_add(&packed, PACKED_FOR_OUTBOX, "none", NULL, 0);
        packed_headers_add(&packed, PACKED_FOR_OUTBOX, "empty", "", 0);
        for (int i = 2; i < MANY; i++)
                packed_headers_add(&packed, PACKED_FOR_OUTBOX, arena_printf(arena, "x-%d", i), "v",
                                   1);
        o.headers = packed.at;
        o.headers_len = packed.len;
        event_form_record(&o, "/things/1", &r, arena);
        check_text(r.topic, topic);
        check(r.key_len == 1 && r.value_len == 2 && r.timestamp_ms == 1795358923623);
        return r;
}

/* However many: a foreign sender's may be more than we ever say. */
static void are_all_there(const struct record_header *headers)
{
        check_text(headers[0].name, "none");
        check(!headers[0].value);
        check_text(headers[1].name, "empty");
        check(headers[1].value && headers[1].len == 0);
        for (int i = 2; i < MANY; i++)
                check(strncmp(headers[i].name, "x-", 2) == 0 && headers[i].len == 1 &&
                      *headers[i].value == 'v');
}

static void an_event_has_the_common_headers_and_its_own(void)
{
        static const char *const common[][2] = {
                {"contentType", "\"application/json\""},
                {"spring_json_header_types", "{\"contentType\":\"java.lang.String\"}"},
                {"ce_specversion", "1.0"},
                {"ce_id", "7"},
                {"ce_source", "/things/1"}};
        struct arena *arena = arena_open();
        struct record r = record_of(NULL, arena);

        check_int((int64_t)r.header_count, 5 + MANY);
        for (int i = 0; i < 5; i++) {
                check_text(r.headers[i].name, common[i][0]);
                check_int((int64_t)r.headers[i].len, (int64_t)strlen(common[i][1]));
                check_text(arena_copy(arena, r.headers[i].value, r.headers[i].len), common[i][1]);
        }
        are_all_there(r.headers + 5);
        arena_close(&arena);
}

static void a_dead_letter_has_none_but_its_own(void)
{
        struct arena *arena = arena_open();
        struct record r = record_of("error.mall.things", arena);

        check_int((int64_t)r.header_count, MANY);
        are_all_there(r.headers);
        arena_close(&arena);
}

static void no_key_is_none(void)
{
        struct arena *arena = arena_open();
        struct outbox_record o = {.id = 7, .value = "{}", .value_len = 2, .headers = ""};
        struct record r;

        event_form_record(&o, "/things/1", &r, arena);
        check(!r.key && r.key_len == 0);
        check_int((int64_t)r.header_count, 5);
        arena_close(&arena);
}

/* Every byte of an event, as a consumer sees it. */
static void an_event_is_written_like_this(void)
{
        static const struct event_type placed = {"Thingplaced", &thing_shape, "name"};
        static const char *const own[][2] = {
                {"ce_type", "Thingplaced"}, {"ce_time", "2026-11-22T14:48:43.623Z"},
                {"ce_subject", "7"},        {"ce_secret", "shh"},
                {"ce_pod", "things-1"},     {"ce_version", "1.2.3"},
                {"ce_causationid", "9"},    {"traceparent", "00-1"}};
        struct thing thing = {.row = {.id = 7}, .name = "a\"b", .qty = {true, 3}, .secret = "shh"};
        struct arena *arena = arena_open();
        struct text announcer = event_form_announcer("things-1", "1.2.3", arena);
        struct event_origin origin = {.traceparent = "00-1", .cause = "9", .announcer = &announcer};
        struct outbox_record o = event_form_write(&placed, &thing, &origin, 1795358923623, arena);
        struct record r;

        check_text(o.key, "a\"b");
        check_text(arena_copy(arena, o.value, o.value_len),
                   "{\"eventType\":\"Thingplaced\",\"timestamp\":1795358923623,\"id\":7,"
                   "\"name\":\"a\\\"b\",\"qty\":3,\"big\":null}");
        event_form_record(&o, "/things/1", &r, arena);
        check_int((int64_t)r.header_count, 5 + 8);
        for (int i = 0; i < 8; i++) {
                check_text(r.headers[5 + i].name, own[i][0]);
                check_text(record_header(&r, own[i][0], arena), own[i][1]);
        }
        check_int(r.timestamp_ms, 1795358923623);
        arena_close(&arena);
}

/* It is for the relay, which may read it in another life. */
static void the_span_of_publishing_is_kept_and_not_published(void)
{
        static const struct event_type placed = {"Thingplaced", &thing_shape, "id"};
        static const char own[] = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
        struct thing thing = {.row = {.id = 7}};
        struct event_origin origin = {.traceparent = own, .above = "b7ad6b7169203331"};
        struct arena *arena = arena_open();
        struct outbox_record o = event_form_write(&placed, &thing, &origin, 5, arena), cut;
        struct trace trace;
        struct record r;

        event_form_record(&o, "/things/1", &r, arena);
        check_int((int64_t)r.header_count, 5 + 4);
        check_text(record_header(&r, "traceparent", arena), own);
        for (size_t i = 0; i < r.header_count; i++)
                check(r.headers[i].name[0] != '~');
        check(event_form_trace(&o, &trace));
        check_text(trace.parent, own);
        check_text(trace.span, "00f067aa0ba902b7");
        check_text(trace.above, "b7ad6b7169203331");
        cut = o;
        for (cut.headers_len = 0; cut.headers_len < o.headers_len; cut.headers_len++)
                check(!event_form_trace(&cut, &trace)); /* the traceparent is the last */
        origin.above = NULL;
        o = event_form_write(&placed, &thing, &origin, 5, arena);
        check(!event_form_trace(&o, &trace));
        arena_close(&arena);
}

/* A dead letter has what a foreign sender wrote. */
static void a_dead_letters_headers_are_never_ours(void)
{
        static const char own[] = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
        struct arena *arena = arena_open();
        struct text packed = text_open(arena, 100);
        struct outbox_record o = {.id = 7, .topic = "error.mall.things", .value = "{}"};
        struct trace trace;
        struct record r;

        packed_headers_add(&packed, PACKED_FOR_OUTBOX, "~above", "b7ad6b7169203331", 16);
        packed_headers_add(&packed, PACKED_FOR_OUTBOX, "traceparent", own, sizeof own - 1);
        o.headers = packed.at;
        o.headers_len = packed.len;
        check(!event_form_trace(&o, &trace));
        event_form_record(&o, "/things/1", &r, arena);
        check_int((int64_t)r.header_count, 2);
        check_text(r.headers[0].name, "~above");
        arena_close(&arena);
}

static void absent_members_are_not_written(void)
{
        static const struct event_type placed = {"Thingplaced", &thing_shape, "id"};
        struct thing thing = {.row = {.id = 7}};
        struct arena *arena = arena_open();
        struct event_origin nobody = {0};
        struct outbox_record o = event_form_write(&placed, &thing, &nobody, 1795358923623, arena);
        struct record r;

        check_text(o.key, "7");
        event_form_record(&o, "/things/1", &r, arena);
        check_int((int64_t)r.header_count, 5 + 3);
        check(!record_header(&r, "ce_secret", arena) && !record_header(&r, "traceparent", arena));
        arena_close(&arena);
}

/* Whatever a foreign sender calls its event, and whatever a pod is called: a row that fits is not
   refused later because of that. */
static void a_long_origin_stays_within_what_was_reserved(void)
{
        static const struct event_type placed = {"Thingplaced", &thing_shape, "name"};
        char longest[EVENT_POD_MOST + 2] = "";
        struct thing thing = {.row = {.id = 7}, .name = "a"};
        struct arena *arena = arena_open();
        struct event_origin origin = {0};
        struct outbox_record bare = event_form_write(&placed, &thing, &origin, 5, arena), o = bare;
        struct text announcer;

        for (size_t len = 1; len < sizeof longest; len++) {
                longest[len - 1] = 'a';
                announcer = event_form_announcer(longest, longest, arena);
                origin = (struct event_origin){.cause = longest, .announcer = &announcer};
                o = event_form_write(&placed, &thing, &origin, 5, arena);
                check(event_form_size(&o) <= event_form_size_later(&bare));
                check(event_form_size(&o) <= event_form_size_most(&thing_shape, &thing));
        }
        check_int((int64_t)o.headers_len, (int64_t)bare.headers_len); /* all of it left out */
        arena_close(&arena);
}

static void a_written_event_is_read_again(void)
{
        static const struct event_type placed = {"Thingplaced", &thing_shape, "name"};
        struct thing thing = {.row = {.id = 7}, .name = "a\"b", .big = {true, -9}, .secret = "shh"},
                     read = {0};
        struct arena *arena = arena_open();
        struct event_origin nobody = {0};
        struct outbox_record o = event_form_write(&placed, &thing, &nobody, 5, arena);
        struct record r;
        struct error error = {0};
        const struct json *body;
        const char *type = NULL;
        int64_t timestamp = 0;

        event_form_record(&o, "/things/1", &r, arena);
        body = event_form_read(&r, &type, &timestamp, arena, &error);
        check(body && event_form_row(&r, body, &thing_shape, &read, arena, &error));
        check_text(type, "Thingplaced");
        check_int(timestamp, 5);
        check(read.row.id == 7 && !read.qty.known && read.big.value == -9);
        check_text(read.name, "a\"b");
        check_text(read.secret, "shh");
        arena_close(&arena);
}

static const struct story stories[] = {
        STORY(an_event_has_the_common_headers_and_its_own),
        STORY(a_dead_letter_has_none_but_its_own),
        STORY(no_key_is_none),
        STORY(an_event_is_written_like_this),
        STORY(the_span_of_publishing_is_kept_and_not_published),
        STORY(a_dead_letters_headers_are_never_ours),
        STORY(absent_members_are_not_written),
        STORY(a_long_origin_stays_within_what_was_reserved),
        STORY(a_written_event_is_read_again),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
