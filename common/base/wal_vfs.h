/* wal_vfs - an SQLite VFS that writes a commit to the WAL in one call.

   SQLite writes each frame in two, its head of 24 bytes and the page: 18 calls for the 9 pages that
   a batch of orders changes, which cost some 7 % of the CPU that the order service took for one.
   Here they are gathered until the flush (xSync), which with synchronous=FULL comes before SQLite
   tells other connections of the frames. So synchronous must be FULL or EXTRA: otherwise they would
   look for frames that are not in the file. All else is the system's VFS
   (https://www.sqlite.org/vfs.html).

   If the disk refuses them, the flush fails with SQLITE_FULL or SQLITE_IOERR, and the transaction
   is rolled back. */
#ifndef BASE_WAL_VFS_H
#define BASE_WAL_VFS_H

#include <sqlite3.h>

/* The name, for sqlite3_open_v2; from any thread. */
const char *wal_vfs(void);

/* Call it after a ROLLBACK, SQLite's own too, while other connections cannot write yet. A
   transaction larger than the page cache may have gathered frames, which would overwrite theirs in
   the same file. */
void wal_vfs_rolled_back(sqlite3 *db);

#endif
