/* How long rows of many records are kept, what older files and programs make of them, and damage.
 */
#include "data/packed_headers.h"
#include "event/bus_adapter.h"
#include "testing/eventlog_story.h"

/* ---- groups and retention ---- */

static void a_row_goes_when_all_of_it_is_old_and_read(void)
{
        struct eventlog *f = open_log(EVENTLOG_APPENDS);
        struct arena *arena = arena_open();
        const struct record ages[] = {{.timestamp_ms = 500}, {.timestamp_ms = 5}};
        struct eventlog_group *groups;
        struct error e = {0};
        char holder[128];
        int64_t position;
        bool more;

        append(f, 1, 5, 10);
        append(f, 6, 5, 20);
        check(eventlog_append(f, "mall", ages, 2, &e));
        append(f, 13, 5, 20);
        check(eventlog_join(f, "g", "mall", &position, &e));

        check(eventlog_move(f, "g", "mall", 4, &e));
        check_int((int64_t)eventlog_groups(f, arena, &groups, &e), 1);
        check_int(groups[0].lag, 13);
        check(eventlog_retire(f, 100, &more, holder, &e));
        check_text(holder, "g");
        check_int(eventlog_first(f, "mall"), 1);

        check(eventlog_move(f, "g", "mall", 9, &e));
        check(eventlog_retire(f, 100, &more, holder, &e));
        check_text(holder, "g");
        check_int(eventlog_first(f, "mall"), 6);

        check(eventlog_move(f, "g", "mall", 17, &e));
        check(eventlog_retire(f, 100, &more, holder, &e));
        check(!more && !holder[0]);
        check_int(eventlog_first(f, "mall"), 11); /* one of that row is young */
        check(eventlog_retire(f, 1000, &more, holder, &e));
        check_int(eventlog_first(f, "mall"), 13); /* the last row stays */
        append(f, 18, 3, 20);
        expect_after(f, 12, 2, 20);
        arena_close(&arena);
        eventlog_close(&f);
}

static void what_is_deleted_at_once_is_bounded_by_bytes(void)
{
        enum { ROWS = 150 };
        struct eventlog *f = open_log(EVENTLOG_APPENDS);
        struct error e = {0};
        char holder[128];
        int64_t before = 0;
        int portions = 0;
        bool more = true;

        for (int i = 0; i < ROWS; i++)
                append(f, 1, 900, 10);
        while (more) {
                int64_t first;

                check(eventlog_retire(f, 100, &more, holder, &e));
                first = eventlog_first(f, "mall");
                check(!holder[0] && first > before);
                check(!portions++ || first - before < 100000);
                before = first;
        }
        check(portions > 2);
        check_int(query("SELECT count(*) FROM log"), 1);
        eventlog_close(&f);
}

/* ---- older files and programs ---- */

/* As the programs before schema 2 left it: three records that the group has read, and two. */
static void make_older_file(void)
{
        alter("PRAGMA journal_mode = WAL;"
              "CREATE TABLE log (offset INTEGER PRIMARY KEY, topic TEXT NOT NULL, timestamp INTEGER"
              " NOT NULL, key BLOB, value BLOB, headers BLOB);"
              "CREATE INDEX others ON log (topic) WHERE topic <> 'mall';"
              "CREATE TABLE groups (name TEXT NOT NULL, topic TEXT NOT NULL, position INTEGER NOT"
              " NULL, seen INTEGER NOT NULL, PRIMARY KEY (name, topic)) WITHOUT ROWID;"
              "PRAGMA application_id = 1835101292; PRAGMA user_version = 1;"
              "INSERT INTO log (topic, timestamp, key, value, headers) VALUES"
              " ('mall', 1, x'31', x'31', NULL), ('mall', 1, NULL, x'32', NULL),"
              " ('mall', 1, NULL, x'33', x'01000000010000006e76'), ('mall', 1, NULL, x'34', NULL),"
              " ('mall', 1, NULL, x'35', NULL);"
              "INSERT INTO groups VALUES ('g', 'mall', 3, 1)");
}

static void an_older_file_is_migrated_and_loses_nothing(void)
{
        struct eventlog *looks, *f;
        struct error e = {0};
        int64_t position;

        make_older_file();
        looks = open_log(EVENTLOG_INSPECTS);
        check_int(query("PRAGMA user_version"), 1); /* who only looks on leaves it as it is */
        expect_after(looks, 0, 2, 5);
        f = open_log(EVENTLOG_APPENDS);
        check_int(query("PRAGMA user_version"), 2);
        append(f, 6, 7, 1);
        check(eventlog_join(f, "g", "mall", &position, &e));
        check_int(position, 3);
        expect_after(f, position, 4, 12);
        expect_after(looks, 0, 4, 12);
        check_int(eventlog_before_last(f, "mall", 8), 4);
        eventlog_close(&f);
        f = open_log(EVENTLOG_READS);
        expect_after(f, 0, 100, 12);
        eventlog_close(&f);
        eventlog_close(&looks);
}

/* One that has had the file open since before: it read rows so, and what it cannot read it does not
   pass. What it appends comes after the row's last record. */
static void an_older_program_stops_before_a_row_of_many(void)
{
        struct eventlog *f = open_log(EVENTLOG_APPENDS);
        struct packed_header h;
        sqlite3_stmt *s;
        sqlite3 *db;
        const char *at, *end;
        size_t count;

        append(f, 1, 3, 1);
        check_int(sqlite3_open(log_path(), &db), SQLITE_OK);
        check_int(sqlite3_prepare_v2(db, "SELECT headers FROM log", -1, &s, NULL), SQLITE_OK);
        check_int(sqlite3_step(s), SQLITE_ROW);
        at = sqlite3_column_blob(s, 0);
        end = at + sqlite3_column_bytes(s, 0);
        check(!packed_headers_count(at, (size_t)(end - at), PACKED_FOR_EVENTLOG, &count));
        check(!packed_headers_next(&at, end, PACKED_FOR_EVENTLOG, &h));
        sqlite3_finalize(s);
        check_int(sqlite3_exec(db,
                               "INSERT INTO log (topic, timestamp, value) VALUES ('mall', 1, '4')",
                               NULL, NULL, NULL),
                  SQLITE_OK);
        sqlite3_close(db);
        append(f, 5, 2, 1);
        expect_after(f, 0, 2, 6);
        eventlog_close(&f);
}

/* ---- damage ---- */

static void put_value(sqlite3 *db, int64_t key, const char *bytes, size_t len)
{
        sqlite3_stmt *s;

        check_int(sqlite3_prepare_v2(db, "UPDATE log SET key = ?, value = ?", -1, &s, NULL),
                  SQLITE_OK);
        sqlite3_bind_int64(s, 1, key);
        sqlite3_bind_blob64(s, 2, bytes, len, SQLITE_STATIC);
        check_int(sqlite3_step(s), SQLITE_DONE);
        sqlite3_finalize(s);
}

/* The last offset before the damage, which is named with its place. */
static int64_t read_to_the_damage(struct eventlog *f, int64_t place)
{
        struct arena *arena = arena_open();
        struct error e = {0};
        struct record r[10];
        char want[300];
        int64_t after = 0;
        size_t count;

        while ((count = eventlog_read(f, NULL, after, r, 10, arena, &e)))
                after = r[count - 1].offset;
        if (place) {
                snprintf(want, sizeof want, "the event log %s is damaged: offset %d", log_path(),
                         (int)place);
                check_text(e.text, want);
                check_int(e.kind, ERROR_INTERNAL);
        }
        arena_close(&arena);
        return after;
}

static void a_damaged_row_is_named(void)
{
        struct eventlog *f = open_log(EVENTLOG_APPENDS);
        char bytes[200], *damaged;
        size_t len;
        sqlite3_stmt *s;
        sqlite3 *db;

        append(f, 1, 3, 1);
        check_int(sqlite3_open(log_path(), &db), SQLITE_OK);
        check_int(sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
        check_int(sqlite3_prepare_v2(db, "SELECT value FROM log", -1, &s, NULL), SQLITE_OK);
        check_int(sqlite3_step(s), SQLITE_ROW);
        len = (size_t)sqlite3_column_bytes(s, 0);
        check(len < sizeof bytes);
        memcpy(bytes, sqlite3_column_blob(s, 0), len);
        sqlite3_finalize(s);

        for (size_t cut = 0; cut < len; cut++) {
                int64_t before = (int64_t)(cut / (len / 3));

                put_value(db, 3, bytes, cut);
                check_int(read_to_the_damage(f, before + 1), before);
        }
        put_value(db, 3, bytes, len + 1);
        check_int(read_to_the_damage(f, 3), 2);
        put_value(db, 2, bytes, len); /* another number of records than there are */
        check_int(read_to_the_damage(f, 2), 0);
        put_value(db, 4, bytes, len);
        check_int(read_to_the_damage(f, 3), 0);
        put_value(db, INT64_MIN, bytes, len);
        check_int(read_to_the_damage(f, 3), 0);
        put_value(db, 3, bytes, len);
        check_int(read_to_the_damage(f, 0), 3);
        for (size_t i = 0; i < len; i++)
                for (int bit = 0; bit < 8; bit++) {
                        damaged = memory_alloc(len);
                        memcpy(damaged, bytes, len);
                        damaged[i] ^= (char)(1 << bit);
                        put_value(db, 3, damaged, len);
                        check(read_to_the_damage(f, 0) <= 3);
                        check(eventlog_before_last(f, "mall", 1) == 2);
                        free(damaged);
                }
        sqlite3_close(db);
        eventlog_close(&f);
}

/* As a flipped bit leaves it: SQLite itself looks at neither the bit nor the column's NOT NULL. */
static void a_row_without_a_topic_is_damaged(void)
{
        struct eventlog *f = open_log(EVENTLOG_APPENDS);

        append(f, 1, 3, 1);
        append(f, 4, 1, 1);
        append(f, 5, 1, 1);
        eventlog_close(&f);
        alter("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'topic TEXT"
              " NOT NULL', 'topic TEXT') WHERE name = 'log'");
        alter("UPDATE log SET topic = NULL WHERE offset = 4");
        f = open_log(EVENTLOG_INSPECTS);
        check_int(read_to_the_damage(f, 4), 3);
        alter("UPDATE log SET topic = NULL WHERE offset = 3");
        check_int(read_to_the_damage(f, 1), 0);
        eventlog_close(&f);
}

static bool wants_a(void *arg, const struct bus_sign *sign)
{
        (void)arg;
        return sign->type.len == 1 && *sign->type.at == 'a';
}

/* Nobody knows whether such a record was wanted. */
static void damaged_headers_are_not_passed_over(void)
{
        struct eventlog *f = open_log(EVENTLOG_APPENDS);
        const struct bus reader = {.topic = (char *)(uintptr_t)EVENTLOG_TOPIC, .wanted = wants_a};
        const struct record_header type = {"ce_type", "a", 1};
        const struct record r = {.headers = &type, .header_count = 1};
        struct arena *arena = arena_open();
        struct error e = {0};
        struct record found;
        int64_t after = 0;

        check(eventlog_append(f, "mall", &r, 1, &e));
        /* the value has one byte more, and the blob one that nothing says what it is */
        alter("UPDATE log SET headers = substr(headers, 1, 4) || x'02' || substr(headers, 6) ||"
              " x'6161'");
        check_int((int64_t)eventlog_read_wanted(f, &reader, &after, &found, 1, arena, &e), 0);
        check_int(e.kind, ERROR_INTERNAL);
        check_int(after, 0);
        arena_close(&arena);
        eventlog_close(&f);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_row_goes_when_all_of_it_is_old_and_read),
                STORY(what_is_deleted_at_once_is_bounded_by_bytes),
                STORY(an_older_file_is_migrated_and_loses_nothing),
                STORY(an_older_program_stops_before_a_row_of_many),
                STORY(a_damaged_row_is_named),
                STORY(a_row_without_a_topic_is_damaged),
                STORY(damaged_headers_are_not_passed_over),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
