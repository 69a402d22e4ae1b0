/* wal_vfs - an SQLite VFS that writes a commit to the WAL in one call.

   SQLite writes each frame in two, its head of 24 bytes and the page: 18 calls for the 9 pages that
   a batch of orders changes, which cost some 7 % of the CPU that the order service took for one.
   Here they are gathered until the flush (xSync), which with synchronous=FULL comes before anybody
   is told of the frames. So it must be FULL or EXTRA, for who reads from another connection would
   not find them otherwise. All else is the system's VFS (https://www.sqlite.org/vfs.html).

   What the disk refuses, the flush says: SQLITE_FULL or SQLITE_IOERR, and the transaction is rolled
   back. */
#ifndef BASE_WAL_VFS_H
#define BASE_WAL_VFS_H

#include <sqlite3.h>

/* The name, for sqlite3_open_v2; from any thread. */
const char *wal_vfs(void);

/* Behind a ROLLBACK, also SQLite's own: a transaction larger than the page cache may have frames
   gathered, which would land on those of other connections that write the same file. Call it while
   they cannot write yet. */
void wal_vfs_rolled_back(sqlite3 *db);

#endif
