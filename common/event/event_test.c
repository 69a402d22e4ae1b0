/* What is read from a record: whether a reaction is for it, its identity, and what is kept of
   its headers. */
#include "event/event.h"

#include "testing/thing.h"

enum { LONGEST = 1000 }; /* of an identity: source and id */

static void react(struct unit *unit, const struct event *event)
{
        (void)unit, (void)event;
}

static const struct reaction reactions[] = {{"Thing", react}, {"Other", react}, {NULL, NULL}};

static struct {
        struct arena *arena;
        struct record_header headers[8];
        struct record record;
        struct event event;
        struct error error;
} t;

static void begin(const char *value)
{
        memset(&t, 0, sizeof t);
        t.arena = arena_open();
        t.record = (struct record){.topic = "mall",
                                   .partition = 3,
                                   .offset = 12345678901,
                                   .timestamp_ms = 777,
                                   .value = value,
                                   .value_len = value ? strlen(value) : 0,
                                   .headers = t.headers};
}

static void end(void)
{
        arena_close(&t.arena);
}

static void header(const char *name, const char *value, size_t len)
{
        t.headers[t.record.header_count++] = (struct record_header){name, value, len};
}

static enum event_verdict verdict(void)
{
        t.error = (struct error){0};
        return event_read(&t.record, reactions, t.arena, &t.event, &t.error);
}

static void its_type_decides_whose_it_is(void)
{
        begin("{\"eventType\":\"Thing\",\"timestamp\":1795358923623}");
        check_int(verdict(), EVENT_OURS);
        check_text(t.event.type, "Thing");
        check_int(t.event.timestamp, 1795358923623);
        check(t.event.record == &t.record && t.event.body);
        header("ce_type", "Other", 5); /* the body's type counts if both are ours */
        check_int(verdict(), EVENT_OURS);
        check_text(t.event.type, "Thing");
        t.headers[0] = (struct record_header){"ce_type", "Thing2", 6};
        check_int(verdict(), EVENT_FOREIGN);
        check(!t.event.body);
        t.headers[0] = (struct record_header){"ce_type", "Thin", 4};
        check_int(verdict(), EVENT_FOREIGN);
        t.headers[0] = (struct record_header){"ce_type", "\xff", 1}; /* no text: the body decides */
        check_int(verdict(), EVENT_OURS);
        end();
        begin("{\"eventType\":\"Unknown\"}");
        check_int(verdict(), EVENT_FOREIGN);
        end();
}

static void an_event_without_a_time_has_its_records(void)
{
        begin("{\"eventType\":\"Thing\"}");
        check_int(verdict(), EVENT_OURS);
        check_int(t.event.timestamp, 777);
        end();
        begin("{\"eventType\":\"Thing\",\"timestamp\":\"5\"}");
        check_int(verdict(), EVENT_OURS);
        check_int(t.event.timestamp, 777);
        end();
}

static void an_unreadable_record_is_broken_and_has_an_identity(void)
{
        static const char *const values[] = {NULL,
                                             "",
                                             "junk",
                                             "[]",
                                             "\"Thing\"",
                                             "{}",
                                             "{\"eventType\":null}",
                                             "{\"eventType\":{}}"};

        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
                begin(values[i]);
                check_int(verdict(), EVENT_BROKEN);
                check(t.error.kind == ERROR_BAD_INPUT && t.error.text[0]);
                check(i > 1 || strcmp(t.error.text, "the value is empty") == 0);
                check_text(t.event.identity_source, "mall/3");
                check_int(strncmp(t.event.identity, "12345678901-777-", 16), 0);
                check_text(t.event.source, "");
                end();
        }
}

static void an_event_is_known_by_its_source_and_id(void)
{
        begin("{\"eventType\":\"Thing\"}");
        header("ce_source", "/s/1", 4);
        header("ce_id", "42x", 2); /* as long as it says */
        header("ce_id", "43", 2);  /* the first counts */
        check_int(verdict(), EVENT_OURS);
        check_text(t.event.source, "/s/1");
        check_text(t.event.identity_source, "/s/1");
        check_text(t.event.identity, "42");
        check(t.event.content != 0);
        end();
}

/* ... and an event without an identity, or with half of one, is identified by its place in the
   topic, with a hash in case the topic is made anew. */
static void an_event_without_an_identity_is_known_by_its_place(void)
{
        static const char value[] = "{\"eventType\":\"Thing\"}",
                          other[] = "{\"eventType\":\"Thing\" }";
        const char *first;

        begin(value);
        check_int(verdict(), EVENT_OURS);
        check_text(t.event.identity_source, "mall/3");
        first = arena_string(t.arena, t.event.identity);
        check_int((int64_t)strlen(first), 16 + 16);
        check_int(t.event.content, 0);
        check_text(t.event.source, "");
        t.record.value = other;
        t.record.value_len = sizeof other - 1;
        verdict();
        check(strcmp(t.event.identity, first) != 0);
        t.record.value = value;
        t.record.value_len = sizeof value - 1;
        header("ce_source", "/s", 2);
        verdict();
        check_text(t.event.identity, first);
        check_text(t.event.source, "");
        t.headers[0].name = "ce_id";
        verdict();
        check_text(t.event.identity, first);
        check_text(t.event.source, "");
        header("ce_source", NULL, 0); /* no value is no header */
        verdict();
        check_text(t.event.identity_source, "mall/3");
        header("ce_source", "", 0); /* and an empty source is none */
        verdict();
        check_text(t.event.source, "");
        end();
}

static void an_identity_is_short_enough_for_an_index(void)
{
        char id[LONGEST + 1];

        memset(id, 'i', sizeof id);
        begin("{\"eventType\":\"Thing\"}");
        header("ce_source", "/s", 2);
        header("ce_id", id, LONGEST - 2);
        verdict();
        check_text(t.event.source, "/s");
        check_int((int64_t)strlen(t.event.identity), LONGEST - 2);
        t.headers[1].len = LONGEST - 1;
        verdict();
        check_text(t.event.source, "");
        check_text(t.event.identity_source, "mall/3");
        end();
}

static int32_t content_of(const char *value)
{
        int32_t content;

        begin(value);
        header("ce_source", "/s", 2);
        header("ce_id", "1", 1);
        verdict();
        content = t.event.content;
        end();
        return content;
}

static void another_value_is_another_content(void)
{
        check(content_of("{\"eventType\":\"Thing\"}") == content_of("{\"eventType\":\"Thing\"}"));
        check(content_of("{\"eventType\":\"Thing\"}") !=
              content_of("{\"eventType\":\"Thing\",\"timestamp\":1}"));
        check(content_of("{\"eventType\":\"Thing\",\"timestamp\":2}") !=
              content_of("{\"eventType\":\"Thing\",\"timestamp\":1}"));
        check(content_of("junk") != 0 && content_of(NULL) != 0 &&
              content_of("") == content_of(NULL));
        /* FNV-1a of 64 bits, both halves: later programs must find what is in a store */
        check_int(content_of(NULL), (int32_t)(0xcbf29ce4u ^ 0x84222325u));
        check_int(content_of("7zghd8d"),
                  1); /* its halves are equal; 0 would mean that no content is known */
}

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

/* The events that a reaction announces carry the trace on: never more of a producer's bytes than
   a well-formed traceparent. */
static void a_trace_goes_on_if_it_is_one(void)
{
        static const struct {
                const char *received, *goes_on;
        } rows[] = {
                {"00-" TRACE, "00-" TRACE},
                {"01-" TRACE "-more of a later version", "00-" TRACE},
                {"00-" TRACE "-more", NULL},
                {"00-1", NULL},
                {"", NULL},
                {"anything\r\nat all", NULL},
        };

        begin("{\"eventType\":\"Thing\"}");
        check_int(verdict(), EVENT_OURS);
        check(!t.event.traceparent);
        end();
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                begin("{\"eventType\":\"Thing\"}");
                header("traceparent", rows[i].received, strlen(rows[i].received));
                check_int(verdict(), EVENT_OURS);
                check_text(t.event.traceparent, rows[i].goes_on);
                end();
        }
}

static void a_trace_of_any_length_does_not_go_on(void)
{
        static char large[800000];

        memset(large, 'a', sizeof large);
        begin("{\"eventType\":\"Thing\"}");
        header("traceparent", large, sizeof large);
        check_int(verdict(), EVENT_OURS);
        check(!t.event.traceparent);
        end();
        memcpy(large, "01-" TRACE "-", 56);
        begin("{\"eventType\":\"Thing\"}");
        header("traceparent", large, sizeof large);
        check_int(verdict(), EVENT_OURS);
        check_text(t.event.traceparent, "00-" TRACE);
        end();
}

static void labels_come_from_a_known_set(void)
{
        check_text(event_label(reactions, "Thing"), "Thing");
        check_text(event_label(reactions, "Other"), "Other");
        check_text(event_label(reactions, "Thing\xff"), "other");
        check_text(event_label(reactions, ""), "other");
        check_text(event_label(reactions, NULL), "unknown");
        check(reaction_named(reactions, "Things", 5) == &reactions[0]);
        check(!reaction_named(reactions, "Things", 6) && !reaction_named(reactions, "Thing", 4));
        check(reaction_for(reactions, "Other") == &reactions[1]);
}

static void read_row(struct unit *unit, void *arg)
{
        void *row = event_row(unit, &t.event, &thing_shape);

        check(row != NULL);
        *(struct thing *)arg = *(struct thing *)row;
}

/* "" or why not */
static const char *row_of(const char *value, struct thing *thing)
{
        struct store *store = things_open();

        begin(value);
        header("ce_secret", "shh", 3);
        header("ce_pin", "7", 1); /* only text travels in headers */
        verdict();
        store_run(store, read_row, thing, t.arena, &t.error);
        thing->name = thing->name ? memory_string(thing->name) : NULL;
        check_text(thing->secret ? thing->secret : "shh", "shh");
        end();
        store_close(&store);
        return t.error.text;
}

static void a_row_has_its_id_members_and_hidden_ones(void)
{
        struct thing thing;

        check_text(row_of("{\"eventType\":\"Thing\",\"id\":42,\"name\":\"a\",\"qty\":3,\"Secret\":"
                          "\"said\"}",
                          &thing),
                   "");
        check_int(thing.row.id, 42);
        check_text(thing.name, "a");
        check(thing.qty.known && thing.qty.value == 3 && thing.secret && !thing.pin.known);
        free((void *)(uintptr_t)thing.name);
        check_text(row_of("{\"eventType\":\"Thing\"}", &thing), "id must be a whole number");
        check_text(t.error.member, "id");
        check_int(t.error.kind, ERROR_BAD_INPUT);
        check_text(row_of("{\"eventType\":\"Thing\",\"id\":null}", &thing),
                   "id must be a whole number");
        check_text(row_of("{\"eventType\":\"Thing\",\"id\":[]}", &thing),
                   "id must be a whole number");
        check_text(row_of("{\"eventType\":\"Thing\",\"id\":1,\"qty\":-1}", &thing),
                   "qty must be a whole number from 0 to 2147483647, not -1");
        check_text(t.error.member, "qty");
}

static void clocks_count_where_there_is_no_source(void)
{
        struct event e = {.source = "", .timestamp = 10};

        check(event_is_newer(&e, 9) && !event_is_newer(&e, 10) && !event_is_newer(&e, 11));
        check(event_is_older(&e, 11) && !event_is_older(&e, 10) && !event_is_older(&e, 9));
        e.source = "/s";
        check(!event_is_newer(&e, 9) && !event_is_older(&e, 11));
}

static const struct story stories[] = {
        STORY(its_type_decides_whose_it_is),
        STORY(an_event_without_a_time_has_its_records),
        STORY(an_unreadable_record_is_broken_and_has_an_identity),
        STORY(an_event_is_known_by_its_source_and_id),
        STORY(an_event_without_an_identity_is_known_by_its_place),
        STORY(an_identity_is_short_enough_for_an_index),
        STORY(another_value_is_another_content),
        STORY(a_trace_goes_on_if_it_is_one),
        STORY(a_trace_of_any_length_does_not_go_on),
        STORY(labels_come_from_a_known_set),
        STORY(a_row_has_its_id_members_and_hidden_ones),
        STORY(clocks_count_where_there_is_no_source),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
