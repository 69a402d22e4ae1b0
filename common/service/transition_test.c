/* A row whose status changes along its transitions: over HTTP, and by a reaction. */
#include "data/transition.h"

#include "testing/shop.h"

struct trip {
        struct row row;
        const char *goal, *status, *source;
};

static const struct field trip_fields[] = {
        {"goal", FIELD_TEXT, offsetof(struct trip, goal)},
        {"status", FIELD_TEXT, offsetof(struct trip, status)},
        {"goalSource", FIELD_TEXT, offsetof(struct trip, source), FIELD_HIDDEN},
        {NULL},
};

#define TRIP_SHAPE {trip_fields, sizeof(struct trip)}
static const struct shape trip_shape = TRIP_SHAPE;
static const struct event_type trip_begun = {"TripBegun", &trip_shape, "goal"};
static const struct event_type trip_given_up = {"TripGivenUp", &trip_shape, "goal"};

static const struct transition trip_transitions[] = {
        {"planned", "begun", &trip_begun},
        {"planned", "given up", &trip_given_up},
        {"begun", "given up", &trip_given_up},
        {"begun", "over", NULL},
        {NULL},
};

static const struct entity trip_entity = {
        .item = "trip",
        .collection = "trips",
        .shape = TRIP_SHAPE,
        .transitions = trip_transitions,
        .changed = shop_changed,
};

/* As somebody may write it. */
static const struct field stray_fields[] = {
        {"goal", FIELD_TEXT, offsetof(struct trip, goal)},
        {"state", FIELD_TEXT, offsetof(struct trip, status)},
        {NULL},
};
static const struct entity stray_entity = {
        .item = "stray",
        .collection = "strays",
        .shape = {stray_fields, sizeof(struct trip)},
        .transitions = trip_transitions,
};

/* It says of each change what one of the ways says too. */
static const struct entity call_entity = {
        .item = "call",
        .collection = "calls",
        .shape = TRIP_SHAPE,
        .says_changed = &trip_begun,
        .transitions = trip_transitions,
};

static void begin(void)
{
        static const struct entity *const entities[] = {&trip_entity, &stray_entity, &call_entity,
                                                        NULL};

        shop_begin_with(entities);
        shop_changes = 0;
}

static const char *patch(const char *body)
{
        return call("PATCH", "/trips/1", JSON_BODY, body);
}

static void refused(const char *answer, int status, const char *why)
{
        answers(answer, status);
        check_contains(body_of(answer), why);
}

/* The events of the outbox, in order. */
static const char *said(void)
{
        struct outbox_record records[100];
        struct text out = text_open(shop.arena, 100);
        struct error e = {0};
        size_t count = 0;

        check(outbox_read(shop.store, 0, records, 100, &count, shop.arena, &e));
        for (size_t i = 0; i < count; i++) {
                const struct json *value =
                        json_read(shop.arena, records[i].value, records[i].value_len, &e);

                text_printf(&out, "%s%s %s", i ? ", " : "", json_member(value, "eventType")->text,
                            json_member(value, "status")->text);
        }
        return out.at;
}

static void a_row_begins_where_its_transitions_do(void)
{
        begin();
        check_contains(post("/trips", "{\"goal\":\"Busan\"}"),
                       "\"goal\":\"Busan\",\"status\":\"planned\"");
        answers(post("/trips", "{\"status\":\"planned\"}"), 201);
        refused(post("/trips", "{\"status\":\"over\"}"), 400,
                "status begins as planned, not as over");
        answers(call("PUT", "/trips/9", JSON_BODY, "{\"status\":\"begun\"}"), 400);
        answers(get("/trips/3"), 404);
        check_text(said(), "");
        shop_end();
}

static void a_transition_is_gone_and_said(void)
{
        begin();
        post("/trips", "{\"goal\":\"Busan\"}");
        answers(patch("{\"status\":\"begun\"}"), 200);
        check_text(said(), "TripBegun begun");
        answers(patch("{\"status\":\"begun\"}"), 200); /* sent again: it is so */
        check_text(said(), "TripBegun begun");
        check_int(shop_changes, 1);
        answers(call("PUT", "/trips/1", JSON_BODY, "{\"goal\":\"Busan\",\"status\":\"over\"}"),
                200); /* of which nothing is said */
        check_text(said(), "TripBegun begun");
        check_int(shop_changes, 2);
        check_contains(get("/trips/1"), "\"status\":\"over\"");
        shop_end();
}

static void a_way_and_a_change_say_the_same_event_once(void)
{
        begin();
        post("/calls", "{}");
        answers(call("PATCH", "/calls/1", JSON_BODY, "{\"status\":\"begun\"}"), 200);
        check_text(said(), "TripBegun begun");
        answers(call("PATCH", "/calls/1", JSON_BODY, "{\"status\":\"given up\"}"), 200);
        check_text(said(), "TripBegun begun, TripBegun given up, TripGivenUp given up");
        shop_end();
}

static void another_way_is_refused(void)
{
        begin();
        post("/trips", "{\"goal\":\"Busan\"}");
        refused(patch("{\"status\":\"over\"}"), 409,
                "a status of planned cannot become over; what can follow is: begun, given up");
        refused(patch("{\"status\":\"beg\"}"), 400,
                "a status of planned cannot become beg; what can follow is: begun, given up");
        refused(patch("{\"status\":null}"), 400, "cannot become null");
        refused(call("PATCH", "/trips/1", "Content-Type: application/json-patch+json\r\n",
                     "[{\"op\":\"replace\",\"path\":\"/status\",\"value\":\"over\"}]"),
                409, "a status of planned cannot become over");
        patch("{\"status\":\"given up\"}");
        refused(patch("{\"status\":\"begun\"}"), 409,
                "a status of given up cannot become begun; nothing follows it");
        refused(patch("{\"status\":\"planned\"}"), 409, "nothing follows it");
        check_text(said(), "TripGivenUp given up");
        check_int(shop_changes, 1);
        shop_end();
}

static void nothing_but_the_status_changes(void)
{
        begin();
        post("/trips", "{\"goal\":\"Busan\"}");
        refused(patch("{\"goal\":\"Jeju\"}"), 400, "goal cannot be changed, only status can");
        refused(patch("{\"goal\":\"Jeju\",\"status\":\"begun\"}"), 400, "goal cannot be changed");
        refused(call("PUT", "/trips/1", JSON_BODY, "{\"status\":\"begun\"}"), 400,
                "goal cannot be changed");
        check_contains(get("/trips/1"), "\"goal\":\"Busan\",\"status\":\"planned\"");
        check_text(said(), "");
        shop_end();
}

static bool went;

static void give_up(struct unit *unit, void *arg)
{
        (void)arg;
        went = transition_to(unit, &trip_entity, unit_get(unit, &trip_entity, 1), "given up");
}

static void give_up_none(struct unit *unit, void *arg)
{
        (void)arg;
        went = transition_to(unit, &trip_entity, unit_get(unit, &trip_entity, 1000), "given up");
}

static void a_reaction_goes_where_a_transition_leads(void)
{
        begin();
        post("/trips", "{\"goal\":\"Busan\"}");
        check_int(things_do(shop.store, give_up, NULL), ERROR_NONE);
        check(went);
        check_contains(get("/trips/1"), "\"status\":\"given up\"");
        check_int(things_do(shop.store, give_up, NULL), ERROR_NONE); /* that is no error */
        check(!went);
        went = true;
        check_int(things_do(shop.store, give_up_none, NULL), ERROR_NONE); /* there is no such row */
        check(!went);
        check_text(said(), "TripGivenUp given up");
        shop_end();
}

/* Whoever writes a service sees at the first request what it lacks. */
static void transitions_need_a_status(void)
{
        begin();
        refused(post("/strays", "{}"), 500, "");
        shop_end();
}

static void each_event_is_named_once(void)
{
        static const struct event_type made = {"TripMade", &trip_shape, "goal"};
        struct entity all = trip_entity;

        check(entity_says(&call_entity, 0) == &trip_begun);
        check(entity_says(&call_entity, 1) == &trip_given_up);
        check(entity_says(&call_entity, 2) == NULL);
        check(entity_says(&trip_entity, 0) == &trip_begun);
        check(entity_says(&trip_entity, 1) == &trip_given_up);
        check(entity_says(&trip_entity, 2) == NULL);
        all.says_created = &made;
        check(entity_says(&all, 0) == &made);
        check(entity_says(&all, 2) == &trip_given_up);
        check(entity_says(&all, 3) == NULL);
        check(entity_says(&fact_entity, 0) == NULL);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_row_begins_where_its_transitions_do),
                STORY(a_transition_is_gone_and_said),
                STORY(a_way_and_a_change_say_the_same_event_once),
                STORY(another_way_is_refused),
                STORY(nothing_but_the_status_changes),
                STORY(a_reaction_goes_where_a_transition_leads),
                STORY(transitions_need_a_status),
                STORY(each_event_is_named_once),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
