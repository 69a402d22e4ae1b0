/* The event log while the disk fails: each call on a file fails once, at every place. After
   that, acknowledged records are there once and in order, others are not, and the file is sound.
   Failed flushes are left out, because they end the process by intent (eventlog.c). */
#include "event/eventlog.h"

#include "base/wal_vfs.h"
#include "testing/check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APPENDS = 6, EACH = 3, PLACES_MOST = 2000 };

/* ---- a VFS over the system's whose n-th call fails ---- */

enum call { READ, WRITE, TRUNCATE, SIZE, LOCK, SHM_MAP, SHM_LOCK, CALLS };

static const int failure_of[CALLS] = {SQLITE_IOERR_READ,   SQLITE_FULL,       SQLITE_IOERR_TRUNCATE,
                                      SQLITE_IOERR_FSTAT,  SQLITE_IOERR_LOCK, SQLITE_IOERR_SHMMAP,
                                      SQLITE_IOERR_SHMLOCK};

static struct {
        sqlite3_vfs vfs, *system;
        sqlite3_io_methods methods;
        enum call which;
        int left; /* calls until it fails; 0: it does not */
        int failed;
} shim;

struct shim_file {
        sqlite3_file base;
        sqlite3_file *real;
};

static bool fails(enum call which)
{
        if (which != shim.which || !shim.left || --shim.left)
                return false;
        shim.failed++;
        return true;
}

static sqlite3_file *real(sqlite3_file *f)
{
        return ((struct shim_file *)f)->real;
}

static int shim_xRead(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
        return fails(READ) ? failure_of[READ] : real(f)->pMethods->xRead(real(f), to, n, at);
}

static int shim_xWrite(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
        return fails(WRITE) ? failure_of[WRITE] : real(f)->pMethods->xWrite(real(f), from, n, at);
}

static int shim_xTruncate(sqlite3_file *f, sqlite3_int64 size)
{
        return fails(TRUNCATE) ? failure_of[TRUNCATE] : real(f)->pMethods->xTruncate(real(f), size);
}

static int shim_xFileSize(sqlite3_file *f, sqlite3_int64 *size)
{
        return fails(SIZE) ? failure_of[SIZE] : real(f)->pMethods->xFileSize(real(f), size);
}

static int shim_xLock(sqlite3_file *f, int level)
{
        return fails(LOCK) ? failure_of[LOCK] : real(f)->pMethods->xLock(real(f), level);
}

static int shim_xShmMap(sqlite3_file *f, int page, int size, int extend, void volatile **at)
{
        return fails(SHM_MAP) ? failure_of[SHM_MAP]
                              : real(f)->pMethods->xShmMap(real(f), page, size, extend, at);
}

static int shim_xUnlock(sqlite3_file *f, int level)
{
        return real(f)->pMethods->xUnlock(real(f), level);
}

static int shim_xCheckReservedLock(sqlite3_file *f, int *out)
{
        return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int shim_xFileControl(sqlite3_file *f, int op, void *arg)
{
        return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int shim_xShmUnmap(sqlite3_file *f, int gone)
{
        return real(f)->pMethods->xShmUnmap(real(f), gone);
}

static int shim_xFetch(sqlite3_file *f, sqlite3_int64 at, int n, void **to)
{
        return real(f)->pMethods->xFetch(real(f), at, n, to);
}

static int shim_xUnfetch(sqlite3_file *f, sqlite3_int64 at, void *to)
{
        return real(f)->pMethods->xUnfetch(real(f), at, to);
}

static int shim_xSync(sqlite3_file *f, int flags)
{
        (void)f, (void)flags;
        return SQLITE_OK; /* nothing here loses power */
}

/* Releasing always works. */
static int shim_xShmLock(sqlite3_file *f, int offset, int n, int flags)
{
        if (flags & SQLITE_SHM_LOCK && fails(SHM_LOCK))
                return failure_of[SHM_LOCK];
        return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static int shim_xClose(sqlite3_file *f)
{
        int code = real(f)->pMethods->xClose(real(f));

        sqlite3_free(real(f));
        return code;
}

static int shim_xSectorSize(sqlite3_file *f)
{
        return real(f)->pMethods->xSectorSize(real(f));
}

static int shim_xDeviceCharacteristics(sqlite3_file *f)
{
        return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static void shim_xShmBarrier(sqlite3_file *f)
{
        real(f)->pMethods->xShmBarrier(real(f));
}

static int shim_xOpen(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
        struct shim_file *s = (struct shim_file *)f;
        int code;

        (void)vfs;
        f->pMethods = NULL;
        s->real = sqlite3_malloc(shim.system->szOsFile);
        memset(s->real, 0, (size_t)shim.system->szOsFile);
        code = shim.system->xOpen(shim.system, name, s->real, flags, out);
        if (code == SQLITE_OK)
                f->pMethods = &shim.methods;
        else
                sqlite3_free(s->real);
        return code;
}

static void shim_install(void)
{
        shim.system = sqlite3_vfs_find(NULL);
        shim.vfs = *shim.system;
        shim.vfs.zName = "failing";
        shim.vfs.szOsFile = sizeof(struct shim_file);
        shim.vfs.xOpen = shim_xOpen;
        shim.methods = (sqlite3_io_methods){3,
                                            shim_xClose,
                                            shim_xRead,
                                            shim_xWrite,
                                            shim_xTruncate,
                                            shim_xSync,
                                            shim_xFileSize,
                                            shim_xLock,
                                            shim_xUnlock,
                                            shim_xCheckReservedLock,
                                            shim_xFileControl,
                                            shim_xSectorSize,
                                            shim_xDeviceCharacteristics,
                                            shim_xShmMap,
                                            shim_xShmLock,
                                            shim_xShmBarrier,
                                            shim_xShmUnmap,
                                            shim_xFetch,
                                            shim_xUnfetch};
        check(sqlite3_vfs_register(&shim.vfs, 1) == SQLITE_OK);
        wal_vfs(); /* over this one */
}

/* ---- the sweep ---- */

static const char *log_path(void)
{
        static char path[200];

        snprintf(path, sizeof path, "%s/mall.log", check_directory());
        return path;
}

static bool append(struct eventlog *f, int number)
{
        char values[EACH][16];
        struct record r[EACH];
        struct error e = {0};

        for (int i = 0; i < EACH; i++) {
                snprintf(values[i], sizeof values[i], "%d.%d", number, i);
                r[i] = (struct record){.key = "k",
                                       .key_len = 1,
                                       .value = values[i],
                                       .value_len = strlen(values[i])};
        }
        return eventlog_append(f, "mall", r, EACH, &e);
}

/* Appends, and repeats what failed, as the relay does; a file that cannot be opened is opened
   again. */
static int append_all(void)
{
        struct error e = {0};
        struct eventlog *f = NULL;
        int failed = 0;

        for (int i = 0; i < APPENDS && failed < 10;) {
                if (!f)
                        f = eventlog_open(log_path(), EVENTLOG_APPENDS, &e);
                if (f && append(f, i))
                        i++;
                else
                        failed++;
                if (f && i == APPENDS / 2) /* a reader's file is opened and closed in between */
                        eventlog_close(&f);
        }
        eventlog_close(&f);
        return failed;
}

static void all_is_there_once(void)
{
        struct arena *arena = arena_open();
        struct record r[APPENDS * EACH + 1];
        struct error e = {0};
        struct eventlog *f = eventlog_open(log_path(), EVENTLOG_INSPECTS, &e);
        char want[16];

        check_text(e.text, "");
        check_int((int64_t)eventlog_read(f, "mall", 0, r, APPENDS * EACH + 1, arena, &e),
                  APPENDS * EACH);
        for (int i = 0; i < APPENDS * EACH; i++) {
                snprintf(want, sizeof want, "%d.%d", i / EACH, i % EACH);
                check_text(r[i].value, want);
        }
        eventlog_close(&f);
        arena_close(&arena);
}

static void is_sound(void)
{
        sqlite3_stmt *s;
        sqlite3 *db;

        check(sqlite3_open_v2(log_path(), &db, SQLITE_OPEN_READWRITE, shim.system->zName) ==
              SQLITE_OK);
        check(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL) == SQLITE_OK &&
              sqlite3_step(s) == SQLITE_ROW);
        check_text((const char *)sqlite3_column_text(s, 0), "ok");
        sqlite3_finalize(s);
        sqlite3_close(db);
}

static void remove_log(void)
{
        static const char *const beside[] = {"", "-wal", "-shm", "-lock", "-wake"};
        char path[220];

        for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
                snprintf(path, sizeof path, "%s%s", log_path(), beside[i]);
                remove(path);
        }
}

static void each_call_fails_once(void)
{
        int seen = 0;

        for (enum call which = READ; which < CALLS; which++) {
                int n = 1;

                for (bool reached = true; reached && n < PLACES_MOST; n++) {
                        shim.which = which;
                        shim.left = n;
                        shim.failed = 0;
                        check(append_all() <= 1);
                        reached = shim.failed;
                        shim.left = 0;
                        all_is_there_once();
                        is_sound();
                        remove_log();
                }
                check(n < PLACES_MOST);
                seen += n - 2; /* the last one was not reached */
        }
        check(seen > 50);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(each_call_fails_once),
                {NULL, NULL},
        };

        shim_install();
        return check_main(stories, argc, argv);
}
