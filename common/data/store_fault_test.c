/* Every call to the file system fails once, at every place of a store's life, each in a process
   of its own (a failed flush ends it). Then the promises must hold: acknowledged rows are there,
   refused ones are not, a row and its event are both there or neither is, the file is well
   formed, and the store goes on. On SQLite only; postgres_fault_test.c does the same to libpq. */
#include "base/clock.h"
#include "data/store_inside.h"
#include "testing/fault_vfs.h"
#include "testing/thing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THINGS = 4, CHANGES = 2, CRASHED = 99, PATIENCE_S = 60 };

enum fate { UNSENT, SENT, ACKNOWLEDGED, REFUSED };

/* Shared by the process that lives through the fault and the one that looks afterwards. */
struct told {
        enum fate added[THINGS], removed;
        int64_t ids[THINGS];
        int changes_sent, changes; /* of the first one: how often it was asked for, and done */
        bool opened, read_wrong;
        int hit;
};

static struct told *told;

static void change_first(struct unit *unit, void *id)
{
        struct thing *t = unit_get(unit, &thing_entity, *(int64_t *)id);

        if (!t)
                return;
        t->qty = (struct nullable_int){true, t->qty.value + 1};
        unit_save(unit, &thing_entity, t);
}

static void refuse(struct unit *unit, void *thing)
{
        thing_add_and_say(unit, thing);
        unit_refuse(unit, ERROR_UNPROCESSABLE, NULL, "not wanted");
}

static enum fate fate_of(enum error_kind kind)
{
        return kind == ERROR_NONE ? ACKNOWLEDGED : REFUSED;
}

static void add(struct store *store, int i)
{
        static char name[5000];
        struct thing t = {.name = name};

        memset(name, 'x', sizeof name - 1);
        told->added[i] = SENT;
        told->added[i] = fate_of(things_do(store, thing_add_and_say, &t));
        told->ids[i] = t.row.id;
}

/* A read may fail, but must not be wrong. */
static void look(struct store *store, int i)
{
        struct arena *arena = arena_open();
        struct error e = {0};
        void *row = NULL;

        if (store_get(store, &thing_entity, told->ids[i], arena, &row, &e) && !row)
                told->read_wrong = true;
        arena_close(&arena);
}

static void count(struct store *store)
{
        struct db *db = store_read_begin(store);
        struct error e = {0};
        int64_t rows;

        if (store_count(store, db, &thing_entity, &rows, &e) && rows > THINGS)
                told->read_wrong = true;
        store_read_end(store, db);
}

static void take_a_moment(struct unit *unit, void *thing)
{
        (void)unit, (void)thing;
        usleep(2000);
}

/* Two units in one batch, of which one is refused after it wrote: so the batch runs again, with
   savepoints. */
static void add_beside_a_refused_one(struct store *store, int i)
{
        struct errand hold, refused, innocent;

        told->added[i] = SENT;
        errand_send(&hold, store, NULL, take_a_moment);
        errand_send(&refused, store, "refused", refuse);
        errand_send(&innocent, store, "innocent", thing_add_and_say);
        errand_end(&hold);
        errand_end(&refused);
        told->added[i] = fate_of(errand_end(&innocent));
        told->ids[i] = innocent.thing.row.id;
}

static void half_a_life(struct store *store, int half)
{
        int from = half * THINGS / 2;

        for (int i = from; i < from + THINGS / 2 - 1; i++) {
                add(store, i);
                if (told->added[i] == ACKNOWLEDGED)
                        look(store, i);
        }
        add_beside_a_refused_one(store, from + THINGS / 2 - 1);
        for (int i = 0; i < CHANGES / 2 && told->added[0] == ACKNOWLEDGED; i++) {
                told->changes_sent++;
                told->changes += things_do(store, change_first, &told->ids[0]) == ERROR_NONE;
        }
        if (half)
                return;
        outbox_sweep(store);
        store_purge(store, 1, 1, 1);
        store_probe(store);
        count(store);
}

static int live(long call, int write_code)
{
        struct error e = {0};
        struct store *store;

        fault_arm(call, write_code);
        for (int half = 0; half < 2; half++) {
                if (!(store = things_try(&e)))
                        continue; /* it refused to start, which was said; the next start may
                                     succeed */
                half_a_life(store, half);
                if (half && told->added[1] == ACKNOWLEDGED) {
                        struct thing t = {.row.id = told->ids[1]};

                        told->removed = SENT;
                        told->removed = fate_of(things_do(store, thing_remove, &t));
                }
                store_close(&store);
        }
        told->hit = atomic_load(&fault.hit);
        return 0;
}

static char wrong[300];

static bool is_wrong(const char *what, int64_t got, int64_t want)
{
        if (!*wrong)
                snprintf(wrong, sizeof wrong, "%s: %lld, not %lld", what, (long long)got,
                         (long long)want);
        return true;
}

static void look_at_things(struct store *store)
{
        struct arena *arena = arena_open();
        struct thing *first;
        int64_t rows = 0, next;

        if (told->read_wrong)
                is_wrong("a read lied", 1, 0);
        for (int i = 0; i < THINGS; i++) {
                bool there = told->ids[i] && things_has(store, told->ids[i]);

                if (i == 1 && told->removed == ACKNOWLEDGED && there)
                        is_wrong("removed, and there", told->ids[i], 0);
                if (i == 1 && (told->removed == ACKNOWLEDGED || told->removed == SENT))
                        continue;
                if (told->added[i] == ACKNOWLEDGED && !there)
                        is_wrong("acknowledged, and not there", i, told->ids[i]);
        }
        for (int64_t id = 1; id <= 2 * THINGS; id++)
                rows += things_has(store, id);
        if (things_count(store) != rows)
                is_wrong("counted", things_count(store), rows);
        for (int i = 0; i < THINGS; i++)
                rows -= told->added[i] == ACKNOWLEDGED;
        rows += told->removed == ACKNOWLEDGED;
        for (int i = 0; i < THINGS; i++)
                rows -= told->added[i] == SENT && rows > 0;
        if (rows > 0)
                is_wrong("refused, and there", rows, 0);
        first = told->added[0] == ACKNOWLEDGED ? things_get(store, told->ids[0], arena) : NULL;
        if (first && (first->qty.value < told->changes || first->qty.value > told->changes_sent))
                is_wrong("changes", first->qty.value, told->changes);
        next = things_add(store, "next");
        for (int i = 0; i < THINGS; i++)
                if (told->added[i] == ACKNOWLEDGED && told->ids[i] >= next)
                        is_wrong("an id was given again", next, told->ids[i]);
        arena_close(&arena);
}

static void run_sound(struct unit *unit, void *arg)
{
        struct statement *s =
                db_prepare_once(unit->store->writer, "PRAGMA integrity_check", &unit->error);

        *(bool *)arg = s && statement_step(s, &unit->error) == DB_ROW &&
                       strcmp(column_text(s, 0), "ok") == 0;
        statement_close(&s);
}

/* Each added row has its event, because nothing was sent; each removed one has too. */
static void run_balance(struct unit *unit, void *arg)
{
        struct statement *s = db_prepare_once(
                unit->store->writer,
                "SELECT (SELECT count(*) FROM outbox) - (SELECT count(*) FROM things)",
                &unit->error);

        statement_number(s, arg, &unit->error);
        statement_close(&s);
}

static void look_at_file(struct store *store)
{
        int64_t more = -1;
        bool sound = false;

        things_do(store, run_sound, &sound);
        things_do(store, run_balance, &more);
        if (!sound)
                is_wrong("integrity", 0, 1);
        if (more != (told->removed == ACKNOWLEDGED) && !(told->removed == SENT && more == 1))
                is_wrong("events without rows", more, told->removed == ACKNOWLEDGED);
}

static void begin_anew(void)
{
        static const char *const files[] = {"things.db", "things.db-wal", "things.db-shm",
                                            "things.db-journal", "things.db-lock"};
        char path[300];

        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
                snprintf(path, sizeof path, "%s/%s", check_directory(), files[i]);
                unlink(path);
        }
        memset(told, 0, sizeof *told);
}

static int status_of(pid_t child)
{
        int status = 0;

        check(waitpid(child, &status, 0) == child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : CRASHED;
}

/* False when the life was over before that call. */
static bool fail_once(long call, int write_code)
{
        struct store *store;
        pid_t child;
        int status;

        begin_anew();
        things_url();
        child = fork();
        if (child == 0) {
                alarm(PATIENCE_S);
                _exit(live(call, write_code));
        }
        status = status_of(child);
        *wrong = '\0';
        if (status != 0 && status != 1) /* 1: a flush failed */
                is_wrong("ended with", status, 0);
        store = things_open();
        look_at_file(store);
        look_at_things(store);
        store_close(&store);
        if (*wrong) {
                printf("     call %ld, which failed with %d: %s\n", call, told->hit, wrong);
                check(false);
        }
        return status == 1 || told->hit;
}

static void sweep(int write_code)
{
        long call = 1;

        fault_vfs();
        told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        check(told != MAP_FAILED);
        while (fail_once(call, write_code))
                call++;
        printf("     (%ld calls)\n", call - 1);
        check(call > 100);
        munmap(told, sizeof *told);
}

static void whatever_fails_what_was_said_is_so(void)
{
        sweep(SQLITE_FULL);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(whatever_fails_what_was_said_is_so),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
