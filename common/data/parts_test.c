/* The outbox of a store that several processes share: which process publishes what. On
   PostgreSQL only. */
#include "data/outbox_parts.h"

#include "base/clock.h"
#include "data/store_inside.h"
#include "testing/thing.h"

#include <unistd.h>

enum { PATIENCE_US = 20 * 1000000, RELAYS = 3 };

static struct {
        struct store *store;
        struct arena *arena;
        struct outbox_parts *parts[RELAYS];
        bool busy[OUTBOX_PARTS]; /* of whichever relay shares */
} t;

/* False where the store belongs to one process. */
static bool begin(void)
{
        if (!db_url_is_shared(things_url()))
                return false;
        memset(&t, 0, sizeof t);
        t.store = things_open();
        t.arena = arena_open();
        return true;
}

static void end(void)
{
        for (int i = 0; i < RELAYS; i++)
                outbox_parts_close(&t.parts[i]);
        store_close(&t.store);
        arena_close(&t.arena);
}

static bool share(int i)
{
        struct error e = {0};

        if (!t.parts[i])
                t.parts[i] = outbox_parts_open(t.store);
        return outbox_parts_share(t.parts[i], t.busy, &e);
}

static void share_all(int count)
{
        for (int round = 0; round < 3; round++) /* who leaves first, and who takes then */
                for (int i = 0; i < count; i++)
                        check(share(i));
}

static size_t read_all(int i, struct outbox_record *records)
{
        struct error e = {0};
        size_t count;

        check(outbox_parts_read(t.parts[i], NULL, 0, records, 100 * OUTBOX_PARTS, &count, t.arena,
                                &e));
        return count;
}

static bool remove_all(int i, const struct outbox_record *records, size_t count)
{
        struct outbox_place *places = arena_alloc(t.arena, count * sizeof *places);
        struct error e = {0};

        for (size_t n = 0; n < count; n++)
                places[n] = (struct outbox_place){records[n].id, records[n].part};
        return outbox_parts_remove(t.parts[i], places, count, &e);
}

static int held(int count)
{
        int sum = 0;

        for (int i = 0; i < count; i++)
                sum += t.parts[i] ? outbox_parts_held(t.parts[i]) : 0;
        return sum;
}

static void parts_are_shared_evenly(void)
{
        if (!begin())
                return;
        share_all(1);
        check_int(held(1), OUTBOX_PARTS);
        share_all(2);
        check_int(outbox_parts_held(t.parts[0]), OUTBOX_PARTS / 2);
        check_int(outbox_parts_held(t.parts[1]), OUTBOX_PARTS / 2);
        share_all(3);
        check_int(held(3), OUTBOX_PARTS);
        for (int i = 0; i < 3; i++)
                check(outbox_parts_held(t.parts[i]) >= 4 && outbox_parts_held(t.parts[i]) <= 6);
        end();
}

/* Otherwise the process that takes the part would publish records again that are under way. */
static void a_busy_part_is_left_once_it_is_not_busy(void)
{
        struct outbox_record *records;

        if (!begin())
                return;
        records = arena_alloc(t.arena, 100 * OUTBOX_PARTS * sizeof *records);
        for (int i = 0; i < 200; i++)
                things_add(t.store, arena_printf(t.arena, "%d", i));
        share_all(1);
        check_int((int64_t)read_all(0, records), 200);
        for (int i = 0; i < OUTBOX_PARTS; i++)
                t.busy[i] = true;
        share_all(2);
        check_int(outbox_parts_held(t.parts[0]), OUTBOX_PARTS);
        check_int(outbox_parts_held(t.parts[1]), 0);
        check(read_all(0, records) < 200); /* those to be left are not read */
        memset(t.busy, 0, sizeof t.busy);
        share_all(2);
        check_int(outbox_parts_held(t.parts[0]), OUTBOX_PARTS / 2);
        check_int(outbox_parts_held(t.parts[1]), OUTBOX_PARTS / 2);
        check_int((int64_t)(read_all(0, records) + read_all(1, records)), 200);
        end();
}

/* Known records are left out, a page is bounded in bytes, and records left at the front do not
   hide the later ones. */
static void all_is_read_page_by_page(void)
{
        struct outbox_record *records;
        int64_t known[50];
        struct error e = {0};
        size_t count, all = 0;

        if (!begin())
                return;
        records = arena_alloc(t.arena, 100 * sizeof *records);
        for (int i = 0; i < 100; i++)
                things_add(t.store, arena_printf(t.arena, "%d", i));
        share_all(1);
        check_int((int64_t)read_all(0, arena_alloc(t.arena, 100 * OUTBOX_PARTS * sizeof *records)),
                  100);
        check(outbox_parts_begin(t.parts[0], &e));
        do {
                check(outbox_parts_read(t.parts[0], NULL, 0, records, 2 * OUTBOX_PARTS, &count,
                                        t.arena, &e));
                check(count <= 2 * OUTBOX_PARTS);
                for (size_t i = 0; i < count && all + i < 50; i++)
                        known[all + i] = records[i].id;
                all += count;
                if (all < 100)
                        things_add(t.store, "late"); /* is not in this moment */
        } while (count);
        outbox_parts_end(t.parts[0]);
        check_int((int64_t)all, 100);
        check(outbox_parts_read(t.parts[0], known, 50,
                                arena_alloc(t.arena, 100 * OUTBOX_PARTS * sizeof *records),
                                100 * OUTBOX_PARTS, &count, t.arena, &e));
        check(count > 50 && count < 100);
        end();
}

static void publish_large(struct unit *unit, void *arg)
{
        struct text headers = text_open(unit_arena(unit), 100);

        unit_publish(unit, "error.mall.things", arg, arena_alloc(unit_arena(unit), OUTBOX_PAGE / 3),
                     OUTBOX_PAGE / 3, &headers);
}

static void a_page_is_bounded_in_bytes(void)
{
        struct outbox_record records[100];
        struct error e = {0};
        size_t count, all = 0;

        if (!begin())
                return;
        for (int i = 0; i < 12; i++)
                check_int(things_do(t.store, publish_large, arena_printf(t.arena, "%d", i % 4)),
                          ERROR_NONE);
        share_all(1);
        check(outbox_parts_begin(t.parts[0], &e));
        do {
                check(outbox_parts_read(t.parts[0], NULL, 0, records, 100, &count, t.arena, &e));
                check(count <= 3);
                all += count;
        } while (count);
        outbox_parts_end(t.parts[0]);
        check_int((int64_t)all, 12);
        end();
}

static int64_t parked(const char *reason)
{
        struct db *db = store_read_begin(t.store);
        struct error e = {0};
        struct statement *s = db_prepare(db, "SELECT count(*) FROM outbox WHERE parked = ?", &e);
        int64_t rows = -1;

        bind_text(s, 1, reason);
        check(statement_number(s, &rows, &e));
        store_read_end(t.store, db);
        return rows;
}

static void a_parked_record_stays_and_waits_no_longer(void)
{
        struct outbox_record *records;
        struct error e = {0};

        if (!begin())
                return;
        records = arena_alloc(t.arena, 100 * OUTBOX_PARTS * sizeof *records);
        for (int i = 0; i < 10; i++)
                things_add(t.store, arena_printf(t.arena, "%d", i));
        check_int(things_do(t.store, publish_large, arena_string(t.arena, "elsewhere")),
                  ERROR_NONE);
        check_int(outbox_pending(t.store), 11);
        check_int(outbox_pending_elsewhere(t.store), 1);
        share_all(1);
        check_int((int64_t)read_all(0, records), 11);
        for (int i = 0; i < 11; i++)
                check(outbox_park(t.store, &records[i],
                                  records[i].topic ? "too large for the broker" : "unknown", &e));
        check_int(parked("too large for the broker"), 1);
        check_int(parked("unknown"), 10);
        check_int(outbox_pending(t.store), 0);
        check_int(outbox_pending_elsewhere(t.store), 0);
        end();
}

static void a_relay_that_closes_leaves_all_its_parts(void)
{
        if (!begin())
                return;
        share_all(2);
        outbox_parts_close(&t.parts[0]);
        /* PostgreSQL may need a moment to end a session */
        for (int64_t end_at = clock_mono_us() + PATIENCE_US;
             held(2) < OUTBOX_PARTS && clock_mono_us() < end_at; usleep(1000))
                check(share(1));
        check_int(outbox_parts_held(t.parts[1]), OUTBOX_PARTS);
        end();
}

/* Each record is read by one relay, a key's in their order, and what was removed is not read
   again. */
static void every_record_has_one_reader(void)
{
        static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
        struct outbox_record *records;
        int seen[8] = {0};
        size_t all = 0;

        if (!begin())
                return;
        records = arena_alloc(t.arena, 100 * OUTBOX_PARTS * sizeof *records);
        for (int i = 0; i < 80; i++)
                things_add(t.store, names[i % 8]);
        share_all(3);
        for (int i = 0; i < 3; i++) {
                size_t count = read_all(i, records);
                int64_t last[OUTBOX_PARTS] = {0};

                for (size_t n = 0; n < count; n++) {
                        check(records[n].id > last[records[n].part]);
                        last[records[n].part] = records[n].id;
                        seen[records[n].key[0] - 'a']++;
                }
                all += count;
                check(remove_all(i, records, count));
                check_int((int64_t)read_all(i, records), 0);
        }
        check_int((int64_t)all, 80);
        for (int i = 0; i < 8; i++)
                check_int(seen[i], 10);
        check_int(outbox_pending(t.store), 0);
        end();
}

static void end_session_of_relay(void)
{
        things_end_sessions("pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')");
}

/* Parts are gone with their connection: a process never believes that it holds more than its
   locks say. */
static void a_broken_connection_holds_nothing(void)
{
        struct outbox_record *records;
        struct error e = {0};
        size_t count;

        if (!begin())
                return;
        records = arena_alloc(t.arena, 100 * OUTBOX_PARTS * sizeof *records);
        things_add(t.store, "a");
        share_all(1);
        end_session_of_relay();
        check(!outbox_parts_read(t.parts[0], NULL, 0, records, 100, &count, t.arena, &e));
        check_int(e.kind, ERROR_UNAVAILABLE);
        check(!outbox_parts_read(t.parts[0], NULL, 0, records, 100, &count, t.arena, &e) || !count);
        check_int(outbox_parts_held(t.parts[0]), 0);
        share_all(1);
        check_int(outbox_parts_held(t.parts[0]), OUTBOX_PARTS);
        check_int((int64_t)read_all(0, records), 1);
        end();
}

/* Two relays whose sessions end meanwhile: in the end every part is held by one. */
static void no_part_is_left_behind(void)
{
        if (!begin())
                return;
        share_all(2);
        end_session_of_relay();
        for (int round = 0; round < 6; round++)
                for (int i = 0; i < 2; i++)
                        share(i); /* the first time it finds out */
        check_int(held(2), OUTBOX_PARTS);
        check_int(outbox_parts_held(t.parts[0]), OUTBOX_PARTS / 2);
        end();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(parts_are_shared_evenly),
                STORY(a_busy_part_is_left_once_it_is_not_busy),
                STORY(all_is_read_page_by_page),
                STORY(a_page_is_bounded_in_bytes),
                STORY(a_parked_record_stays_and_waits_no_longer),
                STORY(a_relay_that_closes_leaves_all_its_parts),
                STORY(every_record_has_one_reader),
                STORY(no_part_is_left_behind),
                STORY(a_broken_connection_holds_nothing),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
