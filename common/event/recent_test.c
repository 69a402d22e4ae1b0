/* The last events in memory. */
#include "event/recent.h"

#include "testing/seen_events.h"

/* "0:1 0:2" of the events that are given, partition and offset; '!' marks a duplicate. */
struct heard {
        char text[2000];
        size_t len;
        int most;
};

static bool hear(void *arg, const struct recent_event *e)
{
        struct heard *h = arg;

        if (h->most-- == 0)
                return false;
        h->len += (size_t)snprintf(h->text + h->len, sizeof h->text - h->len, "%s%d:%lld%s",
                                   h->len ? " " : "", e->partition, (long long)e->offset,
                                   e->duplicate ? "!" : "");
        return true;
}

static const char *all_from(struct recent *r, uint64_t from, int most, uint64_t *next)
{
        static struct heard h;

        h = (struct heard){.most = most};
        *next = recent_each(r, from, hear, &h);
        return h.text;
}

static const char *all_of(struct recent *r)
{
        uint64_t next;

        return all_from(r, 0, -1, &next);
}

static const char *about(struct recent *r, int64_t subject)
{
        static struct heard h;

        h = (struct heard){.most = -1};
        recent_find(r, subject, 0, hear, &h);
        return h.text;
}

static void the_last_ones_are_kept(void)
{
        struct recent *r = recent_of_test(3);
        struct recent_span span = recent_span(r);

        check_int(span.since, 0);
        check_int(recent_newest(r, 0), -1);
        for (int i = 1; i <= 5; i++)
                see(r, (struct seen){.type = "Orderplaced", .key = "7", .at = i, .offset = 10 + i});
        span = recent_span(r);
        check_int((int64_t)span.first, 2);
        check_int((int64_t)span.end, 5);
        check_int(span.since, 3);
        check_text(all_of(r), "0:13 0:14 0:15");
        check_text(about(r, 7), "0:13 0:14 0:15");
        check_int(recent_newest(r, 0), 15);
        check_int(recent_before(r, 0), 12);
        recent_close(&r);
}

static void they_are_read_in_portions(void)
{
        struct recent *r = recent_of_test(10);
        uint64_t next;

        for (int i = 1; i <= 5; i++)
                see(r, (struct seen){.type = "Orderplaced", .at = 1, .offset = i});
        check_text(all_from(r, 0, 2, &next), "0:1 0:2");
        check_text(all_from(r, next, 2, &next), "0:3 0:4");
        check_text(all_from(r, next, 2, &next), "0:5");
        check_text(all_from(r, next, 2, &next), "");
        check_int((int64_t)next, 5);
        recent_close(&r);
}

static void a_subject_is_found_by_the_key_of_its_types(void)
{
        struct recent *r = recent_of_test(10);

        see(r, (struct seen){.type = "Orderplaced", .key = "7", .partition = 1, .offset = 1});
        see(r, (struct seen){.type = "DeliveryStarted", .key = "7", .partition = 1, .offset = 2});
        see(r, (struct seen){.type = "Orderplaced", .key = "8", .partition = 1, .offset = 3});
        see(r, (struct seen){.type = "InventoryModified", .key = "7", .partition = 1, .offset = 4});
        see(r, (struct seen){.type = "Orderplaced", .key = "7x", .partition = 1, .offset = 5});
        see(r, (struct seen){.type = "Orderplaced", .key = "-7", .partition = 1, .offset = 6});
        see(r, (struct seen){.type = "Orderplaced", .partition = 1, .offset = 7});
        check_text(about(r, 7), "1:1 1:2");
        check_text(about(r, 8), "1:3");
        check_text(about(r, 9), "");
        check_text(about(r, -1), "");
        recent_close(&r);
}

static void what_comes_twice_is_marked_and_the_same_record_taken_once(void)
{
        struct recent *r = recent_of_test(10);
        struct seen placed = {
                .type = "Orderplaced", .key = "7", .id = "1", .source = "/order/a", .offset = 1};

        see(r, placed);
        see(r, placed);
        placed.offset = 2;
        see(r, placed);
        see(r, placed);
        placed.source = "/order/b";
        placed.offset = 3;
        see(r, placed);
        placed.source = NULL;
        placed.offset = 4;
        see(r, placed);
        placed.offset = 5;
        see(r, placed);
        check_text(all_of(r), "0:1 0:2! 0:3 0:4 0:5");
        recent_close(&r);
}

/* Else what others announce first would push them out. */
static void the_callers_own_types_always_have_a_count(void)
{
        struct recent *r = recent_of_test(10);
        struct arena *arena = arena_open();
        struct text counts = text_open(arena, 100);
        char type[20];

        check_int((int64_t)recent_counts(r, &counts), 0);
        check_text(counts.at, "{}");
        for (int i = 0; i < RECENT_TYPES; i++) {
                snprintf(type, sizeof type, "Type%d", i);
                see(r, (struct seen){.type = type, .offset = 10 + i});
        }
        see(r, (struct seen){.type = "Orderplaced", .offset = 100});
        see(r, (struct seen){.type = "OutOfStock", .offset = 101});
        counts = text_open(arena, 100);
        check_int((int64_t)recent_counts(r, &counts), RECENT_TYPES + 2);
        check_contains(counts.at, "{\"Orderplaced\":1,\"OutOfStock\":1,\"Type0\":1,");
        check_contains(counts.at, "\"other\":");
        check(!strstr(counts.at, "DeliveryStarted"));
        arena_close(&arena);
        recent_close(&r);
}

static void each_type_is_counted(void)
{
        struct recent *r = recent_of_test(10);
        struct arena *arena = arena_open();
        struct text counts = text_open(arena, 100);
        char type[20];

        see(r, (struct seen){.type = "Orderplaced", .offset = 1});
        see(r, (struct seen){.type = "Coupon", .offset = 2});
        see(r, (struct seen){.type = "Orderplaced", .offset = 3});
        see(r, (struct seen){.type = "Orderplaced", .offset = 4, .value = "1"});
        check_int((int64_t)recent_counts(r, &counts), 4);
        check_text(counts.at, "{\"Orderplaced\":2,\"Coupon\":1,\"unknown\":1}");
        for (int i = 0; i < 2 * RECENT_TYPES; i++) {
                snprintf(type, sizeof type, "Type%d", i);
                see(r, (struct seen){.type = type, .offset = 10 + i});
        }
        counts.len = 0;
        check_int((int64_t)recent_counts(r, &counts), 4 + 2 * RECENT_TYPES);
        check_contains(counts.at, "\"Type55\":1,\"other\":72}");
        arena_close(&arena);
        recent_close(&r);
}

static void large_events_shorten_the_memory(void)
{
        enum { LARGE = 10000 };
        struct recent *r = recent_of_test(20);
        char value[LARGE + 20];
        struct recent_span span;

        snprintf(value, sizeof value, "{\"a\":\"%0*d\"}", LARGE, 0);
        for (int i = 1; i <= 20; i++)
                see(r, (struct seen){.type = "Orderplaced", .offset = i, .value = value});
        span = recent_span(r);
        check_int((int64_t)(span.end - span.first), 2);
        recent_close(&r);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_last_ones_are_kept),
                STORY(they_are_read_in_portions),
                STORY(a_subject_is_found_by_the_key_of_its_types),
                STORY(what_comes_twice_is_marked_and_the_same_record_taken_once),
                STORY(each_type_is_counted),
                STORY(the_callers_own_types_always_have_a_count),
                STORY(large_events_shorten_the_memory),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
