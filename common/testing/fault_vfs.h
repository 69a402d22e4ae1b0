/* fault_vfs - for tests only: the system's VFS, in which one call fails once, as a disk or a kernel
   may fail. fault_vfs(), called before SQLite is used, makes it the default of the process. It
   flushes nothing, which makes thousands of runs cheap.

   Calls that can fail are counted from 1: first count them without a fault, then let each fail in a
   run of its own. */
#ifndef TESTING_FAULT_VFS_H
#define TESTING_FAULT_VFS_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static struct fault {
        _Atomic long calls, reads;
        _Atomic long fails_at; /* 0: none */
        int write_code;        /* what a write fails with: SQLITE_FULL or SQLITE_IOERR_WRITE */
        _Atomic bool full;     /* every write fails */
        _Atomic int hit;       /* the code that was given; 0: none yet */
        sqlite3_vfs *real;
} fault = {.write_code = SQLITE_FULL};

struct fault_file {
        sqlite3_file base;
        sqlite3_file real[];
};

static inline bool fault_now(int code)
{
        if (atomic_fetch_add(&fault.calls, 1) + 1 != atomic_load(&fault.fails_at))
                return false;
        atomic_store(&fault.hit, code);
        return true;
}

#define FAULT_REAL(f) (((struct fault_file *)(f))->real)
#define FAULT_PASS(code, name, ...)                                                                \
        (fault_now(code) ? (code) : FAULT_REAL(f)->pMethods->name(FAULT_REAL(f), __VA_ARGS__))

static int fault_close(sqlite3_file *f)
{
        return FAULT_REAL(f)->pMethods->xClose(FAULT_REAL(f));
}

static int fault_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
        atomic_fetch_add(&fault.reads, 1);
        return FAULT_PASS(SQLITE_IOERR_READ, xRead, to, len, at);
}

/* Half of it is written when it fails. */
static int fault_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
        if (!fault_now(fault.write_code) && !atomic_load(&fault.full))
                return FAULT_REAL(f)->pMethods->xWrite(FAULT_REAL(f), from, len, at);
        FAULT_REAL(f)->pMethods->xWrite(FAULT_REAL(f), from, len / 2, at);
        return fault.write_code;
}

static int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
        return FAULT_PASS(SQLITE_IOERR_TRUNCATE, xTruncate, size);
}

static int fault_sync(sqlite3_file *f, int flags)
{
        (void)f, (void)flags;
        return fault_now(SQLITE_IOERR_FSYNC) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
        return FAULT_PASS(SQLITE_IOERR_FSTAT, xFileSize, size);
}

static int fault_lock(sqlite3_file *f, int level)
{
        return FAULT_PASS(SQLITE_IOERR_LOCK, xLock, level);
}

static int fault_unlock(sqlite3_file *f, int level)
{
        return FAULT_REAL(f)->pMethods->xUnlock(FAULT_REAL(f), level);
}

static int fault_reserved(sqlite3_file *f, int *is)
{
        return FAULT_PASS(SQLITE_IOERR_CHECKRESERVEDLOCK, xCheckReservedLock, is);
}

static int fault_control(sqlite3_file *f, int what, void *arg)
{
        return FAULT_REAL(f)->pMethods->xFileControl(FAULT_REAL(f), what, arg);
}

static int fault_sector(sqlite3_file *f)
{
        return FAULT_REAL(f)->pMethods->xSectorSize(FAULT_REAL(f));
}

static int fault_traits(sqlite3_file *f)
{
        return FAULT_REAL(f)->pMethods->xDeviceCharacteristics(FAULT_REAL(f));
}

static int fault_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **at)
{
        return FAULT_PASS(SQLITE_IOERR_SHMMAP, xShmMap, page, size, extend, at);
}

static int fault_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
        if (flags & SQLITE_SHM_UNLOCK) /* does not fail */
                return FAULT_REAL(f)->pMethods->xShmLock(FAULT_REAL(f), offset, n, flags);
        return FAULT_PASS(SQLITE_IOERR_SHMLOCK, xShmLock, offset, n, flags);
}

static void fault_shm_barrier(sqlite3_file *f)
{
        FAULT_REAL(f)->pMethods->xShmBarrier(FAULT_REAL(f));
}

static int fault_shm_unmap(sqlite3_file *f, int forget)
{
        return FAULT_REAL(f)->pMethods->xShmUnmap(FAULT_REAL(f), forget);
}

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
                      int *flags_out)
{
        static const sqlite3_io_methods methods = {2,
                                                   fault_close,
                                                   fault_read,
                                                   fault_write,
                                                   fault_truncate,
                                                   fault_sync,
                                                   fault_size,
                                                   fault_lock,
                                                   fault_unlock,
                                                   fault_reserved,
                                                   fault_control,
                                                   fault_sector,
                                                   fault_traits,
                                                   fault_shm_map,
                                                   fault_shm_lock,
                                                   fault_shm_barrier,
                                                   fault_shm_unmap,
                                                   NULL,
                                                   NULL};
        int code = fault_now(SQLITE_CANTOPEN)
                           ? SQLITE_CANTOPEN
                           : fault.real->xOpen(fault.real, name, FAULT_REAL(f), flags, flags_out);

        (void)vfs;
        f->pMethods = code == SQLITE_OK ? &methods : NULL;
        return code;
}

static int fault_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
        (void)vfs;
        return fault_now(SQLITE_IOERR_DELETE) ? SQLITE_IOERR_DELETE
                                              : fault.real->xDelete(fault.real, name, sync);
}

static int fault_access(sqlite3_vfs *vfs, const char *name, int flags, int *is)
{
        (void)vfs;
        return fault_now(SQLITE_IOERR_ACCESS) ? SQLITE_IOERR_ACCESS
                                              : fault.real->xAccess(fault.real, name, flags, is);
}

static inline void fault_vfs(void)
{
        static sqlite3_vfs ours;

        if (fault.real)
                return;
        fault.real = sqlite3_vfs_find(NULL);
        ours = *fault.real;
        ours.zName = "fault";
        ours.pNext = NULL;
        ours.szOsFile = (int)sizeof(struct fault_file) + fault.real->szOsFile;
        ours.xOpen = fault_open;
        ours.xDelete = fault_delete;
        ours.xAccess = fault_access;
        sqlite3_vfs_register(&ours, 1);
}

static inline void fault_arm(long call, int write_code)
{
        fault.write_code = write_code;
        atomic_store(&fault.hit, 0);
        atomic_store(&fault.calls, 0);
        atomic_store(&fault.reads, 0);
        atomic_store(&fault.fails_at, call);
}

#endif
