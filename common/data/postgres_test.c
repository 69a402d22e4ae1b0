/* What only a shared store can meet: another process, a server that goes away, a commit whose
   answer is lost. Other processes' locks: contend_test.c. Two stores on one schema stand for two
   processes. On PostgreSQL only. */
#include "base/clock.h"
#include "base/random.h"
#include "data/postgres_inside.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_US = 30 * 1000000 };

static bool is_shared(void)
{
        return db_url_is_shared(things_url());
}

/* Runs SQL as a third party. */
static void third_party(const char *sql)
{
        struct error e = {0};
        struct db *db = db_open(things_url(), things_service(), DB_WRITER, &e);

        check_text(e.text, "");
        check(db_exec(db, sql, &e));
        db_close(&db);
}

static void several_start_at_once(void)
{
        enum { MANY = 6 };
        struct store *stores[MANY];
        pid_t children[MANY];

        if (!is_shared())
                return;
        for (int i = 0; i < MANY; i++) {
                children[i] = fork();
                if (children[i] == 0) {
                        struct error e = {0};

                        stores[i] = things_try(&e);
                        _exit(stores[i] ? 0 : 1);
                }
        }
        for (int i = 0; i < MANY; i++) {
                int status = 0;

                check(waitpid(children[i], &status, 0) == children[i]);
                check_int(status, 0);
        }
}

static void ids_and_counts_are_common(void)
{
        struct store *a, *b;

        if (!is_shared())
                return;
        a = things_open();
        b = things_open();
        check_text(store_source(a), store_source(b));
        for (int i = 0; i < 5; i++) {
                check(things_has(b, things_add(a, "a")));
                check(things_has(a, things_add(b, "b")));
        }
        check_int(things_count(a), 10);
        things_remove(a, 1);
        check_int(things_count(b), 9);
        check(!things_has(b, 1));
        check_int(things_add(b, "last"), 11); /* a single request leaves no gap */
        store_close(&a);
        store_close(&b);
}

/* Inserts and updates wait to be sent together, each kind by itself. */
static void add_where_another_was(struct unit *unit, void *arg)
{
        struct thing *t = unit_get(unit, &thing_entity, 1);
        struct thing next = {.name = "next", .secret = "old", .big = some_int(1)};

        (void)arg;
        t->secret = "new";
        unit_save(unit, &thing_entity, t);
        unit_add(unit, &thing_entity, &next);
        next.secret = "newer";
        unit_save(unit, &thing_entity, &next);
}

static void writes_of_one_table_keep_their_order(void)
{
        struct thing t = {.name = "first", .secret = "old", .big = some_int(1)};
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        check_int(things_do(store, thing_add_and_say, &t), ERROR_NONE);
        check_int(things_do(store, add_where_another_was, NULL), ERROR_NONE);
        check_int(things_number(store, "SELECT count(*)::text FROM things WHERE version = 1 AND "
                                       "\"Secret\" IN ('new', 'newer')"),
                  2);
        store_close(&store);
}

static void refuse_after_writing(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "not wanted");
}

static void a_value_that_no_index_takes_is_too_large(void)
{
        struct thing t = {.name = NULL};
        struct store *store;
        struct prng prng = prng_open(1);
        char name[8001];

        if (!is_shared())
                return;
        store = things_open();
        for (size_t i = 0; i < sizeof name - 1; i++) /* nothing that compresses well */
                name[i] = (char)('!' + prng_draw(&prng) % 90);
        name[sizeof name - 1] = '\0';
        t.name = name;
        check_int(things_do(store, thing_add_and_say, &t), ERROR_TOO_LARGE);
        check_int(things_count(store), 0);
        store_close(&store);
}

static void a_newer_schema_is_refused(void)
{
        struct error e = {0};
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        store_close(&store);
        third_party("INSERT INTO migrations (part, number, applied) VALUES ('common', 900, '')");
        check(!things_try(&e));
        check_int(e.kind, ERROR_UNPROCESSABLE);
        check_contains(e.text, "newer");
}

static void clash(struct unit *unit, void *thing)
{
        struct thing *t = thing;

        t->secret = "taken";
        t->big = some_int(1);
        thing_add_and_say(unit, t);
}

static void find_nothing(struct unit *unit, void *thing)
{
        (void)thing;
        check(!unit_get(unit, &thing_entity, 999));
        unit_refuse(unit, ERROR_NOT_FOUND, NULL, "there is none");
}

/* A unique index speaks when the commit is answered, for a write of any of the batch's units. */
static void what_shows_at_the_commit_is_told_to_its_own_unit(void)
{
        struct errand hold, before, bad, looks, after;
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        check_int(things_do(store, clash, &(struct thing){.name = "first"}), ERROR_NONE);
        errand_send(&hold, store, NULL, NULL);
        errand_send(&before, store, "before", thing_add_and_say);
        errand_send(&bad, store, "bad", clash);
        errand_send(&looks, store, NULL, find_nothing);
        errand_send(&after, store, "after", thing_add_and_say);
        check_int(errand_end(&hold), ERROR_NONE);
        check_int(errand_end(&before), ERROR_NONE);
        check_int(errand_end(&bad), ERROR_CONFLICT);
        check_int(errand_end(&looks), ERROR_NOT_FOUND);
        check_int(errand_end(&after), ERROR_NONE);
        check_int(things_count(store), 3);
        check_int(things_number(store, "SELECT count(*)::text FROM things"), 3);
        check_int(things_number(store, "SELECT sum(rows)::text FROM blocks WHERE name = 'things'"),
                  3);
        check_int(things_number(store, "SELECT count(*)::text FROM outbox"), 3);
        check_int(before.thing.row.id, 2);
        check_int(after.thing.row.id, 3);
        check_int(things_add(store, "next"), 4);
        store_close(&store);
}

/* As statement_timeout does; it says "unavailable", as a server does that goes away. */
static void a_write_that_is_canceled_fails_its_own_unit(void)
{
        static const char cancels[] =
                "CREATE FUNCTION cancel() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.name "
                "= 'bad' THEN RAISE EXCEPTION 'too long' USING ERRCODE = '57014'; END IF; RETURN "
                "NEW; END $$;"
                "CREATE TRIGGER cancel BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION "
                "cancel()";
        struct errand hold, before, bad, after;
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        third_party(cancels);
        errand_send(&hold, store, NULL, NULL);
        errand_send(&before, store, "before", thing_add_and_say);
        errand_send(&bad, store, "bad", thing_add_and_say);
        errand_send(&after, store, "after", thing_add_and_say);
        check_int(errand_end(&hold), ERROR_NONE);
        check_int(errand_end(&before), ERROR_NONE);
        check_int(errand_end(&bad), ERROR_UNAVAILABLE);
        check_int(errand_end(&after), ERROR_NONE);
        check_int(things_count(store), 2);
        store_close(&store);
}

static void a_batch_that_stored_nothing_is_no_commit(void)
{
        struct store *store;
        int64_t commits;

        if (!is_shared())
                return;
        store = things_open();
        check_int(things_do(store, clash, &(struct thing){.name = "first"}), ERROR_NONE);
        commits = atomic_load(&store->commits);
        check_int(things_do(store, clash, &(struct thing){.name = "second"}), ERROR_CONFLICT);
        check_int(atomic_load(&store->commits), commits);
        check_int(things_add(store, "third"), 2);
        check_int(atomic_load(&store->commits), commits + 1);
        store_close(&store);
}

/* The transaction is aborted, and PostgreSQL answers a COMMIT to that without an error. */
static void fail_in_silence(struct unit *unit, void *thing)
{
        struct error ignored;

        check(!db_run(unit->store->writer, "SELECT 1 / 0", &ignored));
        thing_add_and_say(unit, thing);
}

static void write_and_fail_in_silence(struct unit *unit, void *thing)
{
        struct error ignored;

        thing_add_and_say(unit, thing);
        check(!db_run(unit->store->writer, "SELECT 1 / 0", &ignored));
}

static void a_transaction_that_failed_in_silence_is_not_committed(void)
{
        struct thing t = {.name = "a"};
        struct errand hold, silent, next;
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        check(things_do(store, fail_in_silence, &t) != ERROR_NONE);
        check(things_do(store, write_and_fail_in_silence, &t) != ERROR_NONE);
        errand_send(&hold, store, NULL, NULL);
        errand_send(&silent, store, "silent", fail_in_silence);
        errand_send(&next, store, "next", thing_add_and_say);
        check_int(errand_end(&hold), ERROR_NONE);
        check(errand_end(&silent) != ERROR_NONE);
        check_int(things_count(store), errand_end(&next) == ERROR_NONE);
        check_int(things_number(store, "SELECT count(*)::text FROM things"), things_count(store));
        store_close(&store);
}

/* A COMMIT without its note, in a transaction that has failed. */
static void commit_what_failed(struct unit *unit, void *thing)
{
        struct error e = {0};

        (void)thing;
        check(!db_run(unit->store->writer, "SELECT 1 / 0", &e));
        e = (struct error){0};
        check(!db_commit(unit->store->writer, &e));
        check_int(e.kind, ERROR_UNAVAILABLE);
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "not wanted");
}

static void a_commit_after_a_failure_fails(void)
{
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        check_int(things_do(store, commit_what_failed, NULL), ERROR_UNPROCESSABLE);
        check_int(things_add(store, "a"), 1);
        store_close(&store);
}

static struct statement *ask_for(struct db *db, int64_t number)
{
        struct error e = {0};
        struct statement *s = db_prepare(db, "SELECT ?::bigint", &e);

        bind_int(s, 1, number);
        check(statement_ask(s, &e));
        return s;
}

static void answers(struct statement *s, int64_t number)
{
        struct error e = {0};

        check(statement_step(s, &e) == DB_ROW);
        check_int(column_int(s, 0), number);
        check_text(e.text, "");
}

/* However the last time ended: half read, unread or unanswered. */
static void a_question_gets_its_own_answer(void)
{
        struct error e = {0};
        struct statement *s;
        struct db *db;

        if (!is_shared())
                return;
        db = db_open(things_url(), things_service(), DB_WRITER, &e);
        answers(ask_for(db, 1), 1);
        answers(ask_for(db, 2), 2); /* the first was not read to its end */
        check(db_begin(db, false, &e));
        ask_for(db, 3);
        db_rollback(db); /* which reads the answer */
        check(db_begin(db, false, &e));
        s = ask_for(db, 4);
        answers(s, 4);
        statement_reset(s);
        s = ask_for(db, 5);
        statement_reset(s); /* before it is answered */
        bind_int(s, 1, 6);
        answers(s, 6);
        statement_reset(s);
        check(!db_run(db, "SELECT 1 / 0", &e));
        s = ask_for(db, 7); /* fails, like all of the transaction */
        check(statement_step(s, &e) == DB_FAILED);
        db_rollback(db);
        e = (struct error){0};
        answers(ask_for(db, 8), 8);
        db_close(&db);
}

/* Ids that were fetched and not used: a server that took over may give them to another process. */
static void ids_of_another_connection_are_not_given(void)
{
        struct errand hold, refused[3];
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        errand_send(&hold, store, NULL, NULL);
        for (int i = 0; i < 3; i++)
                errand_send(&refused[i], store, "refused", refuse_after_writing);
        check_int(errand_end(&hold), ERROR_NONE);
        for (int i = 0; i < 3; i++)
                check_int(errand_end(&refused[i]), ERROR_UNPROCESSABLE);
        check_int(things_add(store, "a"), 1); /* what is left comes first */
        things_end_sessions("true");
        third_party("SELECT setval('things_ids', 40)");
        for (struct thing t = {.name = "b"}; things_do(store, thing_add_and_say, &t) != ERROR_NONE;)
                usleep(1000);
        check(!things_has(store, 2) && things_has(store, 41));
        store_close(&store);
}

static void a_broken_connection_is_made_anew(void)
{
        struct store *store;
        int64_t id, end_at;

        if (!is_shared())
                return;
        store = things_open();
        id = things_add(store, "a");
        things_end_sessions("true");
        end_at = clock_mono_us() + PATIENCE_US;
        while (things_do(store, thing_add_and_say, &(struct thing){.name = "b"}) != ERROR_NONE &&
               clock_mono_us() < end_at)
                ;
        check_int(things_count(store), 2);
        check(things_has(store, id));
        store_close(&store);
}

/* A unit's connection is ended while it waits for us: nothing of it is left, and it is told so. */
static void a_unit_whose_connection_broke_is_undone(void)
{
        struct errand hold, add;
        struct store *store;

        if (!is_shared())
                return;
        store = things_open();
        things_add(store, "a");
        errand_send(&hold, store, NULL, NULL);
        errand_send(&add, store, "b", thing_add_and_say);
        things_end_sessions("true");
        check_int(errand_end(&hold), ERROR_UNAVAILABLE);
        errand_end(&add);
        check_int(things_count(store), add.error.kind == ERROR_NONE ? 2 : 1);
        store_close(&store);
}

static _Atomic int writers_socket;

static void add_and_note_socket(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        atomic_store(&writers_socket, PQsocket(postgres_of(unit->store->writer)->conn));
}

static const char slow_commit[] =
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
        "pg_sleep(1); RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED FOR "
        "EACH ROW EXECUTE FUNCTION linger()";

/* A commit that takes a second, so that the connection can be cut in the middle of it. */
static void cut_in_commit(void (*cut)(void), enum error_kind want, int64_t rows)
{
        struct store *store;
        struct errand add;

        if (!is_shared())
                return;
        store = things_open();
        things_add(store, "a");
        third_party(slow_commit);
        errand_send(&add, store, "b", add_and_note_socket);
        usleep(300000);
        cut();
        check_int(errand_end(&add), want);
        check_int(add.times_done, 1);
        check_int(things_count(store), rows);
        store_close(&store);
}

/* The server goes on, and commits. */
static void cut_at_the_client(void)
{
        shutdown(atomic_load(&writers_socket), SHUT_RDWR);
}

static void cut_at_the_server(void)
{
        things_end_sessions("true");
}

static void a_commit_whose_answer_was_lost_is_found(void)
{
        cut_in_commit(cut_at_the_client, ERROR_NONE, 2);
}

static void a_commit_that_was_ended_is_a_failure(void)
{
        cut_in_commit(cut_at_the_server, ERROR_UNAVAILABLE, 1);
}

/* All of it in one; a page of many rows is first asked whether it is small enough. */
static void a_page_costs_a_round_trip_or_two(void)
{
        enum { MORE = TABLE_ROWS_ALWAYS + 1 };
        struct error e = {0};
        struct store *store;
        struct db *db;

        if (!is_shared())
                return;
        store = things_open();
        things_add(store, "a");
        things_add(store, "b");
        db = store_read_begin(store);
        for (int size = TABLE_ROWS_ALWAYS; size <= MORE; size++) {
                struct arena *arena = arena_open();
                struct page page = {.size = size};
                FILE *trace = tmpfile();
                void *rows[MORE];
                int64_t total = 0;
                size_t count = 0;

                PQtrace(postgres_of(db)->conn, trace);
                check(db_begin_reading(db, &e) && store_count_ask(store, db, &thing_entity, &e) &&
                      table_page(db, store_table(store, &thing_entity), &page, arena, rows, &count,
                                 &e) &&
                      store_count(store, db, &thing_entity, &total, &e));
                db_rollback(db);
                PQuntrace(postgres_of(db)->conn);
                check_int(things_times_sent(trace, "\tSync"), size == MORE ? 2 : 1);
                check(PQtransactionStatus(postgres_of(db)->conn) == PQTRANS_IDLE);
                check_int((int64_t)count, 2);
                check_int(total, 2);
                fclose(trace);
                arena_close(&arena);
        }
        store_read_end(store, db);
        store_close(&store);
}

/* Such as a count whose page was refused. */
static void what_was_asked_and_not_read_is_asked_anew(void)
{
        struct error e = {0};
        struct store *store;
        struct db *db;
        int64_t total = -1;

        if (!is_shared())
                return;
        store = things_open();
        db = store_read_begin(store);
        check(db_begin_reading(db, &e) && store_count_ask(store, db, &thing_entity, &e) &&
              db_settle(db, &e));
        db_rollback(db);
        things_add(store, "a");
        check(store_count(store, db, &thing_entity, &total, &e));
        check_int(total, 1);
        store_read_end(store, db);
        store_close(&store);
}

/* The server passes over the transaction's end too. */
static void a_question_that_fails_leaves_no_transaction_open(void)
{
        struct error e = {0};
        struct statement *s;
        struct store *store;
        struct db *db;
        int64_t total = -1;

        if (!is_shared())
                return;
        store = things_open();
        db = store_read_begin(store);
        check(db_begin_reading(db, &e));
        s = db_prepare_once(db, "SELECT 1 / 0", &e);
        check(statement_ask_last(s, &e));
        check(statement_step(s, &e) == DB_FAILED);
        statement_close(&s);
        db_rollback(db);
        check(PQtransactionStatus(postgres_of(db)->conn) == PQTRANS_IDLE);
        check(store_count(store, db, &thing_entity, &total, &e));
        check_int(total, 0);
        store_read_end(store, db);
        store_close(&store);
}

static char *url_kept;

/* Under an Idempotency-Key, as a request; then the server is away when the writer asks for the
   commit's outcome. */
static void add_under_a_key(struct unit *unit, void *arg)
{
        static char nowhere[] = "postgresql://nobody@127.0.0.1:1/nothing";
        struct stored_answer answer = {.status = 201, .row = "{}"};
        struct postgres_db *db = postgres_of(unit->store->writer);
        bool *known = arg;

        *known = unit_recall(unit, "/things", "k", &answer);
        if (*known)
                return;
        thing_add_and_say(unit, &(struct thing){.name = "b"});
        unit_remember(unit, "/things", "k", &answer);
        url_kept = db->url;
        db->url = nowhere;
        atomic_store(&writers_socket, PQsocket(db->conn));
}

struct asking_slowly {
        struct store *store;
        bool known;
        struct error error;
        pthread_t thread;
};

static void *ask_under_a_key(void *arg)
{
        struct asking_slowly *a = arg;
        struct arena *arena = arena_open();

        store_run(a->store, add_under_a_key, &a->known, arena, &a->error);
        arena_close(&arena);
        return NULL;
}

static void the_key_tells_whether_an_unknown_commit_happened(void)
{
        struct asking_slowly a = {0};
        int64_t end_at;

        if (!is_shared())
                return;
        a.store = things_open();
        things_add(a.store, "a");
        third_party(slow_commit);
        check(pthread_create(&a.thread, NULL, ask_under_a_key, &a) == 0);
        usleep(300000);
        cut_at_the_client();
        pthread_join(a.thread, NULL);
        check_int(a.error.kind, ERROR_UNAVAILABLE);
        check_contains(a.error.text,
                       "not known: the same request with the same Idempotency-Key tells");
        postgres_of(a.store->writer)->url = url_kept;
        end_at = clock_mono_us() + PATIENCE_US;
        do { /* a caller who was told that the server is away asks again a little later */
                a.error.kind = ERROR_NONE;
                ask_under_a_key(&a);
        } while (a.error.kind == ERROR_UNAVAILABLE && clock_mono_us() < end_at);
        check(a.known);
        check_int(things_count(a.store), 2);
        store_close(&a.store);
}

/* No call waits for a server that is away. */
static void a_server_that_is_away_is_said_at_once(void)
{
        struct error e = {0};
        struct db *db;

        if (!is_shared())
                return;
        check(!db_open("postgresql://nobody@127.0.0.1:1/nothing", "things", DB_READER, &e));
        check_int(e.kind, ERROR_UNAVAILABLE);
        check_contains(e.text, "refused");
        db = db_open(things_url(), things_service(), DB_READER,
                     &e); /* forgotten when the server is back */
        check(db != NULL);
        db_close(&db);
        check(!db_open("postgres:nothing", "things", DB_READER, &e));
        check_contains(e.text, "postgresql://");
}

static void libpqs_other_scheme_is_the_same(void)
{
        struct error e = {0};
        char url[200];
        struct db *db;

        if (!is_shared())
                return;
        snprintf(url, sizeof url, "postgres%s", strstr(things_url(), "://"));
        db = db_open(url, "things", DB_READER, &e);
        check_text(e.text, "");
        check(db_is_shared(db));
        db_close(&db);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(several_start_at_once),
                STORY(ids_and_counts_are_common),
                STORY(a_value_that_no_index_takes_is_too_large),
                STORY(writes_of_one_table_keep_their_order),
                STORY(what_shows_at_the_commit_is_told_to_its_own_unit),
                STORY(a_write_that_is_canceled_fails_its_own_unit),
                STORY(a_batch_that_stored_nothing_is_no_commit),
                STORY(a_transaction_that_failed_in_silence_is_not_committed),
                STORY(a_commit_after_a_failure_fails),
                STORY(a_question_gets_its_own_answer),
                STORY(a_newer_schema_is_refused),
                STORY(ids_of_another_connection_are_not_given),
                STORY(a_broken_connection_is_made_anew),
                STORY(a_unit_whose_connection_broke_is_undone),
                STORY(a_commit_whose_answer_was_lost_is_found),
                STORY(a_commit_that_was_ended_is_a_failure),
                STORY(a_page_costs_a_round_trip_or_two),
                STORY(what_was_asked_and_not_read_is_asked_anew),
                STORY(a_question_that_fails_leaves_no_transaction_open),
                STORY(the_key_tells_whether_an_unknown_commit_happened),
                STORY(a_server_that_is_away_is_said_at_once),
                STORY(libpqs_other_scheme_is_the_same),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
