/* Which targets of faults match nothing here, and what is said of them. */
#include "service/admin_targets.h"

#include "data/entity.h"
#include "event/event.h"
#include "service/daemon.h"
#include "testing/check.h"

#include <stdio.h>
#include <string.h>

static const struct event_type thing_made = {.name = "ThingMade"},
                               thing_said = {.name = "ThingSaid"};
static const struct event_type *const says[] = {&thing_said, NULL};
static const struct lookup lookups[] = {{.name = "findByName", .members = {"name"}},
                                        {.name = NULL}};
static const struct entity thing = {.item = "thing",
                                    .collection = "things",
                                    .plain_post = "thing",
                                    .lookups = lookups,
                                    .says_created = &thing_made};
static const struct entity *const entities[] = {&thing, NULL};
static const struct reaction reactions[] = {{"Orderplaced", NULL}, {NULL, NULL}};

static bool has_route(struct process *p, const char *id, struct text *known)
{
        (void)p;
        text_string(known, "order, product");
        return strcmp(id, "order") == 0 || strcmp(id, "product") == 0;
}

static const struct daemon daemon_of_things = {
        .name = "things",
        .entities = entities,
        .reactions = reactions,
        .says = says,
        .has_route = has_route,
};

static void templates_meet_where_a_path_fits_both(void)
{
        static const struct {
                const char *one, *other;
                bool meet;
        } rows[] = {
                {"/orders", "/orders", true},
                {"/orders", "/order", false},
                {"/orders/{id}", "/orders/7", true},
                {"/orders/{id}", "/orders/{other}", true},
                {"/orders/{id}", "/orders", false},
                {"/orders/{id}", "/orders/", false},
                {"/orders/**", "/orders/7/x", true},
                {"/**", "/orders", true},
                {"/orders/{id}", "/**", true},
                {"/{a}/7", "/orders/{id}", true},
                {"/", "/", true},
                {"/", "/orders", false},
                {"orders", "/orders", false},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                check_int(admin_templates_meet(rows[i].one, rows[i].other), rows[i].meet);
                check_int(admin_templates_meet(rows[i].other, rows[i].one), rows[i].meet);
        }
}

static struct arena *arena;

static const char *warning_of(struct process *p, enum fault_kind kind, const struct fault *target)
{
        struct text why = text_open(arena, 10);
        struct fault fault = *target;

        fault.kind = kind;
        admin_check_target(p, &fault, &why);
        return why.at;
}

static void a_target_that_matches_nothing_is_warned_of(void)
{
        struct process p = {.daemon = &daemon_of_things};
        char get[] = "GET", small[] = "get", things[] = "/things", one[] = "/things/{x}",
             typo[] = "/thing", found[] = "/things/search/findByName", made[] = "ThingMade",
             said[] = "ThingSaid", placed[] = "Orderplaced", order[] = "order";

        arena = arena_open();
        check_text(warning_of(&p, FAULT_HTTP_RESET, &(struct fault){.method = get}), "");
        check_text(warning_of(&p, FAULT_HTTP_RESET, &(struct fault){.path = things}), "");
        check_text(warning_of(&p, FAULT_HTTP_RESET, &(struct fault){.path = one}), "");
        check_text(warning_of(&p, FAULT_HTTP_RESET, &(struct fault){.path = found}), "");
        check_text(warning_of(&p, FAULT_HTTP_RESET, &(struct fault){.path = typo}),
                   "no path here is like /thing; there are /things, /things/{id}, /things/thing, "
                   "/things/search/findByName");
        check_text(warning_of(&p, FAULT_HTTP_RESET, &(struct fault){.method = small}),
                   "no request has the method get");
        check_text(warning_of(&p, FAULT_PUBLISH_TWICE, &(struct fault){.type = made}), "");
        check_text(warning_of(&p, FAULT_PUBLISH_TWICE, &(struct fault){.type = said}), "");
        check_text(warning_of(&p, FAULT_PUBLISH_TWICE, &(struct fault){.type = placed}),
                   "no event of the type Orderplaced is said here, but ThingMade, ThingSaid");
        check_text(warning_of(&p, FAULT_CONSUME_TWICE, &(struct fault){.type = placed}), "");
        check_text(warning_of(&p, FAULT_CONSUME_DELAY, &(struct fault){.type = made}),
                   "no event of the type ThingMade is heard here, but Orderplaced");
        check_text(warning_of(&p, FAULT_UPSTREAM_BROKEN, &(struct fault){.route = order}), "");
        check_text(warning_of(&p, FAULT_UPSTREAM_BROKEN, &(struct fault){.route = made}),
                   "no route has the id ThingMade; there are order, product");
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(templates_meet_where_a_path_fits_both),
                STORY(a_target_that_matches_nothing_is_warned_of),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
