/* Every call of libpq that can fail does so once, at every place of a store's life: in
   a_call_fails_and_what_was_said_is_so before the call does anything, in
   a_calls_answer_is_lost_and_what_was_said_is_so after the server has got everything, when only
   its answer is lost. Then the promises must hold: acknowledged rows are there, refused ones are
   not, and where the outcome could not be learnt, that was said. A row and its event are both
   there or neither is. A poll's events are applied once, however often they come again. The linker
   puts the __wrap_ functions between the store and libpq (Makefile). On PostgreSQL only. */
#include "base/clock.h"
#include "data/postgres_inside.h"
#include "testing/thing.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum mode { INSTEAD, BEHIND };

static struct {
        _Atomic long calls, fails_at; /* 0: none fails */
        _Atomic bool hit;
        enum mode mode;
        const char *_Atomic what;
} fault;

/* Makes the connection useless, if there is one yet. */
static void cut(PGconn *conn)
{
        if (conn && PQsocket(conn) >= 0)
                shutdown(PQsocket(conn), SHUT_RDWR);
}

static bool fails_now(const char *what)
{
        if (atomic_fetch_add(&fault.calls, 1) + 1 != atomic_load(&fault.fails_at))
                return false;
        atomic_store(&fault.what, what);
        atomic_store(&fault.hit, true);
        return true;
}

#define WRAPPED(type, name, failure, parameters, ...)                                              \
        type __real_##name parameters;                                                             \
        type __wrap_##name parameters;                                                             \
        type __wrap_##name parameters                                                              \
        {                                                                                          \
                if (!fails_now(#name))                                                             \
                        return __real_##name(__VA_ARGS__);                                         \
                if (fault.mode == BEHIND) {                                                        \
                        __real_##name(__VA_ARGS__);                                                \
                        PQflush_now(conn);                                                         \
                        cut(conn);                                                                 \
                }                                                                                  \
                return failure;                                                                    \
        }

int __real_PQflush(PGconn *conn);

/* So that the server gets the bytes although the call "fails". */
static void PQflush_now(PGconn *conn)
{
        __real_PQflush(conn);
        usleep(3000);
}

WRAPPED(int, PQflush, -1, (PGconn * conn), conn)
WRAPPED(int, PQconsumeInput, 0, (PGconn * conn), conn)
WRAPPED(int, PQpipelineSync, 0, (PGconn * conn), conn)
WRAPPED(int, PQenterPipelineMode, 0, (PGconn * conn), conn)
WRAPPED(int, PQexitPipelineMode, 0, (PGconn * conn), conn)
WRAPPED(int, PQsetnonblocking, -1, (PGconn * conn, int arg), conn, arg)
WRAPPED(int, PQsendQuery, 0, (PGconn * conn, const char *sql), conn, sql)
WRAPPED(PostgresPollingStatusType, PQconnectPoll, PGRES_POLLING_FAILED, (PGconn * conn), conn)
WRAPPED(int, PQsendPrepare, 0,
        (PGconn * conn, const char *name, const char *sql, int count, const Oid *types), conn, name,
        sql, count, types)
WRAPPED(int, PQsendQueryPrepared, 0,
        (PGconn * conn, const char *name, int count, const char *const *values, const int *lengths,
         const int *formats, int format),
        conn, name, count, values, lengths, formats, format)
WRAPPED(int, PQsendQueryParams, 0,
        (PGconn * conn, const char *sql, int count, const Oid *types, const char *const *values,
         const int *lengths, const int *formats, int format),
        conn, sql, count, types, values, lengths, formats, format)

PGresult *__real_PQgetResult(PGconn *conn);
PGresult *__wrap_PQgetResult(PGconn *conn);
PGresult *__wrap_PQgetResult(PGconn *conn)
{
        PGresult *result = __real_PQgetResult(conn);

        if (!fails_now("PQgetResult"))
                return result;
        PQclear(result);
        cut(conn);
        return NULL;
}

PGconn *__real_PQconnectStartParams(const char *const *names, const char *const *values,
                                    int expand);
PGconn *__wrap_PQconnectStartParams(const char *const *names, const char *const *values,
                                    int expand);
PGconn *__wrap_PQconnectStartParams(const char *const *names, const char *const *values, int expand)
{
        return fails_now("PQconnectStartParams")
                       ? NULL
                       : __real_PQconnectStartParams(names, values, expand);
}

/* ---- a store's life ---- */

enum { THINGS = 6, POLLED = 4 /* the first of those that a poll's events make */ };

struct acknowledged {
        char name[40];
        struct error error;
        bool asked;
};

static struct acknowledged told[THINGS];
static bool read_wrong;

static void do_it(struct store *store, int i, void (*run)(struct unit *, void *))
{
        struct thing t = {.name = told[i].name};
        struct arena *arena = arena_open();

        told[i].asked = true;
        told[i].error = (struct error){0};
        store_run(store, run, &t, arena, &told[i].error);
        arena_close(&arena);
}

static void refuse(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "not wanted");
}

/* Also reads, under an Idempotency-Key, as a request does. */
static void add_under_a_key(struct unit *unit, void *thing)
{
        struct stored_answer answer = {.status = 201, .row = "{}"};
        struct thing *t = thing;

        if (unit_recall(unit, "/things", t->name, &answer))
                return;
        thing_add_and_say(unit, t);
        unit_remember(unit, "/things", t->name, &answer);
}

/* As a reaction does: it looks for two rows, changes one and adds the other. */
static void react(struct unit *unit, void *acknowledged)
{
        const char *name = ((struct acknowledged *)acknowledged)->name;
        struct thing *stock =
                unit_find(unit, &thing_entity, THING_BY_NAME, 0, (struct key){"stock"});

        if (unit_find(unit, &thing_entity, THING_BY_SECRET, 0, (struct key){name, 1}))
                return;
        if (stock) {
                stock->qty = some_int(stock->qty.value + 1);
                unit_save(unit, &thing_entity, stock);
        }
        thing_add_and_say(
                unit, unit_copy(unit, &thing_entity,
                                &(struct thing){.name = name, .secret = name, .big = some_int(1)}));
}

/* As the inbox does; the first event comes twice. */
static void take_a_poll(struct unit *unit, void *arg)
{
        struct acknowledged *const makes[] = {&told[POLLED], &told[POLLED + 1], &told[POLLED]};
        enum { EVENTS = sizeof makes / sizeof *makes };
        struct identity events[EVENTS];

        (void)arg;
        for (int i = 0; i < EVENTS; i++) {
                events[i] =
                        (struct identity){.source = "a sender", .id = makes[i]->name, .content = 1};
                unit_rehearse(unit, react, makes[i]);
        }
        unit_first_times(unit, events, EVENTS);
        for (int i = 0; i < EVENTS && !unit_failed(unit); i++)
                if (events[i].first)
                        react(unit, makes[i]);
}

static void poll_once(struct store *store)
{
        struct arena *arena = arena_open();
        struct error error = {0};

        store_run(store, take_a_poll, NULL, arena, &error);
        for (int i = POLLED; i < THINGS; i++) {
                told[i].asked = true;
                told[i].error = error;
        }
        arena_close(&arena);
}

/* A read may fail, but must not be wrong: the row was stored a moment ago. */
static void look(struct store *store)
{
        static const char *const nobody[LOOKUP_MEMBERS] = {"nobody"};
        struct db *db = store_read_begin(store);
        struct arena *arena = arena_open();
        struct error e = {0};
        void *row = NULL;
        int64_t rows;

        table_find(db, store_table(store, &thing_entity), TABLE_TO_LOOK,
                   &thing_lookups[THING_BY_NAME], 0, nobody, arena, &row, &e);
        if (row || (store_count(store, db, &thing_entity, &rows, &e) &&
                    told[0].error.kind == ERROR_NONE && rows < 1))
                read_wrong = true;
        store_read_end(store, db);
        arena_close(&arena);
}

static void live(struct store *store)
{
        do_it(store, 0, thing_add_and_say);
        look(store);
        do_it(store, 1, refuse);
        do_it(store, 2, add_under_a_key);
        store_purge(store, 1000000, 1000000, 1000000);
        do_it(store, 3, thing_add_and_say);
        poll_once(store);
}

static struct store *open_one(struct error *error)
{
        return store_open(&(struct store_config){.url = things_url(),
                                                 .service = things_service(),
                                                 .entities = thing_entities,
                                                 .readers = 1},
                          error);
}

/* ---- and what is left of it ---- */

static int64_t ask(struct db *db, const char *sql, const char *name)
{
        struct error e = {0};
        struct statement *s = db_prepare(db, sql, &e);
        int64_t number = -1;

        if (name)
                bind_text(s, 1, name);
        statement_number(s, &number, &e);
        check_text(e.text, "");
        return number;
}

static void holds(struct db *db, const struct acknowledged *t, long call)
{
        int64_t rows = ask(db, "SELECT count(*) FROM things WHERE name = ?", t->name);
        int64_t events =
                ask(db, "SELECT count(*) FROM outbox WHERE key = convert_to(?, 'UTF8')", t->name);
        bool unknown = strstr(t->error.text, "not known") != NULL,
             done = t->asked && t->error.kind == ERROR_NONE;

        if (rows == events && rows <= 1 && (unknown || rows == done))
                return;
        printf("     call %ld, %s: %s: %lld rows, %lld events; %s\n", call,
               atomic_load(&fault.what), t->name, (long long)rows, (long long)events,
               t->asked ? t->error.text : "not asked");
        check(false);
}

static void arm(long call, enum mode mode)
{
        fault.mode = mode;
        atomic_store(&fault.hit, false);
        atomic_store(&fault.calls, 0);
        atomic_store(&fault.fails_at, call);
}

/* A caller who learnt that the server is away asks again a little later. */
static void wait_until_well(struct store *store)
{
        int64_t end = clock_mono_us() + 30 * 1000000;

        while (things_do(store, thing_add_and_say, &(struct thing){.name = "well"}) != ERROR_NONE &&
               clock_mono_us() < end)
                usleep(5000);
        look(store);
}

/* The events come again, as they do until they were taken. */
static void come_again(struct store *store, struct db *db, long call)
{
        wait_until_well(store);
        poll_once(store);
        for (int i = POLLED; i < THINGS; i++) {
                check_text(told[i].error.text, "");
                holds(db, &told[i], call);
        }
        check_int(ask(db, "SELECT CAST(max(qty) AS BIGINT) FROM things WHERE name = 'stock'", NULL),
                  ask(db, "SELECT count(*) FROM things WHERE \"Secret\" IS NOT NULL", NULL));
}

/* False when the life was over before that call. */
static bool fail_in_life(struct store *store, struct db *db, long call, enum mode mode)
{
        for (int i = 0; i < THINGS; i++) {
                told[i] = (struct acknowledged){.asked = false};
                snprintf(told[i].name, sizeof told[i].name, "%d-%ld-%d", mode, call, i);
        }
        wait_until_well(store);
        arm(call, mode);
        live(store);
        atomic_store(&fault.fails_at, 0);
        for (int i = 0; i < THINGS; i++)
                holds(db, &told[i], call);
        come_again(store, db, call);
        check_int(ask(db,
                      "SELECT CAST(coalesce(sum(rows), 0) AS BIGINT) FROM sequences WHERE name = "
                      "'things'",
                      NULL),
                  ask(db, "SELECT count(*) FROM things", NULL));
        check(!read_wrong);
        return atomic_load(&fault.hit);
}

/* The store opens, or says why not; the next time it opens. */
static bool fail_at_start(long call, enum mode mode)
{
        struct error e = {0};
        struct store *store;

        arm(call, mode);
        store = open_one(&e);
        check(store || e.kind == ERROR_UNAVAILABLE);
        store_close(&store);
        atomic_store(&fault.fails_at, 0);
        return atomic_load(&fault.hit);
}

static void sweep(enum mode mode)
{
        struct error e = {0};
        struct store *store;
        struct db *db;
        long at_start = 1, call = 1;

        if (!db_url_is_shared(things_url()))
                return;
        while (fail_at_start(at_start, mode))
                at_start++;
        store = open_one(&e);
        check_text(e.text, "");
        db = db_open(things_url(), things_service(), DB_WRITER, &e);
        check_int(things_do(store, thing_add_and_say,
                            &(struct thing){.name = "stock", .qty = some_int(0)}),
                  ERROR_NONE);
        while (fail_in_life(store, db, call, mode))
                call++;
        db_close(&db);
        store_close(&store);
        printf("     (%ld calls at the start, %ld then)\n", at_start - 1, call - 1);
        check(at_start > 50 && call > 100);
}

static void a_call_fails_and_what_was_said_is_so(void)
{
        sweep(INSTEAD);
}

static void a_calls_answer_is_lost_and_what_was_said_is_so(void)
{
        sweep(BEHIND);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_call_fails_and_what_was_said_is_so),
                STORY(a_calls_answer_is_lost_and_what_was_said_is_so),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
