/* Acknowledged rows survive: kill -9 in the middle of writes, and a disk that is full. */
#include "base/clock.h"
#include "testing/thing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 5, WRITERS = 4, MOST = 20000, PATIENCE_US = 20 * 1000000 };

struct doomed {
        struct store *store;
        int tell; /* pipe */
};

static void make_and_say(struct unit *unit, void *thing)
{
        unit_add(unit, &thing_entity, thing);
        unit_announce(unit, &thing_made, thing); /* its key is the row's id */
}

static void *write_until_killed(void *arg)
{
        struct doomed *d = arg;

        for (;;) {
                struct thing t = {.name = "t"};

                if (things_do(d->store, make_and_say, &t) != ERROR_NONE ||
                    write(d->tell, &t.row.id, sizeof t.row.id) < 0)
                        _exit(1);
        }
        return NULL;
}

/* The child's whole life. */
static void be_doomed(int tell)
{
        struct error e = {0};
        struct doomed d = {.store = things_try(&e), .tell = tell};
        pthread_t thread;

        if (!d.store)
                _exit(2);
        for (int i = 1; i < WRITERS; i++)
                if (pthread_create(&thread, NULL, write_until_killed, &d) != 0)
                        _exit(3);
        write_until_killed(&d);
}

/* Kills the child after it has acknowledged so many more; returns how many it acknowledged in
   the end. */
static size_t acknowledged(int64_t *ids, size_t wanted)
{
        int64_t end = clock_mono_us() + PATIENCE_US;
        bool killed = false;
        size_t count = 0;
        int tell[2], status;
        pid_t child;

        check(pipe(tell) == 0);
        child = fork();
        if (child == 0) {
                close(tell[0]);
                be_doomed(tell[1]);
        }
        close(tell[1]);
        while (count < MOST && read(tell[0], &ids[count], sizeof *ids) == sizeof *ids) {
                count++;
                if (!killed && (count == wanted || clock_mono_us() > end))
                        killed = kill(child, SIGKILL) == 0;
        }
        close(tell[0]);
        check(waitpid(child, &status, 0) == child);
        check(WIFSIGNALED(status));
        check_int(WTERMSIG(status), SIGKILL);
        return count;
}

/* The rows that the outbox's events are about, by their keys. */
static size_t announced(struct store *store, bool *said)
{
        static struct outbox_record records[MOST];
        struct arena *arena = arena_open();
        struct error e = {0};
        size_t count = 0;

        check(outbox_read(store, 0, records, MOST, &count, arena, &e));
        for (size_t i = 0; i < count; i++)
                said[atoi(records[i].key) % MOST] = true;
        arena_close(&arena);
        return count;
}

static void acknowledged_rows_survive_a_kill(void)
{
        static int64_t ids[MOST];
        static bool said[MOST], seen[MOST];
        size_t count = 0;

        things_url();
        check_directory();
        memset(said, 0, sizeof said);
        memset(seen, 0, sizeof seen);
        for (int round = 0; round < ROUNDS; round++) {
                size_t before = count;
                struct store *store;
                int64_t rows;

                count += acknowledged(ids + count, 50 + 37 * (size_t)round);
                check(count - before >= 50 && count < MOST);
                store = things_open();
                rows = things_count(store);
                check_int((int64_t)announced(store, said),
                          rows); /* a row and its event, or neither */
                check_int(outbox_pending(store), rows);
                for (size_t i = before; i < count; i++) {
                        check(things_has(store, ids[i]));
                        check(said[ids[i]]);
                        check(!seen[ids[i]]);
                        seen[ids[i]] = true;
                }
                check(rows >= (int64_t)count);
                store_close(&store);
        }
}

/* ---- a disk that is full for a while ---- */

static char small[200];

static const char *small_url(void)
{
        static char url[256];

        snprintf(url, sizeof url, "sqlite:%s/things.db", small);
        return url;
}

static struct store *small_open(void)
{
        struct error e = {0};
        struct store *store = store_open(&(struct store_config){.url = small_url(),
                                                                .service = "things",
                                                                .entities = thing_entities,
                                                                .readers = 1},
                                         &e);

        check_text(e.text, "");
        return store;
}

static enum error_kind add_large(struct store *store, int64_t *acknowledged_rows)
{
        static char name[3000];
        struct thing t = {.name = name};
        enum error_kind kind;

        memset(name, 'x', sizeof name - 1);
        kind = things_do(store, make_and_say, &t);
        *acknowledged_rows += kind == ERROR_NONE;
        return kind;
}

static void look_only(struct unit *unit, void *arg)
{
        (void)arg;
        unit_get(unit, &thing_entity, 1);
}

/* store_is_well() after a probe has run: a job submitted later is answered later. */
static bool is_well_by_probe(struct store *store)
{
        store_probe(store);
        things_do(store, look_only, NULL);
        things_do(store, look_only, NULL); /* and a commit of nothing shows nothing */
        return store_is_well(store);
}

static void fills_and_recovers(void (*squeeze)(void), void (*relax)(void))
{
        struct store *store = small_open();
        int64_t rows = 0, end = clock_mono_us() + PATIENCE_US;
        enum error_kind kind = ERROR_NONE;
        static bool said[MOST];

        check_int(add_large(store, &rows), ERROR_NONE);
        squeeze();
        while (kind == ERROR_NONE && clock_mono_us() < end)
                kind = add_large(store, &rows);
        check_int(kind, ERROR_UNAVAILABLE);
        check(!store_is_well(store));
        check_int(add_large(store, &rows), ERROR_UNAVAILABLE);
        check(things_has(store, 1)); /* reads go on */
        check_int(things_count(store), rows);
        for (int i = 0; i < 3; i++)
                check(!is_well_by_probe(store));
        relax();
        check(is_well_by_probe(store));
        check_int(add_large(store, &rows), ERROR_NONE);
        check(store_is_well(store));
        check_int(things_count(store), rows);
        check(things_has(store, rows)); /* what failed used no id */
        store_close(&store);
        store = small_open();
        check_int(things_count(store), rows);
        check_int((int64_t)announced(store, said), rows);
        store_close(&store);
}

static void fill_disk(void)
{
        static const char zeros[4096];
        char path[256];
        int fd;

        snprintf(path, sizeof path, "%s/ballast", small);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        check(fd >= 0);
        while (write(fd, zeros, sizeof zeros) > 0)
                ;
        check_int(errno, ENOSPC);
        close(fd);
}

static void free_disk(void)
{
        char path[256];

        snprintf(path, sizeof path, "%s/ballast", small);
        check(unlink(path) == 0);
}

/* In a mount namespace of its own, so that the mount goes away in any case. */
static bool mount_small(void)
{
        snprintf(small, sizeof small, "%s/small", check_directory());
        check(mkdir(small, 0700) == 0);
        return unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("tmpfs", small, "tmpfs", 0, "size=4m") == 0;
}

static void a_full_disk_passes(void)
{
        if (!mount_small()) {
                printf("     (not told: only root may mount)\n");
                return;
        }
        fills_and_recovers(fill_disk, free_disk);
        umount2(small, MNT_DETACH);
}

static struct rlimit unlimited;

static void limit_file(void)
{
        struct rlimit limit = {300000, unlimited.rlim_max};

        check(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void unlimit_file(void)
{
        check(setrlimit(RLIMIT_FSIZE, &unlimited) == 0);
}

/* The other error that a write can end with: EFBIG. */
static void a_file_that_may_not_grow_passes(void)
{
        snprintf(small, sizeof small, "%s", check_directory());
        check(getrlimit(RLIMIT_FSIZE, &unlimited) == 0);
        signal(SIGXFSZ, SIG_IGN);
        fills_and_recovers(limit_file, unlimit_file);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(acknowledged_rows_survive_a_kill),
                STORY(a_full_disk_passes),
                STORY(a_file_that_may_not_grow_passes),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
