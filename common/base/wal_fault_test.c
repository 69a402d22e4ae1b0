/* Each call to the file system fails once, at every place of a workload: below wal_vfs, and, as the
   model, below SQLite alone. Afterwards the database must hold exactly what SQLite said was
   committed, and the file is well formed. */
#include "base/wal_vfs.h"
#include "testing/check.h"
#include "testing/fault_vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 80, ROUNDS = 3 };

/* What the database must hold: `sum` is raised by each update of all rows, `marks` has a row a
   transaction. */
struct expected {
        int sum, marks;
        bool unknown; /* the last commit's flush failed: only opening the file anew shows whether it
                         is there */
};

static int run(sqlite3 *db, const char *sql)
{
        return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int number(sqlite3 *db, const char *sql, int *code)
{
        sqlite3_stmt *s = NULL;
        int n = -1;

        *code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
        if (*code == SQLITE_OK && (*code = sqlite3_step(s)) == SQLITE_ROW)
                n = sqlite3_column_int(s, 0);
        sqlite3_finalize(s);
        return n;
}

/* Like a program that goes on with its transaction after a statement failed, if SQLite lets it. The
   update of all rows is larger than the page cache and has a statement journal, because a unique
   key may end it in the middle. */
static void transact(sqlite3 *db, struct expected *e)
{
        int raised = 0, code;

        if (run(db, "BEGIN IMMEDIATE") != SQLITE_OK)
                return;
        if (run(db, "INSERT INTO marks DEFAULT VALUES") == SQLITE_OK) {
                for (int i = 0; i < 2 && !sqlite3_get_autocommit(db); i++)
                        raised += run(db, "UPDATE t SET v = v + 1, key = key || '.', text = "
                                          "hex(zeroblob(200 + v))") == SQLITE_OK;
                if (!sqlite3_get_autocommit(db)) {
                        code = run(db, "COMMIT");
                        e->unknown =
                                code != SQLITE_OK && atomic_load(&fault.hit) == SQLITE_IOERR_FSYNC;
                        if (code == SQLITE_OK) {
                                e->sum += raised * ROWS;
                                e->marks++;
                        }
                }
        }
        if (!sqlite3_get_autocommit(db))
                run(db, "ROLLBACK");
}

static void holds(sqlite3 *db, const struct expected *e, const char *when, long call)
{
        int code, sum = number(db, "SELECT coalesce(sum(v), 0) FROM t", &code),
                  marks = number(db, "SELECT count(*) FROM marks", &code);
        sqlite3_stmt *s;
        char said[200] = "";

        if (sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL) == SQLITE_OK &&
            sqlite3_step(s) == SQLITE_ROW)
                snprintf(said, sizeof said, "%s", (const char *)sqlite3_column_text(s, 0));
        sqlite3_finalize(s);
        if (sum != e->sum || marks != e->marks || strcmp(said, "ok") != 0) {
                printf("     call %ld failed with %d; %s: sum %d for %d, marks %d for %d; %s\n",
                       call, atomic_load(&fault.hit), when, sum, e->sum, marks, e->marks, said);
                check(false);
        }
}

static sqlite3 *open_one(const char *path, const char *vfs)
{
        sqlite3 *db = NULL;

        if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs) ==
                    SQLITE_OK &&
            run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA "
                    "wal_autocheckpoint=200; PRAGMA cache_size=10; PRAGMA cache_spill=10;"
                    "PRAGMA temp_store=MEMORY") == SQLITE_OK)
                return db;
        sqlite3_close(db);
        return NULL;
}

static void make(const char *path, const char *vfs)
{
        sqlite3 *db = open_one(path, vfs);

        check(db != NULL);
        check_int(run(db,
                      "CREATE TABLE marks (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER "
                      "PRIMARY KEY, key UNIQUE, v, text);"
                      "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 80)"
                      " INSERT INTO t SELECT n, 'key' || n, 0, hex(zeroblob(200)) FROM i"),
                  SQLITE_OK);
        sqlite3_close(db);
}

static void copy(const char *from, const char *to)
{
        FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
        char bytes[4096];
        size_t len;

        while (in && (len = fread(bytes, 1, sizeof bytes, in)) > 0)
                fwrite(bytes, 1, len, out);
        if (in)
                fclose(in);
        fclose(out);
}

/* Like a process that finds the files after a kill. */
static void holds_for_who_recovers(const char *path, const struct expected *e, long call)
{
        char from[310], there[300], wal[310];
        sqlite3 *db;

        snprintf(there, sizeof there, "%s/killed.db", check_directory());
        snprintf(wal, sizeof wal, "%s-wal", there);
        snprintf(from, sizeof from, "%s-wal", path);
        copy(path, there);
        copy(from, wal);
        check_int(sqlite3_open_v2(there, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        holds(db, e, "after a kill", call);
        sqlite3_close(db);
}

/* False if the workload was over before that call. */
static bool fail_once(const char *vfs, long call, int write_code)
{
        char path[300], wal[310];
        struct expected e = {0};
        sqlite3 *db;

        snprintf(path, sizeof path, "%s/swept.db", check_directory());
        snprintf(wal, sizeof wal, "%s-wal", path);
        unlink(path);
        unlink(wal);
        fault_arm(0, write_code);
        make(path, vfs);
        fault_arm(call, write_code);
        db = open_one(path, vfs);
        for (int i = 0; db && i < ROUNDS && !e.unknown; i++)
                transact(db, &e);
        atomic_store(&fault.fails_at, 0);
        if (db)
                holds(db, &e, "the same connection", call);
        if (db && !e.unknown)
                holds_for_who_recovers(path, &e, call);
        sqlite3_close(db);
        if (e.unknown)
                return true;
        db = open_one(path, vfs);
        check(db != NULL);
        holds(db, &e, "opened anew", call);
        transact(db, &e);
        holds(db, &e, "and written", call);
        sqlite3_close(db);
        return atomic_load(&fault.hit) != 0;
}

static void sweep(const char *vfs, int write_code)
{
        long call = 1;

        while (fail_once(vfs, call, write_code))
                call++;
        printf("     (%ld calls)\n", call - 1);
        check(call > 100);
}

static void the_systems_vfs_the_model(void)
{
        fault_vfs();
        sweep("fault", SQLITE_FULL);
}

/* SQLite undoes a statement only when the disk is full, the transaction for any other failure. */
static void ours_keeps_what_it_says_whatever_fails(void)
{
        fault_vfs();
        sweep(wal_vfs(), SQLITE_FULL);
        sweep(wal_vfs(), SQLITE_IOERR_WRITE);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_systems_vfs_the_model),
                STORY(ours_keeps_what_it_says_whatever_fails),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
