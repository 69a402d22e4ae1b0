/* The relay from memory, step by step: which committed records it keeps, and which it reads from
   the table. */
#include "testing/relay_steps.h"

#include "testing/overheard.h"

static struct outbox_batch *batch_of(int64_t id, size_t bytes)
{
        struct outbox_batch *b = memory_alloc(sizeof *b);

        b->arena = arena_open();
        b->records = arena_alloc(b->arena, sizeof *b->records);
        b->records[0] = (struct outbox_record){.id = id,
                                               .at = 100 + id,
                                               .key = "a",
                                               .value = filling,
                                               .value_len = bytes,
                                               .headers = ""};
        b->count = 1;
        return b;
}

/* ---- what memory keeps ---- */

/* In a relay that does not take the batches. */
static void batches_in_memory_are_bounded_too(void)
{
        struct relay away = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};
        size_t before = 0;

        for (int64_t id = 7; id < 10; id++) {
                relay_committed(&away, batch_of(id, RELAY_MEMORY / 4));
                check(away.memory >= before + RELAY_MEMORY / 4 && away.memory <= RELAY_MEMORY);
                before = away.memory;
        }
        check_int(away.overflowed, 0);
        check(away.first && away.first->next && away.end == away.first->next->next);
        relay_committed(
                &away,
                batch_of(10, RELAY_MEMORY / 4)); /* with the batches' own size it is too much now */
        check(!away.first && !away.memory);
        check_int(away.overflowed, 7);
        check_int(away.overflowed_at, 107);
        relay_committed(&away, batch_of(11, 1));
        relay_committed(&away, batch_of(12, 2 * RELAY_MEMORY));
        check(!away.first && !away.memory);
        check_int(away.overflowed, 7); /* the first of all */
        for (int64_t id = 13; id < 13 + 3000; id++)
                relay_committed(&away, batch_of(id, 0)); /* small ones cost as well */
        check(away.first && away.first->records[0].id > 13);
        outbox_batches_free(away.first);
}

static void memory_is_full_to_the_byte(void)
{
        struct relay away = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};
        size_t one;

        relay_committed(&away, batch_of(1, 0));
        one = away.memory;
        relay_committed(&away, batch_of(2, RELAY_MEMORY - 2 * one));
        check_int((int64_t)away.memory, RELAY_MEMORY);
        check_int(away.overflowed, 0);
        outbox_batches_free(away.first);
        away = (struct relay){.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};
        relay_committed(&away, batch_of(1, 0));
        relay_committed(&away, batch_of(2, RELAY_MEMORY - 2 * one + 1));
        check(!away.first);
        check_int(away.overflowed, 1);
}

static void a_commit_wakes_who_listens_once(void)
{
        open_relay();
        say_each("a");
        check(r.told);
        check_int((int64_t)bus.woken, 0); /* it is not at the bus */
        r.listening = true;
        say_each("a");
        check_int((int64_t)bus.woken, 1);
        check(!r.listening);
        say_each("a");
        check_int((int64_t)bus.woken, 1);
        run_to_the_end();
        check(!r.told);
        check_text(handed(), " 1 2 3");
        close_relay();
}

/* ---- what is read from the table ---- */

static void an_earlier_life_is_read_first(void)
{
        open_relay();
        say_unheard("abcdef");
        say_each("ga");
        say_each("b");
        run_to_the_end();
        check_text(handed(), " 1 2 3 4 5 6 7 8 9");
        check_int(outbox_pending(store), 0);
        say_each("bc");
        run_to_the_end();
        check_text(handed(), " 1 2 3 4 5 6 7 8 9 10 11");
        close_relay();
}

static void records_sent_by_an_earlier_relay_are_not_handed_over_again(void)
{
        open_relay();
        say_unheard("abc");
        outbox_sent(store, (int64_t[]){1, 2}, 2);
        say_each("ab");
        run_to_the_end();
        check_text(handed(), " 3 4 5");
        outbox_sweep(store);
        check(relay_tidy(&r));
        check_int((int64_t)outbox_unremoved(store), 0);
        check(!flight(3) && !flight(4) && !flight(5));
        close_relay();
}

/* The first records are in the table only. */
static void overflow(void)
{
        the_first_lands();
        say_unheard("ab");
        relay_committed(&r, batch_of(2, 2 * RELAY_MEMORY));
}

/* A pass read the second record before the relay was told of its commit. */
static void read_before_told(void)
{
        the_first_lands();
        lane("a")->read_to = 2;
        say_each("aa");
}

static void what_was_read_is_not_taken_from_memory(void)
{
        open_relay();
        run_with_one_flying(read_before_told);
        check_text(handed(), " 1 3");
        close_relay();
}

static void leave_some(void)
{
        the_first_lands();
        say_unheard("babc");
        relay_leave(lane("b"), 2, 0);
        relay_leave(lane("a"), 3, 0);
        relay_leave(lane("c"), 5, 0);
}

static void a_pass_begins_with_the_first_that_any_lane_left(void)
{
        open_relay();
        run_with_one_flying(leave_some);
        check_text(handed(), " 1 2 3 4 5");
        close_relay();
}

static void records_dropped_from_memory_are_read(void)
{
        open_relay();
        run_with_one_flying(overflow);
        check_text(handed(), " 1 2 3");
        check_int(r.overflowed, 0);
        close_relay();
}

static void no_parts_and_no_time(void)
{
        bus.parts = 0;
        out_of_time();
}

static void overflow_without_parts(void)
{
        overflow();
        bus.when_asked = no_parts_and_no_time;
}

static void say_one_without_parts(void)
{
        the_first_lands();
        clock_set_wall_ms(9000);
        say_each("b");
        clock_set_wall_ms(0);
        bus.when_asked = no_parts_and_no_time;
}

static void the_age_of_what_an_earlier_life_left_is_known(void)
{
        open_relay();
        clock_set_wall_ms(5000);
        say_unheard("a");
        clock_set_wall_ms(7000);
        say_unheard("b");
        clock_set_wall_ms(0);
        bus.when_asked = no_parts_and_no_time;
        run_to_the_end();
        check_int(r.oldest_at, 5000);
        check_text(handed(), "");
        close_relay();
}

static void the_age_of_what_memory_let_go_of_is_known(void)
{
        open_relay();
        run_with_one_flying(overflow_without_parts);
        check_int(r.oldest_at, 102);
        check_text(handed(), " 1");
        close_relay();
}

static void the_age_of_what_memory_has_is_known(void)
{
        open_relay();
        run_with_one_flying(say_one_without_parts);
        check_int(r.oldest_at, 9000);
        check_text(handed(), " 1");
        bus.when_asked = NULL;
        bus.parts = 3;
        run_to_the_end();
        check_text(handed(), " 1 2");
        check_int(outbox_pending(store), 0);
        close_relay();
}

/* Lane 2 has not read a's records, which come to it now. */
static void parts_that_grow_let_the_table_tell(void)
{
        open_relay();
        r.lanes[2].read_to = 100;
        bus.parts = 5;
        say_each("a");
        run_to_the_end();
        check_text(handed(), " 1");
        close_relay();
}

static void give_back_the_first(void)
{
        bus.when_sent = NULL;
        bus.lands = true;
        answer(1, BUS_RETURNED);
        answer(2, BUS_PUBLISHED);
}

static void grow(void)
{
        bus.when_waiting = NULL;
        bus.when_sent = give_back_the_first;
        bus.parts = 5;
        say_each("b");
}

/* Given back by a Kafka client that broke. Its key has another lane now. */
static void a_record_given_back_after_parts_grew_comes_again(void)
{
        open_relay();
        run_with_one_flying(grow);
        check_text(handed(), " 1 2 1");
        check_int(outbox_pending(store), 0);
        close_relay();
}

static void first_of_b_comes_back(void)
{
        bus.when_sent = NULL;
        bus.lands = true;
        for (int64_t id = 1; id < 9; id++)
                answer(id, id == 2 || id == 4 ? BUS_RETURNED : BUS_PUBLISHED);
}

/* One at a time, until the bus takes one; the others stay in the table. */
static void records_that_a_lane_left_are_read_when_it_opens(void)
{
        open_relay();
        bus.lands = false;
        bus.when_sent = first_of_b_comes_back;
        say_each("ababaaac");
        run_to_the_end();
        check_text(handed(), " 1 2 3 4 5 6 7 8 2 4");
        check_int(outbox_pending(store), 0);
        close_relay();
}

static void hide_headers(void)
{
        the_first_lands();
        say_unheard("a");
        relay_leave_by_all(&r, 2, 4000);
        things_sql("ALTER TABLE outbox RENAME COLUMN headers TO hidden");
        bus.when_asked = out_of_time;
}

/* Twice too late. A commit meanwhile is no reason to try sooner. */
static void show_headers(void)
{
        static int asked;

        if (++asked == 3)
                things_sql("ALTER TABLE outbox RENAME COLUMN hidden TO headers");
        r.told = true;
}

static void a_table_that_cannot_be_read_is_read_again(void)
{
        int64_t begun;

        open_relay();
        overhear();
        run_with_one_flying(hide_headers);
        check_int(r.oldest_at, 4000);
        bus.when_asked = NULL;
        check_int(overheard("the outbox cannot be read now"), 1);
        r.failing = false;
        run_out_of_time();
        check_int(overheard("the outbox cannot be read now"), 2);
        check(r.failing);
        bus.when_asked = show_headers;
        begun = clock_mono_us();
        run_to_the_end();
        check(clock_mono_us() - begun >= 2 * RELAY_AGAIN_MS * 1000);
        check_int(overheard("the outbox cannot be read now"), 2); /* once */
        overhear_no_more();
        check(!r.failing);
        check_text(handed(), " 1 2");
        close_relay();
}

static void return_all(void)
{
        bus.when_sent = NULL;
        for (size_t i = 1; i < bus.count; i++)
                answer(bus.handed[i], BUS_RETURNED);
}

static void read_no_further(void)
{
        if (bus.sends == 2) {
                check_int(lane("a")->left, 2);
                check_int(lane("a")->read_to, 1 + RELAY_PAGE);
                bus.lands = true;
                bus.when_asked = NULL;
        }
}

static void say_two_pages(void)
{
        int many = 2 * RELAY_PAGE;

        the_first_lands();
        bus.lands = false;
        outbox_on_commit(store, NULL, NULL);
        say(many);
        relay_leave(lane("a"), 2, 1000);
        bus.when_sent = return_all;
        bus.when_asked = read_no_further;
}

static void a_pass_ends_where_nobody_takes_more(void)
{
        open_relay();
        run_with_one_flying(say_two_pages);
        check_int(outbox_pending(store), 0);
        close_relay();
}

static void hide_the_table(void)
{
        the_first_lands();
        say_each("a");
        things_sql("ALTER TABLE outbox RENAME COLUMN headers TO hidden");
}

static void the_table_is_not_read_for_what_memory_has(void)
{
        open_relay();
        overhear();
        run_with_one_flying(hide_the_table);
        check_text(handed(), " 1 2");
        check_int(overheard("the outbox cannot be read now"), 0);
        overhear_no_more();
        close_relay();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(batches_in_memory_are_bounded_too),
                STORY(memory_is_full_to_the_byte),
                STORY(a_commit_wakes_who_listens_once),
                STORY(an_earlier_life_is_read_first),
                STORY(records_sent_by_an_earlier_relay_are_not_handed_over_again),
                STORY(what_was_read_is_not_taken_from_memory),
                STORY(a_pass_begins_with_the_first_that_any_lane_left),
                STORY(records_dropped_from_memory_are_read),
                STORY(the_age_of_what_an_earlier_life_left_is_known),
                STORY(the_age_of_what_memory_let_go_of_is_known),
                STORY(the_age_of_what_memory_has_is_known),
                STORY(parts_that_grow_let_the_table_tell),
                STORY(a_record_given_back_after_parts_grew_comes_again),
                STORY(records_that_a_lane_left_are_read_when_it_opens),
                STORY(a_table_that_cannot_be_read_is_read_again),
                STORY(the_table_is_not_read_for_what_memory_has),
                STORY(a_pass_ends_where_nobody_takes_more),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
