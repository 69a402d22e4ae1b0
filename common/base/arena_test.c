/* Memory of many arenas under one allowance, pieces that grow, and what a reset keeps. */
#include "base/arena.h"

#include "base/text.h"
#include "testing/check.h"

#include <stdlib.h>
#include <string.h>

static int64_t taken(struct allowance *allowance)
{
        return (int64_t)atomic_load(&allowance->taken);
}

static void small_pieces_are_free(void)
{
        struct allowance allowance = {.most = 1000};
        struct arena *arena = arena_open_within(&allowance);

        arena_alloc(arena, 3000);
        check_int(taken(&allowance), 0);
        arena_reset(arena);
        arena_alloc(arena, 9000);
        check(taken(&allowance) >= 9000);
        arena_reset(arena); /* the larger block is kept for the next time, and is then the arena's
                               own */
        check_int(taken(&allowance), 0);
        arena_alloc(arena, 9000);
        check_int(taken(&allowance), 0);
        arena_alloc(arena, 100000);
        check(taken(&allowance) >= 100000);
        arena_reset(arena);
        check_int(taken(&allowance), 0);
        arena_alloc(arena, 100000);
        arena_close(&arena);
        check_int(taken(&allowance), 0);
}

static void many_share_an_allowance(void)
{
        struct allowance allowance = {.most = 100000};
        struct arena *one = arena_open_within(&allowance), *other = arena_open_within(&allowance),
                     *free_one = arena_open();

        check(arena_may_take(one, 1 << 30)); /* nobody else takes anything */
        arena_alloc(one, 60000);
        check(arena_may_take(one, 1 << 30));
        check(arena_may_take(other, 1000)); /* it has that much already */
        check(arena_may_take(other, 25000));
        check(!arena_may_take(other, 60000));
        arena_alloc(other, 60000);
        check(!arena_may_take(one, 100000) && !arena_may_take(other, 100000) &&
              arena_may_take(free_one, 1 << 30));
        arena_reset(one);
        check(arena_may_take(other, 1 << 30));
        arena_close(&one);
        arena_close(&other);
        arena_close(&free_one);
}

/* Large arenas leave room for many small ones; a small one that grows becomes a large one. */
static void an_eighth_is_for_small_ones(void)
{
        enum { MOST = 1 << 20, LARGE = 32 << 10, SMALL = 8 << 10, ARENAS = 100 };
        struct allowance allowance = {.most = MOST};
        struct arena *arenas[ARENAS];
        int large = 0, small = 0;

        for (int i = 0; i < ARENAS; i++) {
                arenas[i] = arena_open_within(&allowance);
                if (arena_may_take(arenas[i], LARGE)) {
                        arena_alloc(arenas[i], LARGE);
                        large++;
                } else if (arena_may_take(arenas[i], SMALL)) {
                        arena_alloc(arenas[i], SMALL);
                        small++;
                        check(!arena_may_take(arenas[i], LARGE - SMALL));
                }
        }
        check_int(large, MOST / 8 * 7 / LARGE);
        check_int(small, MOST / 8 / SMALL);
        check_int(taken(&allowance), MOST);
        for (int i = 0; i < ARENAS; i++)
                arena_close(&arenas[i]);
        check_int(taken(&allowance), 0);
}

/* A text that grows to 4 MB leaves no copies, whatever piece came before it; one with a piece after
   it moves. */
static void a_growing_piece_leaves_nothing_behind(void)
{
        struct allowance allowance = {.most = 1 << 30};
        struct arena *arena = arena_open_within(&allowance);
        struct text text, other;

        arena_alloc(arena, 100);
        text = text_open(arena, 10);
        for (int i = 0; i < 1 << 20; i++)
                text_add(&text, "abcd", 4);
        check_int((int64_t)text.len, 4 << 20);
        check(taken(&allowance) < 9 << 20);
        for (size_t i = 0; i < text.len; i += 4)
                check(memcmp(text.at + i, "abcd", 4) == 0);
        arena_reset(arena);
        check_int(taken(&allowance), 0);
        text = text_open(arena, 100);
        other = text_open(arena, 100);
        for (int i = 0; i < 100000; i++) {
                text_add(&text, "abcd", 4);
                text_add(&other, "efgh", 4);
        }
        check(strncmp(text.at + 399996, "abcd", 5) == 0 &&
              strncmp(other.at + 399996, "efgh", 5) == 0);
        check_int((int64_t)strlen(text.at), 400000);
        arena_close(&arena);
        check_int(taken(&allowance), 0);
}

static void an_array_keeps_its_elements_as_it_grows(void)
{
        enum { MANY = 1000 };
        struct arena *arena = arena_open();
        int *ours = NULL, *its = NULL;
        size_t our_room = 0, its_room = 0;

        for (int i = 0; i < MANY; i++) {
                size_t before = our_room;

                ours = memory_reserve(ours, &our_room, (size_t)i + 1, sizeof *ours);
                its = arena_reserve(arena, its, &its_room, (size_t)i + 1, sizeof *its);
                check(our_room > (size_t)i && its_room == our_room);
                if (before) /* it doubles, once it is full */
                        check(our_room == ((size_t)i == before ? 2 * before : before));
                ours[i] = its[i] = i;
                arena_string(arena, "between"); /* so that the array must move */
        }
        for (int i = 0; i < MANY; i++)
                check(ours[i] == i && its[i] == i);
        ours = memory_reserve(ours, &our_room, 5 * MANY, sizeof *ours);
        check_int((int64_t)our_room, 5 * MANY);
        free(ours);
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(small_pieces_are_free),
                STORY(many_share_an_allowance),
                STORY(an_eighth_is_for_small_ones),
                STORY(a_growing_piece_leaves_nothing_behind),
                STORY(an_array_keeps_its_elements_as_it_grows),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
