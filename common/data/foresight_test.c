/* What a unit of many steps looks for is read before they run, and they find what they would have
   found otherwise. On SQLite nothing is read ahead, and the stories end the same. */
#include "data/postgres_inside.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <pthread.h>

enum { STEPS = 200 };

static bool is_shared(void)
{
        return db_url_is_shared(things_url());
}

static struct thing *secret_of(struct unit *unit, const char *secret, int64_t big)
{
        return unit_find(unit, &thing_entity, THING_BY_SECRET, 0, (struct key){secret, big});
}

static struct thing *named(struct unit *unit, const char *name)
{
        return unit_find(unit, &thing_entity, THING_BY_NAME, 0, (struct key){name});
}

struct step {
        const char *name, *secret;
        int64_t big;
};

/* As product takes stock: what was not taken before is taken from the thing of that name. Either
   may be left out. */
static void take(struct unit *unit, void *arg)
{
        const struct step *s = arg;
        struct thing *t;

        if (s->secret && secret_of(unit, s->secret, s->big))
                return;
        t = s->name ? named(unit, s->name) : NULL;
        if (t) {
                t->qty = some_int(t->qty.value + 1);
                unit_update(unit, &thing_entity, t);
        }
        if (s->secret)
                unit_add(unit, &thing_entity,
                         unit_copy(unit, &thing_entity,
                                   &(struct thing){.secret = s->secret, .big = some_int(s->big)}));
}

/* As the inbox does, with the identities of its events. */
static void foresee(struct unit *unit)
{
        static _Atomic int64_t number; /* replicas are threads here */

        check(unit_first_time(unit, "foresight_test", arena_decimal(unit_arena(unit), ++number)) ||
              unit_failed(unit));
}

struct steps {
        struct step *all;
        int count, runs;
        void (*before)(struct steps *steps); /* the first time, once all is foreseen; may be NULL */
        struct store *other;
        FILE *trace; /* of what the connection sends; may be NULL */
};

static PGconn *connection_of(struct unit *unit)
{
        return ((struct postgres_db *)unit->store->writer)->conn;
}

static void take_all(struct unit *unit, void *arg)
{
        struct steps *s = arg;

        if (s->trace && is_shared())
                PQtrace(connection_of(unit), s->trace);
        for (int i = 0; i < s->count; i++)
                unit_rehearse(unit, take, &s->all[i]);
        foresee(unit);
        if (!s->runs++ && s->before)
                s->before(s);
        for (int i = 0; i < s->count; i++)
                take(unit, &s->all[i]);
        if (s->trace && is_shared() && db_settle(unit->store->writer, &unit->error))
                PQuntrace(connection_of(unit));
}

static int64_t qty_of(struct store *store, int64_t id)
{
        struct arena *arena = arena_open();
        struct thing *t = things_get(store, id, arena);
        int64_t qty = t ? t->qty.value : -1;

        check(t && t->row.version == qty);
        arena_close(&arena);
        return qty;
}

static void many_steps_cost_few_round_trips(void)
{
        struct store *store = things_open();
        struct step all[2 * STEPS];
        struct steps steps = {.all = all, .count = 2 * STEPS, .trace = tmpfile()};

        things_add(store, "tv");
        for (int i = 0; i < STEPS; i++) {
                all[i] = (struct step){.name = "tv"};
                all[STEPS + i] = (struct step){.secret = "taken", .big = i};
        }
        check_int(things_do(store, take_all, &steps), ERROR_NONE);
        check_int(qty_of(store, 1), STEPS);
        check_int(things_count(store), STEPS + 1);
        if (is_shared()) {
                /* all questions, and the end */
                check_int(things_times_sent(steps.trace, "\tSync"), 2);
                /* the identity, two questions and the ids; one update, inserts of 32 rows, and one
                   of what is left */
                check_int(things_times_sent(steps.trace, "\tExecute"), 4 + 1 + STEPS / 32 + 1);
        }
        fclose(steps.trace);
        store_close(&store);
}

static void what_a_step_adds_a_later_one_finds(void)
{
        struct store *store = things_open();
        struct step all[] = {{"tv", "s", 1}, {"tv", "s", 2}, {"tv", "s", 1}, {"a\"b\\c", "s", 3}};
        struct steps steps = {.all = all, .count = 4};

        things_add(store, "tv");
        things_add(store, "a\"b\\c");
        check_int(things_do(store, take_all, &steps), ERROR_NONE);
        check_int(qty_of(store, 1), 2);
        check_int(qty_of(store, 2), 1);
        check_int(things_count(store), 5);
        store_close(&store);
}

static void look_at_all(struct unit *unit, void *arg)
{
        (void)arg;
        unit_get(unit, &thing_entity, 1);
        secret_of(unit, "old", 1);
        secret_of(unit, "new", 1);
        named(unit, "tv");
}

static void begin_to_look(struct unit *unit)
{
        unit_rehearse(unit, look_at_all, NULL);
        foresee(unit);
}

static void change_what_finds_it(struct unit *unit, void *arg)
{
        struct thing *t;

        (void)arg;
        begin_to_look(unit);
        check(!secret_of(unit, "new", 1));
        t = secret_of(unit, "old", 1);
        check(t && t->row.id == 1);
        t->secret = "new";
        unit_save(unit, &thing_entity, t);
        check(!secret_of(unit, "old", 1));
        t = secret_of(unit, "new", 1);
        check(t && t->row.version == 1);
        t = unit_get(unit, &thing_entity, 1);
        check(t && strcmp(t->secret, "new") == 0);
        t = named(unit, "tv");
        check(t && strcmp(t->secret, "new") == 0);
        /* its old values are free again */
        unit_add(unit, &thing_entity,
                 unit_copy(unit, &thing_entity,
                           &(struct thing){.secret = "old", .big = some_int(1)}));
        t = secret_of(unit, "old", 1);
        check(t && t->row.id == 2);
}

static void add_old(struct store *store)
{
        struct thing t = {.name = "tv", .secret = "old", .big = some_int(1)};

        check_int(things_do(store, thing_add_and_say, &t), ERROR_NONE);
}

static void a_changed_row_is_found_by_its_new_values(void)
{
        struct store *store = things_open();

        add_old(store);
        check_int(things_do(store, change_what_finds_it, NULL), ERROR_NONE);
        check_int(things_count(store), 2);
        store_close(&store);
}

static void look_for_new(struct unit *unit, void *arg)
{
        (void)arg;
        secret_of(unit, "new", 1);
}

/* It was not read before it is saved, so nobody knows by what it was found. */
static void save_unread(struct unit *unit, void *arg)
{
        struct thing t = {.row.id = 1, .name = "radio", .secret = "new", .big = some_int(1)};

        unit_rehearse(unit, look_for_new, arg);
        foresee(unit);
        unit_save(unit, &thing_entity, &t);
        check(secret_of(unit, "new", 1) != NULL);
        check(!secret_of(unit, "old", 1));
        check(!named(unit, "tv"));
}

static void a_row_that_was_not_read_is_found_too(void)
{
        struct store *store = things_open();

        add_old(store);
        check_int(things_do(store, save_unread, NULL), ERROR_NONE);
        store_close(&store);
}

static void remove_it(struct unit *unit, void *arg)
{
        struct thing *t;

        (void)arg;
        begin_to_look(unit);
        t = named(unit, "tv");
        check(t && t->row.id == 1);
        unit_remove(unit, &thing_entity, t);
        check(!unit_get(unit, &thing_entity, 1));
        check(!secret_of(unit, "old", 1));
        t = named(unit, "tv");
        check(t && t->row.id == 2);
}

static void a_removed_row_is_not_found(void)
{
        struct store *store = things_open();

        add_old(store);
        things_add(store, "tv");
        check_int(things_do(store, remove_it, NULL), ERROR_NONE);
        check_int(things_count(store), 1);
        store_close(&store);
}

static void say_and_fail(struct unit *unit, void *arg)
{
        struct thing *t = unit_get(unit, &thing_entity, 1);

        (void)arg;
        check(!is_shared() || !t);
        unit_remove(unit, &thing_entity, &(struct thing){.row.id = 1});
        unit_save(unit, &thing_entity, &(struct thing){.row.id = 1});
        thing_add_and_say(unit, unit_new(unit, &thing_entity));
        unit_refuse(unit, ERROR_BAD_INPUT, NULL, "not wanted");
}

static void only_rehearse(struct unit *unit, void *arg)
{
        unit_rehearse(unit, say_and_fail, arg);
        check(!unit_failed(unit));
        foresee(unit);
}

static void a_rehearsal_leaves_no_trace(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();

        things_add(store, "a");
        check_int(things_do(store, only_rehearse, NULL), ERROR_NONE);
        check_text(things_waiting(store, arena), "a");
        check_int(qty_of(store, 1), 0);
        check_int(things_add(store, "b"), 2);
        arena_close(&arena);
        store_close(&store);
}

static void other_takes_one(struct steps *steps)
{
        struct thing t = {.secret = "s", .big = some_int(7)};

        check_int(things_do(steps->other, thing_add_and_say, &t), ERROR_NONE);
}

/* What was foreseen not to be there comes from another process: the unique index finds out, and the
   unit runs again and sees it. */
static void what_another_adds_meanwhile_is_not_taken_twice(void)
{
        struct step all[] = {{"tv", "s", 6}, {"tv", "s", 7}, {"tv", "s", 8}};
        struct steps steps = {.all = all, .count = 3, .before = other_takes_one};
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        steps.other = things_open();
        things_add(store, "tv");
        check_int(things_do(store, take_all, &steps), ERROR_NONE);
        check_int(steps.runs, 2);
        check_int(qty_of(store, 1), 2);
        check_int(things_count(store), 4);
        store_close(&steps.other);
        store_close(&store);
}

struct meeting {
        struct store *store;
        bool first, seen;
        sem_t written, go_on;
};

static void add_under_an_identity(struct unit *unit, void *arg)
{
        struct meeting *m = arg;

        m->first = unit_first_time(unit, "a sender", "1");
        unit_add(unit, &thing_entity, &(struct thing){.secret = "taken", .big = some_int(1)});
        check(db_settle(unit->store->writer, &unit->error)); /* else it waits to be sent */
        sem_post(&m->written);
        while (sem_wait(&m->go_on) != 0)
                ;
}

static void *add_in_another(void *arg)
{
        struct meeting *m = arg;

        check_int(things_do(m->store, add_under_an_identity, m), ERROR_NONE);
        return NULL;
}

static void look_for_taken(struct unit *unit, void *arg)
{
        (void)arg;
        secret_of(unit, "taken", 1);
}

static void look_under_the_same(struct unit *unit, void *arg)
{
        struct meeting *m = arg;

        unit_rehearse(unit, look_for_taken, NULL);
        m->first = unit_first_time(unit, "a sender", "1");
        m->seen = secret_of(unit, "taken", 1) != NULL;
}

static void *look_in_another(void *arg)
{
        struct meeting *m = arg;

        check_int(things_do(m->store, look_under_the_same, m), ERROR_NONE);
        return NULL;
}

/* Two replicas get one event. The later one waits for the other's transaction, and must then see
   what that did: another of its events may be about it. */
static void what_came_with_an_identity_that_we_waited_for_is_seen(void)
{
        struct meeting one = {0}, other = {0};
        pthread_t adds, looks;

        if (!is_shared())
                return;
        one.store = things_open();
        other.store = things_open();
        sem_init(&one.written, 0, 0);
        sem_init(&one.go_on, 0, 0);
        check(!pthread_create(&adds, NULL, add_in_another, &one));
        while (sem_wait(&one.written) != 0)
                ;
        check(!pthread_create(&looks, NULL, look_in_another, &other));
        while (!things_number(one.store,
                              "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND pid IN "
                              "(SELECT pid FROM pg_stat_activity WHERE application_name = "
                              "current_setting('application_name'))"))
                usleep(1000);
        sem_post(&one.go_on);
        pthread_join(adds, NULL);
        pthread_join(looks, NULL);
        check(one.first && !other.first && other.seen);
        store_close(&other.store);
        store_close(&one.store);
}

enum { POLLED = 5 };

struct poll {
        struct step steps[POLLED];
        const char *ids[POLLED];
        int queued; /* statements that are sent before it */
        bool refused;
};

/* Nothing, but in the queue. */
static void queue_many(struct unit *unit, int count)
{
        for (int i = 0; i < count && is_shared(); i++) {
                struct statement *s =
                        db_prepare(unit->store->writer, "SELECT ?::bigint", &unit->error);

                bind_int(s, 1, i);
                check(statement_send(s, &unit->error));
        }
}

static void apply_poll(struct unit *unit, void *arg)
{
        struct poll *p = arg;
        struct identity identities[POLLED];

        queue_many(unit, p->queued);
        for (int i = 0; i < POLLED; i++) {
                identities[i] = (struct identity){.source = "a sender", .id = p->ids[i]};
                unit_rehearse(unit, take, &p->steps[i]);
        }
        unit_first_times(unit, identities, POLLED);
        for (int i = 0; i < POLLED && !unit_failed(unit); i++)
                if (identities[i].first)
                        take(unit, &p->steps[i]);
        if (p->refused)
                unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "not wanted");
}

static struct poll poll_of(int first, struct arena *arena)
{
        struct poll p = {.refused = false};

        for (int i = 0; i < POLLED; i++) {
                p.steps[i] = (struct step){"tv", "polled", first + i};
                p.ids[i] = arena_decimal(arena, first + i);
        }
        return p;
}

/* The queue's end may come at any place of a poll: its answers are read then, and wait. */
static void a_full_queue_between_the_questions_loses_no_answer(void)
{
        enum { BEFORE = 12, AFTER = 4 };
        struct store *store = things_open();
        struct arena *arena = arena_open();
        int polls = 0;

        things_add(store, "tv");
        for (int queued = POSTGRES_QUEUE - BEFORE; queued < POSTGRES_QUEUE + AFTER; queued++) {
                struct poll p = poll_of(polls++ * POLLED, arena);

                p.queued = queued;
                check_int(things_do(store, apply_poll, &p), ERROR_NONE);
                check_int(things_do(store, apply_poll, &p), ERROR_NONE);
        }
        check_int(qty_of(store, 1), polls * POLLED);
        check_int(things_count(store), polls * POLLED + 1);
        check_int(things_add(store, "next"), polls * POLLED + 2);
        arena_close(&arena);
        store_close(&store);
}

struct overheard {
        struct poll poll;
        FILE *trace;
        PGconn *conn;
};

static void apply_overheard(struct unit *unit, void *arg)
{
        struct overheard *t = arg;

        t->conn = connection_of(unit);
        PQtrace(t->conn, t->trace);
        apply_poll(unit, &t->poll);
}

/* Its event turns out to be about nothing: the id that it asked for is left. */
static void rehearse_one_in_vain(struct unit *unit, void *step)
{
        unit_rehearse(unit, take, step);
        foresee(unit);
}

/* With its commit, and whatever the one before it left. */
static void a_poll_costs_two_round_trips(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();

        things_add(store, "tv");
        for (int i = 0; i < 3 && is_shared(); i++) {
                struct overheard t = {.poll = poll_of(i * POLLED, arena), .trace = tmpfile()};

                t.poll.queued = 10;
                check_int(things_do(store, rehearse_one_in_vain, &t.poll.steps[0]), ERROR_NONE);
                check_int(things_do(store, apply_overheard, &t), ERROR_NONE);
                PQuntrace(t.conn);
                check_int(things_times_sent(t.trace, "\tSync"), 2);
                fclose(t.trace);
        }
        arena_close(&arena);
        store_close(&store);
}

/* The ids that a poll has asked for and not used: it came again, or was refused. */
static void ids_that_a_poll_did_not_use_come_next(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();
        struct poll p = poll_of(0, arena), other = poll_of(POLLED, arena);

        things_add(store, "tv");
        check_int(things_do(store, apply_poll, &p), ERROR_NONE);
        check_int(things_do(store, apply_poll, &p), ERROR_NONE);
        other.refused = true;
        check_int(things_do(store, apply_poll, &other), ERROR_UNPROCESSABLE);
        check_int(qty_of(store, 1), POLLED);
        for (int i = 0; i < 2 * POLLED; i++)
                check_int(things_add(store, "later"), POLLED + 2 + i);
        other.refused = false;
        check_int(things_do(store, rehearse_one_in_vain, &other.steps[0]), ERROR_NONE);
        check_int(things_do(store, apply_poll, &other), ERROR_NONE);
        check_int(qty_of(store, 1), 2 * POLLED);
        if (is_shared()) /* no more were asked for than were missing */
                check_int(things_number(store, "SELECT last_value::text FROM things_ids"),
                          4 * POLLED + 1);
        check_int(things_add(store, "last"), 4 * POLLED + 2);
        arena_close(&arena);
        store_close(&store);
}

/* As the inbox does where a sender gave one identity to two events. */
static void ask_for_another_identity(struct unit *unit, void *arg)
{
        struct poll *p = arg;

        apply_poll(unit, p);
        for (int i = 0; i < POLLED; i++)
                unit_first_time(unit, "a clash", p->ids[i]);
}

/* What a rehearsal will add is asked for once. */
static void a_second_look_at_identities_asks_for_no_more_ids(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();
        struct poll p = poll_of(0, arena);

        things_add(store, "tv");
        check_int(things_do(store, ask_for_another_identity, &p), ERROR_NONE);
        if (is_shared())
                check_int(things_number(store, "SELECT last_value::text FROM things_ids"),
                          POLLED + 1);
        check_int(things_add(store, "next"), POLLED + 2);
        arena_close(&arena);
        store_close(&store);
}

/* A server that took over may give them to another process. */
static void ids_that_another_connection_was_asked_for_are_not_given(void)
{
        int64_t end = clock_mono_us() + 30 * 1000000;
        struct step step = {"tv", "s", 1};
        struct thing t = {.name = "next"};
        struct error e = {0};
        struct store *store;
        struct db *db;

        if (!is_shared())
                return;
        store = things_open();
        things_add(store, "tv");
        check_int(things_do(store, rehearse_one_in_vain, &step), ERROR_NONE);
        things_end_sessions("true");
        db = db_open(things_url(), things_service(), DB_WRITER, &e);
        check(db && db_run(db, "SELECT setval('things_ids', 40)", &e));
        db_close(&db);
        while (things_do(store, thing_add_and_say, &t) != ERROR_NONE && clock_mono_us() < end)
                usleep(1000);
        check_int(t.row.id, 41);
        store_close(&store);
}

struct wait {
        struct store *store;
        struct poll poll;
        enum error_kind kind;
};

static void *poll_in_another(void *arg)
{
        struct wait *w = arg;

        w->kind = things_do(w->store, apply_poll, &w->poll);
        return NULL;
}

/* After it lost a race. */
static bool is_tried_alone(struct db *db)
{
        struct error e = {0};
        struct statement *s =
                db_prepare(db,
                           "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = "
                           "'ExclusiveLock' AND pid IN (SELECT pid FROM pg_stat_activity WHERE "
                           "application_name = current_setting('application_name'))",
                           &e);
        int64_t count = 0;

        check(statement_number(s, &count, &e));
        return count;
}

/* Another replica's transaction has recorded one of its events, and takes longer than a lock is
   waited for: what was asked behind the identities is lost, and is asked again. */
static void a_poll_that_waits_for_an_identity_in_vain_asks_again(void)
{
        struct arena *arena = arena_open();
        struct wait w = {.poll = poll_of(0, arena)};
        struct error e = {0};
        pthread_t thread;
        struct db *db;

        if (!is_shared()) {
                arena_close(&arena);
                return;
        }
        w.store = things_open();
        things_add(w.store, "tv");
        db = db_open(things_url(), things_service(), DB_WRITER, &e);
        check(db &&
              db_exec(db, "BEGIN; INSERT INTO inbox (source, id, at) VALUES ('a sender', '2', 0)",
                      &e));
        check(!pthread_create(&thread, NULL, poll_in_another, &w));
        while (!is_tried_alone(db))
                usleep(1000);
        check(db_exec(db, "COMMIT", &e));
        pthread_join(thread, NULL);
        check_int(w.kind, ERROR_NONE);
        check(w.store->contended_until);
        check_int(qty_of(w.store, 1), POLLED - 1);
        check_int(things_count(w.store), POLLED);
        check_int(things_add(w.store, "next"), POLLED + 1);
        db_close(&db);
        store_close(&w.store);
        arena_close(&arena);
}

struct consumer {
        struct store *store;
        bool backwards, failed;
        pthread_t thread;
};

enum { POLLS = 20 };

static void *consume(void *arg)
{
        struct consumer *c = arg;
        struct arena *arena = arena_open();

        for (int n = 0; n < POLLS; n++) {
                struct poll p = poll_of(n * POLLED, arena), turned = p;
                enum error_kind kind = ERROR_UNAVAILABLE;

                for (int i = 0; i < POLLED; i++) {
                        turned.steps[i] = p.steps[POLLED - 1 - i];
                        turned.ids[i] = p.ids[POLLED - 1 - i];
                }
                for (int tries = 0; tries < 50 && kind != ERROR_NONE; tries++)
                        kind = things_do(c->store, apply_poll, c->backwards ? &turned : &p);
                c->failed |= kind != ERROR_NONE;
        }
        arena_close(&arena);
        return NULL;
}

/* While a partition moves, each event may come to both, and in any order. */
static void what_comes_to_two_replicas_is_applied_once(void)
{
        struct consumer both[2] = {{.backwards = false}, {.backwards = true}};

        if (!is_shared())
                return;
        for (int i = 0; i < 2; i++)
                both[i].store = things_open();
        things_add(both[0].store, "tv");
        for (int i = 0; i < 2; i++)
                check(!pthread_create(&both[i].thread, NULL, consume, &both[i]));
        for (int i = 0; i < 2; i++) {
                pthread_join(both[i].thread, NULL);
                check(!both[i].failed);
        }
        check_int(qty_of(both[0].store, 1), POLLS * POLLED);
        check_int(things_count(both[0].store), POLLS * POLLED + 1);
        check_int(things_number(both[0].store, "SELECT count(*)::text FROM things"),
                  POLLS * POLLED + 1);
        for (int i = 0; i < 2; i++)
                store_close(&both[i].store);
}

enum { ROUNDS = 10, ROWS = 40 };

struct replica {
        struct store *store;
        const char *secret, *names[ROWS];
        pthread_t thread;
        bool failed, lost;
};

static void *take_rounds(void *arg)
{
        struct replica *r = arg;

        for (int round = 0; round < ROUNDS; round++) {
                struct step all[2 * ROWS];
                struct steps steps = {.all = all, .count = 2 * ROWS};

                for (int i = 0; i < 2 * ROWS; i++)
                        all[i] = (struct step){r->names[i % ROWS], r->secret, round * 2 * ROWS + i};
                r->failed |= things_do(r->store, take_all, &steps) != ERROR_NONE;
        }
        r->lost = r->store->contended_until != 0;
        return NULL;
}

/* They want the rows in opposite orders, and still they do not deadlock. */
static void two_replicas_take_from_the_same_rows(void)
{
        struct replica both[2] = {{.secret = "s"}, {.secret = "t"}};
        char names[ROWS][8];

        if (!is_shared())
                return;
        for (int i = 0; i < 2; i++)
                both[i].store = things_open();
        for (int i = 0; i < ROWS; i++) {
                snprintf(names[i], sizeof names[i], "n%d", i);
                things_add(both[0].store, names[i]);
                both[0].names[i] = both[1].names[ROWS - 1 - i] = names[i];
        }
        for (int i = 0; i < 2; i++)
                check(!pthread_create(&both[i].thread, NULL, take_rounds, &both[i]));
        for (int i = 0; i < 2; i++) {
                pthread_join(both[i].thread, NULL);
                check(!both[i].failed && !both[i].lost);
        }
        for (int i = 1; i <= ROWS; i++)
                check_int(qty_of(both[0].store, i), 2 * 2 * ROUNDS);
        check_int(things_count(both[0].store), ROWS + 2 * 2 * ROUNDS * ROWS);
        for (int i = 0; i < 2; i++)
                store_close(&both[i].store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(many_steps_cost_few_round_trips),
                STORY(what_a_step_adds_a_later_one_finds),
                STORY(a_changed_row_is_found_by_its_new_values),
                STORY(a_row_that_was_not_read_is_found_too),
                STORY(a_removed_row_is_not_found),
                STORY(a_rehearsal_leaves_no_trace),
                STORY(what_another_adds_meanwhile_is_not_taken_twice),
                STORY(what_came_with_an_identity_that_we_waited_for_is_seen),
                STORY(two_replicas_take_from_the_same_rows),
                STORY(a_full_queue_between_the_questions_loses_no_answer),
                STORY(a_poll_costs_two_round_trips),
                STORY(ids_that_a_poll_did_not_use_come_next),
                STORY(a_second_look_at_identities_asks_for_no_more_ids),
                STORY(ids_that_another_connection_was_asked_for_are_not_given),
                STORY(a_poll_that_waits_for_an_identity_in_vain_asks_again),
                STORY(what_comes_to_two_replicas_is_applied_once),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
