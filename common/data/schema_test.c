/* Opening a store: new, again, with more fields, one of a newer program, twice at once, or a
   file that is no store. */
#include "data/store.h"

#include "testing/thing.h"

#include <sys/wait.h>
#include <unistd.h>

struct grown {
        struct thing thing;
        const char *colour;
        struct nullable_int weight;
};

static const struct field grown_fields[] = {
        {"name", FIELD_TEXT, offsetof(struct thing, name)},
        {"qty", FIELD_INT32, offsetof(struct thing, qty), FIELD_NOT_NEGATIVE},
        {"colour", FIELD_TEXT, offsetof(struct grown, colour), .since = 2},
        {"big", FIELD_INT64, offsetof(struct thing, big)},
        {"Secret", FIELD_TEXT, offsetof(struct thing, secret), FIELD_HIDDEN},
        {"pin", FIELD_INT32, offsetof(struct thing, pin), FIELD_HIDDEN},
        {"weight", FIELD_INT32, offsetof(struct grown, weight), .since = 3},
        {NULL},
};

static const struct entity grown_entity = {
        .item = "thing",
        .collection = "things",
        .shape = {grown_fields, sizeof(struct grown)},
        .lookups = thing_lookups,
};

static const struct field note_fields[] = {{"text", FIELD_TEXT, sizeof(struct row)}, {NULL}};

struct note {
        struct row row;
        const char *text;
};

static const struct entity note_entity = {.item = "note",
                                          .collection = "notes",
                                          .shape = {note_fields, sizeof(struct note)},
                                          .since = 3};

static const struct entity *const grown_entities[] = {&grown_entity, &note_entity, NULL};

static struct store *grown_try(struct error *error)
{
        return store_open(&(struct store_config){.url = things_url(),
                                                 .service = "things",
                                                 .entities = grown_entities,
                                                 .readers = 1},
                          error);
}

static struct store *grown_open(void)
{
        struct error e = {0};
        struct store *store = grown_try(&e);

        check_text(e.text, "");
        return store;
}

static void run_sql(const char *sql)
{
        struct error e = {0};
        struct db *db = db_open(things_url(), things_service(), DB_WRITER, &e);

        check(db && db_exec(db, sql, &e));
        db_close(&db);
}

static int64_t ask_sql(const char *sql)
{
        struct error e = {0};
        struct db *db = db_open(things_url(), things_service(), DB_WRITER, &e);
        struct statement *s = db_prepare_once(db, sql, &e);
        int64_t answer = statement_step(s, &e) == DB_ROW ? column_int(s, 0) : -1;

        statement_close(&s);
        db_close(&db);
        return answer;
}

static void add_grown(struct unit *unit, void *row)
{
        struct note n = {.text = "noted"};

        unit_add(unit, &grown_entity, row);
        unit_add(unit, &note_entity, &n);
}

static struct grown *get_grown(struct store *store, int64_t id, struct arena *arena)
{
        struct db *db = store_read_begin(store);
        struct error e = {0};
        void *row = NULL;

        table_get(db, store_table(store, &grown_entity), TABLE_TO_LOOK, id, arena, &row, &e);
        store_read_end(store, db);
        check_text(e.text, "");
        return row;
}

static void a_field_added_later_gets_its_column(void)
{
        struct store *store = things_open();
        struct arena *arena = arena_open();
        struct grown g = {.thing.name = "new", .colour = "red", .weight = {true, 7}};

        things_add(store, "old");
        store_close(&store);
        store = grown_open();
        check_text(get_grown(store, 1, arena)->thing.name, "old");
        check_text(get_grown(store, 1, arena)->colour, NULL);
        check_int(things_do(store, add_grown, &g), ERROR_NONE);
        store_close(&store);
        store = grown_open();
        check_int(g.thing.row.id, 2);
        check_text(get_grown(store, 2, arena)->colour, "red");
        check_int(get_grown(store, 2, arena)->weight.value, 7);
        store_close(&store);
        check_int(ask_sql("SELECT group_concat(number, '') FROM migrations WHERE part = 'things' "
                          "ORDER BY number"),
                  123);
        check_int(ask_sql("SELECT count(*) FROM notes"), 1);
        arena_close(&arena);
}

static void a_new_store_has_the_same_tables(void)
{
        struct store *store = grown_open();
        struct grown g = {.thing.name = "new", .colour = "red"};

        check_int(things_do(store, add_grown, &g), ERROR_NONE);
        store_close(&store);
        check_int(ask_sql("SELECT count(*) FROM pragma_table_info('things')"), 9);
        check_int(ask_sql("SELECT count(*) FROM migrations WHERE part = 'things'"), 3);
}

/* As the first program made it. */
static const char first_store[] =
        "CREATE TABLE migrations (part TEXT NOT NULL, number INTEGER NOT NULL, applied TEXT NOT "
        "NULL, PRIMARY KEY (part, number));"
        "INSERT INTO migrations VALUES ('common', 1, ''), ('things', 1, '');"
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
        "CREATE TABLE sequences (name TEXT PRIMARY KEY, last INTEGER NOT NULL, rows INTEGER NOT "
        "NULL);"
        "CREATE TABLE outbox (id INTEGER PRIMARY KEY, topic TEXT, key TEXT, value BLOB, headers "
        "BLOB NOT NULL, at INTEGER NOT NULL, parked TEXT);"
        "CREATE TABLE inbox (source TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY "
        "KEY (source, id)) WITHOUT ROWID;"
        "CREATE INDEX inbox_at ON inbox (at);"
        "INSERT INTO inbox VALUES ('/a', '1', 10), ('/a', '2', 11), ('/b', '1', 12);"
        "CREATE TABLE idempotency (path TEXT NOT NULL, key TEXT NOT NULL, hash INTEGER NOT NULL, "
        "status INTEGER NOT NULL,"
        " row TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (path, key)) WITHOUT ROWID;"
        "CREATE TABLE things (id INTEGER PRIMARY KEY, version BIGINT NOT NULL, name TEXT, qty "
        "BIGINT, big BIGINT, Secret TEXT, pin BIGINT);"
        "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 9000)"
        " INSERT INTO things (id, version, name) SELECT id, 0, 'old' FROM n;"
        "DELETE FROM things WHERE id BETWEEN 5000 AND 5099;"
        "INSERT INTO sequences VALUES ('things', 9000, 8900), ('outbox', 7, 0);"
        "INSERT INTO outbox VALUES (7, NULL, 'said', x'7b7d', x'', 1, NULL);";

static void hear_some(struct unit *unit, void *arg)
{
        unit_first_times(unit, arg, 4);
}

static void the_first_store_is_taken_up(void)
{
        struct identity heard[] = {
                {"/a", "1", true}, {"/b", "1", true}, {"/b", "2", false}, {"/c", "1", false}};
        struct store *store;
        struct arena *arena = arena_open();

        run_sql(first_store);
        store = things_open();
        check_int(things_count(store), 8900);
        check_text(things_waiting(store, arena), "said");
        check_int(things_add(store, "new"), 9001);
        check_text(things_waiting(store, arena), "said new");
        check_int(things_do(store, hear_some, heard), ERROR_NONE);
        check(!heard[0].first && !heard[1].first && heard[2].first && heard[3].first);
        store_close(&store);
        check_int(ask_sql("SELECT count(*) FROM inbox WHERE at BETWEEN 10 AND 12"), 3);
        check_int(ask_sql("SELECT count(*) FROM sources"), 3);
        check_int(ask_sql("SELECT sum(rows) FROM blocks WHERE name = 'things'"), 8901);
        check_int(ask_sql("SELECT rows FROM blocks WHERE name = 'things' AND block = 1"),
                  4096 - 100);
        store = things_open();
        check_int(things_count(store), 8901);
        store_close(&store);
        arena_close(&arena);
}

static void a_newer_store_is_refused(void)
{
        struct store *store = grown_open();
        struct error e = {0};

        store_close(&store);
        check(!things_try(&e)); /* the old program on the grown store */
        check_int(e.kind, ERROR_UNPROCESSABLE);
        check_contains(e.text, "things 3");
        check_contains(e.text, "newer than this program's (1)");
        check((store = grown_open()));
        store_close(&store);
}

static void a_newer_library_is_refused(void)
{
        struct store *store = things_open();
        struct error e = {0};

        things_add(store, "a");
        store_close(&store);
        run_sql("INSERT INTO migrations (part, number, applied) VALUES ('common', 99, 'tomorrow')");
        check(!things_try(&e));
        check_int(e.kind, ERROR_UNPROCESSABLE);
        check_contains(e.text, "common 99");
        run_sql("DELETE FROM migrations WHERE number = 99");
        store = things_open();
        check(things_has(store, 1));
        store_close(&store);
}

static void a_migration_that_fails_changes_nothing(void)
{
        struct store *store = things_open();
        struct error e = {0};

        store_close(&store);
        run_sql("CREATE TABLE notes (id INTEGER)"); /* in the way of migration 3 */
        check(!grown_try(&e));
        check_contains(e.text, "notes");
        check_int(ask_sql("SELECT max(number) FROM migrations WHERE part = 'things'"), 2);
        check_int(ask_sql("SELECT count(*) FROM pragma_table_info('things') WHERE name = 'weight'"),
                  0);
        run_sql("DROP TABLE notes");
        store = grown_open();
        store_close(&store);
        check_int(ask_sql("SELECT max(number) FROM migrations WHERE part = 'things'"), 3);
}

/* If a start ended between two of its migrations, the next start goes on there. */
static void a_start_that_was_cut_short_is_taken_up(void)
{
        struct store *store;

        run_sql("CREATE TABLE migrations (part TEXT NOT NULL, number INTEGER NOT NULL, applied "
                "TEXT NOT NULL, PRIMARY KEY (part, number));"
                "INSERT INTO migrations VALUES ('common', 1, '');"
                "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
                "CREATE TABLE sequences (name TEXT PRIMARY KEY, last INTEGER NOT NULL, rows "
                "INTEGER NOT NULL);"
                "CREATE TABLE outbox (id INTEGER PRIMARY KEY, topic TEXT, key TEXT, value BLOB, "
                "headers BLOB NOT NULL, at INTEGER NOT NULL, parked TEXT);"
                "CREATE TABLE inbox (source TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, "
                "PRIMARY KEY (source, id)) WITHOUT ROWID;"
                "CREATE INDEX inbox_at ON inbox (at);");
        store = things_open();
        check_int(things_add(store, "a"), 1);
        check_int(things_count(store), 1);
        store_close(&store);
}

static void a_second_opening_is_refused(void)
{
        struct store *store = things_open();
        struct error e = {0};

        check(!things_try(&e));
        check_int(e.kind, ERROR_CONFLICT);
        check_contains(e.text, "another process uses this store");
        check_int(things_add(store, "a"), 1); /* the first one does not mind */
        store_close(&store);
        store = things_open();
        store_close(&store);
}

/* In a child process that shares only the path with its parent. */
static int second_process(const char *url)
{
        struct error e = {0};
        struct store *store = store_open(
                &(struct store_config){
                        .url = url, .service = "things", .entities = thing_entities, .readers = 1},
                &e);

        return store ? 1 : e.kind == ERROR_CONFLICT ? 42 : 2;
}

static void a_second_process_is_refused(void)
{
        int go[2], status = 0;
        struct store *store;
        char byte = 0;
        pid_t child;

        things_url();
        check(pipe(go) == 0);
        child = fork(); /* before the store is opened: a lock is inherited */
        if (child == 0)
                _exit(read(go[0], &byte, 1) == 1 ? second_process(things_url()) : 3);
        store = things_open();
        check_int(write(go[1], &byte, 1), 1);
        check(waitpid(child, &status, 0) == child);
        check(WIFEXITED(status));
        check_int(WEXITSTATUS(status), 42);
        close(go[0]);
        close(go[1]);
        store_close(&store);
}

static void refuses(const char *url, enum error_kind kind, const char *why)
{
        struct error e = {0};
        struct store *store = store_open(
                &(struct store_config){
                        .url = url, .service = "things", .entities = thing_entities, .readers = 1},
                &e);

        check(!store);
        check_int(e.kind, kind);
        check_contains(e.text, why);
}

static void what_is_no_store_is_refused(void)
{
        struct arena *arena = arena_open();
        const char *junk = arena_printf(arena, "%s/junk.db", check_directory());
        FILE *f = fopen(junk, "w");

        check(f != NULL);
        for (int i = 0; i < 1000; i++)
                fputs("this is no database at all\n", f);
        fclose(f);
        refuses(arena_printf(arena, "sqlite:%s", junk), ERROR_UNAVAILABLE, "not a database");
        refuses(arena_printf(arena, "sqlite:%s/no/such/place.db", check_directory()),
                ERROR_UNAVAILABLE, "No such file");
        arena_close(&arena);
}

/* Not even in libpq's errors. */
static void no_password_is_shown(void)
{
        static const struct {
                const char *url, *why;
        } cases[] = {
                {"postgresq://mall:secret@db/mall", "postgresq://mall:***@db/mall: a store is"},
                {"host=db password=secret", "MALL_DB_URL=***: a store is"},
                {"postgresql://mall:sec/ret@db/mall", "'@' is written %40"},
                {"postgresql://mall:sec@ret@db/mall", "'@' is written %40"},
                {"postgresql://mall@db/mall?secret",
                 "mall@db/mall?=***: libpq does not understand it"},
                {"postgresql://mall:secret@db:5432/mall?no=such",
                 "no=***: libpq does not understand it"},
                {"postgres://mall:%zz@db/mall", "mall:***@db/mall: libpq does not understand it"},
                {"postgresql://mall@[::1/mall", "libpq does not understand it: "},
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct error e = {0};

                check(!db_url_check(cases[i].url, &e));
                check_int(e.kind, ERROR_BAD_INPUT);
                check_contains(e.text, cases[i].why);
                check(!strstr(e.text, "sec") && !strstr(e.text, "ret@"));
        }
}

static void what_libpq_takes_is_taken(void)
{
        static const char *const urls[] = {
                "postgresql://mall@db/mall",
                "postgres://mall:a%40b%2Fc@db:5432/mall?sslmode=require",
                "postgresql://mall:a?b@db/mall",
                "postgresql://mall@/mall?host=/run",
                "postgresql://a:1,b:2/mall?user=m@c",
                "postgres:///mall",
        };

        for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
                struct error e = {0};

                check(db_url_check(urls[i], &e) && db_url_is_shared(urls[i]));
                check_text(e.text, "");
        }
        check(!db_url_is_shared("sqlite:/data/order.db") && !db_url_is_shared("postgres:nothing"));
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_field_added_later_gets_its_column),
                STORY(a_new_store_has_the_same_tables),
                STORY(the_first_store_is_taken_up),
                STORY(a_newer_store_is_refused),
                STORY(a_newer_library_is_refused),
                STORY(a_migration_that_fails_changes_nothing),
                STORY(a_start_that_was_cut_short_is_taken_up),
                STORY(a_second_opening_is_refused),
                STORY(a_second_process_is_refused),
                STORY(what_is_no_store_is_refused),
                STORY(no_password_is_shown),
                STORY(what_libpq_takes_is_taken),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
