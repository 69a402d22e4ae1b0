/* thing - for tests only: an entity with one field of each kind, a store of them, and units of work
   in one line. */
#ifndef TESTING_THING_H
#define TESTING_THING_H

#include "base/clock.h"
#include "data/outbox.h"
#include "data/store.h"
#include "testing/check.h"

#include <semaphore.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct thing {
        struct row row;
        const char *name;
        struct nullable_int qty, big;
        const char *secret;
        struct nullable_int pin;
};

static const struct field thing_fields[] = {
        {"name", FIELD_TEXT, offsetof(struct thing, name)},
        {"qty", FIELD_INT32, offsetof(struct thing, qty), FIELD_NOT_NEGATIVE},
        {"big", FIELD_INT64, offsetof(struct thing, big)},
        {"Secret", FIELD_TEXT, offsetof(struct thing, secret), FIELD_HIDDEN},
        {"pin", FIELD_INT32, offsetof(struct thing, pin), FIELD_HIDDEN},
        {NULL},
};

static const struct shape thing_shape = {thing_fields, sizeof(struct thing)};

enum { THING_BY_NAME, THING_BY_SECRET };

static const struct lookup thing_lookups[] = {
        [THING_BY_NAME] = {"findByName", {"name"}},
        [THING_BY_SECRET] = {NULL, {"Secret", "big"}, .unique = true},
        {NULL, {NULL}},
};

static const struct entity thing_entity = {
        .item = "thing",
        .collection = "things",
        .shape = {thing_fields, sizeof(struct thing)},
        .lookups = thing_lookups,
};

static const struct event_type thing_said = {"ThingSaid", &thing_shape, "name"};
static const struct event_type thing_made = {"ThingMade", &thing_shape, "id"};

static const struct entity *const thing_entities[] = {&thing_entity, NULL};

/* By a connection of its own, while the store is open. On SQLite. */
static inline void things_sql(const char *text)
{
        char path[300];
        sqlite3 *db;

        snprintf(path, sizeof path, "%s/things.db", check_directory());
        check(sqlite3_open(path, &db) == SQLITE_OK);
        sqlite3_busy_timeout(db, 10000);
        check_text(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ? "" : sqlite3_errmsg(db),
                   "");
        sqlite3_close(db);
}

static inline void none_is_parked(bool is_so)
{
        things_sql(is_so ? "CREATE TRIGGER none_is_marked BEFORE UPDATE ON outbox BEGIN SELECT "
                           "RAISE(ABORT, 'not now'); END"
                         : "DROP TRIGGER none_is_marked");
}

static inline const char *things_url(void)
{
        static char url[200];
        const char *shared = getenv("MALL_TEST_STORE");

        if (shared)
                return shared;
        snprintf(url, sizeof url, "sqlite:%s/things.db", check_directory());
        return url;
}

/* In a shared store each story has a service name of its own. */
static inline const char *things_service(void)
{
        static char name[60];

        snprintf(name, sizeof name, "things%s",
                 getenv("MALL_TEST_STORE") ? strrchr(check_directory(), '/') + 1 : "");
        return name;
}

static inline struct store *things_begin(int64_t first, struct error *error)
{
        return store_open(&(struct store_config){.url = things_url(),
                                                 .service = things_service(),
                                                 .entities = thing_entities,
                                                 .readers = 2,
                                                 .first_id = first,
                                                 .value_max = 10000},
                          error);
}

static inline struct store *things_try(struct error *error)
{
        return things_begin(0, error);
}

/* A server that is busy with other tests may take longer; that is not what is tested. */
static inline struct store *things_open(void)
{
        struct store *store = NULL;
        struct error e = {0};

        for (int i = 0; i < 20 && !store && (!i || e.kind == ERROR_UNAVAILABLE); i++) {
                e = (struct error){0};
                store = things_try(&e);
        }
        check_text(e.text, "");
        return store;
}

/* On PostgreSQL: ends the sessions of the story's stores for which this condition holds, and
   returns when they are gone. Otherwise such a session might still serve the next statement, or
   break in the middle of it. */
static inline void things_end_sessions(const char *condition)
{
        struct error e = {0};
        struct db *db = db_open(things_url(), things_service(), DB_WRITER, &e);
        int64_t left = 1;
        char sql[400];

        check_text(e.text, "");
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FILTER (WHERE NOT pg_terminate_backend(pid, 500)) FROM "
                 "pg_stat_activity"
                 " WHERE application_name = current_schema() AND pid <> pg_backend_pid() AND %s",
                 condition);
        for (int i = 0; i < 60 && left; i++) {
                struct statement *s = db_prepare(db, sql, &e);

                check(s && statement_number(s, &left, &e));
        }
        check_int(left, 0);
        db_close(&db);
}

/* Runs it and returns the kind of its error. */
static inline enum error_kind things_do(struct store *store, void (*run)(struct unit *, void *),
                                        void *arg)
{
        struct arena *arena = arena_open();
        struct error e = {0};

        store_run(store, run, arg, arena, &e);
        arena_close(&arena);
        return e.kind;
}

/* Stores a copy and announces ThingSaid; the row gets the copy's id. */
static inline void thing_add_and_say(struct unit *unit, void *thing)
{
        unit_add(unit, &thing_entity, thing);
        unit_announce(unit, &thing_said, thing);
}

static inline int64_t things_add(struct store *store, const char *name)
{
        struct thing t = {.name = name};

        check_int(things_do(store, thing_add_and_say, &t), ERROR_NONE);
        return t.row.id;
}

static inline void thing_remove(struct unit *unit, void *thing)
{
        unit_remove(unit, &thing_entity, thing);
}

static inline void things_remove(struct store *store, int64_t id)
{
        struct thing t = {.row.id = id};

        check_int(things_do(store, thing_remove, &t), ERROR_NONE);
}

/* By a read connection; NULL: there is none. */
static inline struct thing *things_get(struct store *store, int64_t id, struct arena *arena)
{
        struct db *db = store_read_begin(store);
        struct error e = {0};
        void *row = NULL;
        bool done = table_get(db, store_table(store, &thing_entity), TABLE_TO_LOOK, id, arena, &row,
                              &e);

        store_read_end(store, db);
        check_text(done ? "" : e.text, "");
        return row;
}

static inline bool things_has(struct store *store, int64_t id)
{
        struct arena *arena = arena_open();
        bool has = things_get(store, id, arena) != NULL;

        arena_close(&arena);
        return has;
}

static inline int64_t things_count(struct store *store)
{
        struct db *db = store_read_begin(store);
        struct error e = {0};
        int64_t rows = -1;
        bool done = store_count(store, db, &thing_entity, &rows, &e);

        store_read_end(store, db);
        check_text(done ? "" : e.text, "");
        return rows;
}

/* The keys of the records in the outbox table, in order: "a b c". */
static inline const char *things_waiting(struct store *store, struct arena *arena)
{
        struct outbox_record records[100];
        struct text names = text_open(arena, 100);
        struct error e = {0};
        size_t count = 0;

        check(outbox_read(store, 0, records, 100, &count, arena, &e));
        for (size_t i = 0; i < count; i++)
                text_printf(&names, "%s%s", i ? " " : "", records[i].key ? records[i].key : "-");
        return names.at;
}

/* The first column of the first row, as text. */
static inline const char *things_ask(struct store *store, struct arena *arena, const char *sql)
{
        struct db *db = store_read_begin(store);
        struct error e = {0};
        struct statement *s = db_prepare_once(db, sql, &e);
        const char *answer = s && statement_step(s, &e) == DB_ROW
                                     ? arena_string(arena, column_text(s, 0))
                                     : NULL;

        statement_close(&s);
        store_read_end(store, db);
        check_text(e.text, "");
        check(answer);
        return answer ? answer : "";
}

static inline int64_t things_number(struct store *store, const char *sql)
{
        struct arena *arena = arena_open();
        int64_t number = strtoll(things_ask(store, arena, sql), NULL, 10);

        arena_close(&arena);
        return number;
}

static inline void things_purge_ends(struct store *store)
{
        int64_t end = clock_mono_us() + 60 * 1000 * 1000;

        while (store_is_purging(store) && clock_mono_us() < end)
                usleep(500);
        check(!store_is_purging(store));
}

/* Marks these as sent. */
static inline void things_sent(struct store *store, int64_t first, int64_t last)
{
        for (; first <= last; first++)
                outbox_sent(store, &first, 1);
}

/* How often a connection sent that, by libpq's trace. */
static inline int things_times_sent(FILE *trace, const char *what)
{
        char line[2000];
        int found = 0;

        rewind(trace);
        while (fgets(line, sizeof line, trace))
                found += strstr(line, "F\t") && strstr(line, what);
        return found;
}

/* A unit of work: the story waits for its end later, or it holds the writer until the story lets
   it go on. */
struct errand {
        struct job job;
        struct thing thing;
        void (*run)(struct unit *, void *);
        struct error error;
        int times_done;
        bool held; /* once, even if its batch runs again */
        sem_t entered, go_on, over;
};

static inline void errand_run(struct unit *unit, void *arg)
{
        struct errand *e = arg;

        if (e->run)
                e->run(unit, &e->thing);
        else if (!e->held && sem_post(&e->entered) == 0)
                while (sem_wait(&e->go_on) != 0)
                        ;
        e->held = true;
}

static inline void errand_done(void *arg, const struct error *error)
{
        struct errand *e = arg;

        e->error = *error;
        e->times_done++;
        sem_post(&e->over);
}

/* run NULL: holds the writer, and returns once it does. */
static inline void errand_send(struct errand *e, struct store *store, const char *name,
                               void (*run)(struct unit *, void *))
{
        *e = (struct errand){.thing.name = name, .run = run};
        sem_init(&e->entered, 0, 0);
        sem_init(&e->go_on, 0, 0);
        sem_init(&e->over, 0, 0);
        e->job = (struct job){
                .run = errand_run, .done = errand_done, .arg = e, .arena = arena_open()};
        store_submit(store, &e->job);
        while (!run && sem_wait(&e->entered) != 0)
                ;
}

static inline enum error_kind errand_end(struct errand *e)
{
        sem_post(&e->go_on);
        while (sem_wait(&e->over) != 0)
                ;
        arena_close(&e->job.arena);
        return e->error.kind;
}

#endif
