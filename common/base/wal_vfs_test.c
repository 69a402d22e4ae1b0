#include "base/wal_vfs.h"

#include "testing/check.h"

#include <limits.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static sqlite3 *open_one(const char *path, const char *vfs)
{
        sqlite3 *db;

        check_int(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs),
                  SQLITE_OK);
        check_int(sqlite3_exec(db,
                               "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA "
                               "wal_autocheckpoint=0",
                               NULL, NULL, NULL),
                  SQLITE_OK);
        return db;
}

static void run(sqlite3 *db, const char *sql)
{
        check_int(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static const char *answer(sqlite3 *db, const char *sql)
{
        static char text[100];
        sqlite3_stmt *s;

        check_int(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
        check_int(sqlite3_step(s), SQLITE_ROW);
        snprintf(text, sizeof text, "%s", (const char *)sqlite3_column_text(s, 0));
        sqlite3_finalize(s);
        return text;
}

static const char *path_of(const char *name)
{
        static char path[300];

        snprintf(path, sizeof path, "%s/%s", check_directory(), name);
        return path;
}

/* Calls of write(2) and the like by this process so far (proc(5)). */
static long writes(void)
{
        FILE *f = fopen("/proc/self/io", "r");
        char line[100];
        long n = -1;

        while (f && n < 0 && fgets(line, sizeof line, f))
                if (sscanf(line, "syscw: %ld", &n) != 1)
                        n = -1;
        if (f)
                fclose(f);
        check(n >= 0);
        return n;
}

#define MANY_ROWS(n)                                                                               \
        "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < " #n ")"         \
        " INSERT INTO t SELECT hex(zeroblob(500)) FROM i"

static long writes_of_a_commit(const char *name, const char *vfs)
{
        sqlite3 *db = open_one(path_of(name), vfs);
        long before;

        run(db, "CREATE TABLE t (text)");
        run(db, "BEGIN; " MANY_ROWS(60));
        before = writes();
        run(db, "COMMIT");
        before = writes() - before;
        sqlite3_close(db);
        return before;
}

static void a_commit_is_one_write(void)
{
        check(writes_of_a_commit("plain.db", NULL) > 30);
        check_int(writes_of_a_commit("gathered.db", wal_vfs()), 1);
}

/* A commit larger than the gathering buffer and the page cache: frames are written, read and
   written again before the commit. */
static void a_commit_larger_than_what_is_gathered(void)
{
        sqlite3 *db = open_one(path_of("large.db"), wal_vfs()), *other;

        run(db, "PRAGMA cache_size=10; CREATE TABLE t (text); CREATE INDEX by_text ON t (text)");
        run(db, "BEGIN; " MANY_ROWS(5000) "; UPDATE t SET text = rowid || text WHERE rowid % 3 = "
                                          "0; DELETE FROM t WHERE rowid % 5 = 0; COMMIT");
        other = open_one(path_of("large.db"), NULL);
        check_text(answer(other, "SELECT count(*) FROM t"), "4000");
        check_text(answer(other, "PRAGMA integrity_check"), "ok");
        run(db, "INSERT INTO t VALUES ('one more')");
        check_text(answer(other, "SELECT count(*) FROM t"), "4001");
        run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
        check_text(answer(other, "SELECT count(*) FROM t"), "4001");
        sqlite3_close(other);
        sqlite3_close(db);
}

/* Frames that the first connection gathered and rolled back must not overwrite the second one's
   commit. */
static void what_was_rolled_back_is_not_written(void)
{
        sqlite3 *one = open_one(path_of("back.db"), wal_vfs()),
                *two = open_one(path_of("back.db"), wal_vfs()), *fresh;

        run(one, "PRAGMA cache_size=10; CREATE TABLE t (text); INSERT INTO t VALUES ('first'); "
                 "PRAGMA wal_checkpoint(PASSIVE)");
        run(one, "BEGIN IMMEDIATE; " MANY_ROWS(1500) "; ROLLBACK");
        wal_vfs_rolled_back(one);
        run(two, "BEGIN IMMEDIATE; " MANY_ROWS(1500) "; COMMIT");
        check_text(answer(one, "SELECT count(*) FROM t"), "1501");
        fresh = open_one(path_of("back.db"), NULL);
        check_text(answer(fresh, "SELECT count(*) FROM t"), "1501");
        check_text(answer(fresh, "PRAGMA integrity_check"), "ok");
        sqlite3_close(fresh);
        sqlite3_close(two);
        sqlite3_close(one);
}

static void most_bytes_a_file(rlim_t bytes)
{
        struct rlimit limit;

        getrlimit(RLIMIT_FSIZE, &limit);
        limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
        check_int(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_fails_the_commit_and_no_other(void)
{
        sqlite3 *db = open_one(path_of("full.db"), wal_vfs()), *other;

        signal(SIGXFSZ, SIG_IGN);
        run(db, "CREATE TABLE t (text); INSERT INTO t VALUES ('before')");
        run(db, "BEGIN; " MANY_ROWS(60));
        most_bytes_a_file(30000);
        check(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK);
        most_bytes_a_file(RLIM_INFINITY);
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        check_text(answer(db, "SELECT count(*) FROM t"), "1");
        run(db, "INSERT INTO t VALUES ('after')");
        other = open_one(path_of("full.db"), NULL);
        check_text(answer(other, "SELECT count(*) FROM t"), "2");
        check_text(answer(other, "PRAGMA integrity_check"), "ok");
        sqlite3_close(other);
        sqlite3_close(db);
}

static long copy_file(const char *from, const char *to, long most)
{
        FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
        long len = 0;

        check(in && out);
        for (int c; len < most && (c = getc(in)) != EOF; len++)
                putc(c, out);
        fclose(in);
        fclose(out);
        return len;
}

static long copy_store(const char *name, long most_of_wal)
{
        char from[300], to[300], wal_from[310], wal_to[310];

        snprintf(from, sizeof from, "%s/torn.db", check_directory());
        snprintf(to, sizeof to, "%s/%s", check_directory(), name);
        snprintf(wal_from, sizeof wal_from, "%s-wal", from);
        snprintf(wal_to, sizeof wal_to, "%s-wal", to);
        copy_file(from, to, LONG_MAX);
        return copy_file(wal_from, wal_to, most_of_wal);
}

/* The file as a power failure in the middle of the write may leave it. */
static void half_of_a_commit_is_none_of_it(void)
{
        sqlite3 *db = open_one(path_of("torn.db"), wal_vfs()), *copy;
        long before, after;

        run(db, "CREATE TABLE t (text); INSERT INTO t VALUES ('before')");
        before = copy_store("before.db", LONG_MAX);
        run(db, "BEGIN; " MANY_ROWS(60) "; COMMIT");
        after = copy_store("after.db", LONG_MAX);
        copy_store("half.db", before + (after - before) / 2);
        copy = open_one(path_of("half.db"), wal_vfs());
        check_text(answer(copy, "SELECT count(*) FROM t"), "1");
        check_text(answer(copy, "PRAGMA integrity_check"), "ok");
        sqlite3_close(copy);
        copy = open_one(path_of("after.db"), wal_vfs());
        check_text(answer(copy, "SELECT count(*) FROM t"), "61");
        sqlite3_close(copy);
        sqlite3_close(db);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_commit_is_one_write),
                STORY(a_commit_larger_than_what_is_gathered),
                STORY(what_was_rolled_back_is_not_written),
                STORY(half_of_a_commit_is_none_of_it),
                STORY(a_full_disk_fails_the_commit_and_no_other),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
