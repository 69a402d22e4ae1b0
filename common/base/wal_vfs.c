#include "base/wal_vfs.h"

#include "base/arena.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 127 << 10 }; /* bytes: SQLite's own layer takes less than 128 KiB a call */

struct wal_file {
        sqlite3_file base;
        sqlite3_int64 at; /* where the gathered bytes belong */
        int len;
        char *gathered;
        sqlite3_file real[]; /* the system's file, which is longer */
};

static sqlite3_vfs *system_vfs;

static struct wal_file *wal_of(sqlite3_file *f)
{
        return (struct wal_file *)f;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
        return wal_of(f)->real;
}

/* Frames that could not be written stay gathered: if only a statement is undone, its transaction
   goes on with the frames before it. */
static int write_gathered(struct wal_file *w)
{
        int code =
                w->len ? w->real->pMethods->xWrite(w->real, w->gathered, w->len, w->at) : SQLITE_OK;

        if (code == SQLITE_OK)
                w->len = 0;
        return code;
}

static int wal_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
        struct wal_file *w = wal_of(f);
        bool fits = at == w->at + w->len && w->len + len <= ROOM;
        int code = fits ? SQLITE_OK : write_gathered(w);

        if (code != SQLITE_OK)
                return code;
        if (len > ROOM)
                return w->real->pMethods->xWrite(w->real, bytes, len, at);
        if (!w->gathered)
                w->gathered = memory_alloc(ROOM); /* a reader needs none */
        if (!fits)
                w->at = at;
        memcpy(w->gathered + w->len, bytes, (size_t)len);
        w->len += len;
        return SQLITE_OK;
}

static int wal_read(sqlite3_file *f, void *bytes, int len, sqlite3_int64 at)
{
        int code = write_gathered(wal_of(f));

        return code == SQLITE_OK ? real_of(f)->pMethods->xRead(real_of(f), bytes, len, at) : code;
}

static int wal_truncate(sqlite3_file *f, sqlite3_int64 size)
{
        int code = write_gathered(wal_of(f));

        return code == SQLITE_OK ? real_of(f)->pMethods->xTruncate(real_of(f), size) : code;
}

/* The frame that commits is only ever written here. If that fails, the transaction is undone, and
   the frame must not be written later: a recovery of the file would find it committed. */
static int wal_sync(sqlite3_file *f, int flags)
{
        int code = write_gathered(wal_of(f));

        wal_of(f)->len = 0;
        return code == SQLITE_OK ? real_of(f)->pMethods->xSync(real_of(f), flags) : code;
}

static int wal_size(sqlite3_file *f, sqlite3_int64 *size)
{
        int code = write_gathered(wal_of(f));

        return code == SQLITE_OK ? real_of(f)->pMethods->xFileSize(real_of(f), size) : code;
}

static int wal_close(sqlite3_file *f)
{
        int code = write_gathered(wal_of(f)), closed = real_of(f)->pMethods->xClose(real_of(f));

        free(wal_of(f)->gathered);
        return code == SQLITE_OK ? closed : code;
}

static int wal_lock(sqlite3_file *f, int level)
{
        return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int wal_unlock(sqlite3_file *f, int level)
{
        return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int wal_is_reserved(sqlite3_file *f, int *is)
{
        return real_of(f)->pMethods->xCheckReservedLock(real_of(f), is);
}

static int wal_control(sqlite3_file *f, int what, void *arg)
{
        return real_of(f)->pMethods->xFileControl(real_of(f), what, arg);
}

static int wal_sector(sqlite3_file *f)
{
        return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int wal_traits(sqlite3_file *f)
{
        return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static const sqlite3_io_methods wal_methods = {
        .iVersion = 1, /* shared memory and mappings are the database file's */
        .xClose = wal_close,
        .xRead = wal_read,
        .xWrite = wal_write,
        .xTruncate = wal_truncate,
        .xSync = wal_sync,
        .xFileSize = wal_size,
        .xLock = wal_lock,
        .xUnlock = wal_unlock,
        .xCheckReservedLock = wal_is_reserved,
        .xFileControl = wal_control,
        .xSectorSize = wal_sector,
        .xDeviceCharacteristics = wal_traits,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *flags_out)
{
        struct wal_file *w = wal_of(f);
        int code;

        (void)vfs;
        if (!(flags & SQLITE_OPEN_WAL))
                return system_vfs->xOpen(system_vfs, name, f, flags, flags_out);
        code = system_vfs->xOpen(system_vfs, name, w->real, flags, flags_out);
        if (code != SQLITE_OK) {
                w->base.pMethods = NULL; /* nothing to close */
                return code;
        }
        w->base.pMethods = &wal_methods;
        w->at = 0;
        w->len = 0;
        w->gathered = NULL;
        return SQLITE_OK;
}

static void make(void)
{
        static sqlite3_vfs ours;

        system_vfs = sqlite3_vfs_find(NULL);
        ours = *system_vfs;
        ours.zName = "mall-wal";
        ours.pNext = NULL;
        ours.xOpen = open_file;
        ours.szOsFile = (int)sizeof(struct wal_file) + system_vfs->szOsFile;
        if (sqlite3_vfs_register(&ours, 0) != SQLITE_OK)
                abort(); /* out of memory */
}

const char *wal_vfs(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, make);
        return "mall-wal";
}

void wal_vfs_rolled_back(sqlite3 *db)
{
        sqlite3_file *f = NULL;

        if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &f) == SQLITE_OK && f &&
            f->pMethods == &wal_methods)
                wal_of(f)->len = 0;
}
