/* What the store recognises: requests by their Idempotency-Key, events by their identity. */
#include "data/store.h"

#include "testing/thing.h"

static void remember_answer(struct unit *unit, void *thing)
{
        struct thing *t = thing;

        unit_remember(unit, "/things", t->name,
                      &(struct stored_answer){.hash = -7, .status = 201, .row = "{\"id\":1}"});
        if (t->qty.known)
                unit_refuse(unit, ERROR_BAD_INPUT, NULL, "no");
}

struct recalled {
        const char *key;
        struct stored_answer answer;
        bool found, elsewhere, same_row;
};

static void recall_answer(struct unit *unit, void *arg)
{
        struct recalled *r = arg;
        struct stored_answer other;

        r->found = unit_recall(unit, "/things", r->key, &r->answer);
        r->elsewhere = unit_recall(unit, "/others", r->key, &other);
        r->same_row = r->found && strcmp(r->answer.row, "{\"id\":1}") == 0;
}

static bool is_remembered(struct store *store, const char *key)
{
        struct recalled r = {.key = key};

        check_int(things_do(store, recall_answer, &r), ERROR_NONE);
        check(!r.elsewhere);
        check(!r.found || (r.answer.hash == -7 && r.answer.status == 201 && r.same_row));
        return r.found;
}

static void answers_are_remembered_with_the_row(void)
{
        struct store *store = things_open();
        struct thing kept = {.name = "kept"}, refused = {.name = "refused", .qty.known = true};

        check_int(things_do(store, remember_answer, &kept), ERROR_NONE);
        check_int(things_do(store, remember_answer, &refused), ERROR_BAD_INPUT);
        store_close(&store);
        store = things_open();
        check(is_remembered(store, "kept"));
        check(!is_remembered(store, "refused"));
        check(!is_remembered(store, "KEPT"));
        store_close(&store);
}

static void hear(struct unit *unit, void *thing)
{
        struct thing *t = thing;

        t->big.known = unit_first_time(unit, t->secret, t->name);
        if (t->qty.known)
                unit_refuse(unit, ERROR_BAD_INPUT, NULL, "no");
}

static bool heard_first(struct store *store, const char *source, const char *id)
{
        struct thing t = {.secret = source, .name = id};

        check_int(things_do(store, hear, &t), ERROR_NONE);
        return t.big.known;
}

static void an_identity_is_new_once(void)
{
        struct store *store = things_open();
        struct thing refused = {.secret = "/a", .name = "2", .qty.known = true};

        check(heard_first(store, "/a", "1"));
        check(!heard_first(store, "/a", "1"));
        check(heard_first(store, "/b", "1"));
        check_int(things_do(store, hear, &refused), ERROR_BAD_INPUT);
        check(refused.big.known);
        check(heard_first(store, "/a", "2")); /* the refused unit did not use it up */
        store_close(&store);
        store = things_open();
        check(!heard_first(store, "/a", "2"));
        store_close(&store);
}

/* Also those of which a refused unit heard first, and more of them than the store keeps in
   memory. */
static void sources_are_told_apart(void)
{
        struct store *store = things_open();
        struct thing refused = {.secret = "/refused", .name = "1", .qty.known = true};
        char source[20];

        check_int(things_do(store, hear, &refused), ERROR_BAD_INPUT);
        check(heard_first(store, "/other", "1"));
        check(heard_first(store, "/refused", "1"));
        for (int i = 0; i < 40; i++) {
                snprintf(source, sizeof source, "/%d", i);
                check(heard_first(store, source, "1"));
        }
        store_close(&store);
        store = things_open();
        for (int i = 39; i >= 0; i--) {
                snprintf(source, sizeof source, "/%d", i);
                check(!heard_first(store, source, "1"));
        }
        check(!heard_first(store, "/other", "1"));
        check(!heard_first(store, "/refused", "1"));
        store_close(&store);
}

struct many {
        struct identity all[8];
        size_t count;
};

static void hear_at_once(struct unit *unit, void *arg)
{
        struct many *c = arg;

        unit_first_times(unit, c->all, c->count);
}

static void identities_are_told_apart_in_a_crowd(void)
{
        struct many c = {.all = {{"/a", "1", false},
                                 {"/a", "2", false},
                                 {"/b", "1", false},
                                 {"/a", "2", false},
                                 {"q\"\\,{}'", "\"", false},
                                 {"", "", false},
                                 {"NULL", "null", false},
                                 {"가", "😀 ", false}},
                         .count = 8};
        struct store *store = things_open();

        check(heard_first(store, "/b", "1"));
        check_int(things_do(store, hear_at_once, &c), ERROR_NONE);
        for (size_t i = 0; i < c.count; i++)
                check(c.all[i].first == (i != 2 && i != 3));
        check_int(things_do(store, hear_at_once, &c), ERROR_NONE);
        for (size_t i = 0; i < c.count; i++)
                check(!c.all[i].first && !heard_first(store, c.all[i].source, c.all[i].id));
        c.count = 0;
        check_int(things_do(store, hear_at_once, &c), ERROR_NONE);
        store_close(&store);
}

static const struct story stories[] = {
        STORY(answers_are_remembered_with_the_row),
        STORY(an_identity_is_new_once),
        STORY(sources_are_told_apart),
        STORY(identities_are_told_apart_in_a_crowd),
        {NULL, NULL},
};

int main(int argc, char **argv)
{
        return check_main(stories, argc, argv);
}
