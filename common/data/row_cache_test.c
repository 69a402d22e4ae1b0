#include "data/row_cache.h"
#include "testing/thing.h"

#include <pthread.h>

static struct row_cache *recent;
static struct arena *arena;

static void begin(void)
{
        recent = row_cache_open();
        arena = arena_open();
}

static void end(void)
{
        row_cache_close(&recent);
        arena_close(&arena);
}

static void keep(int64_t id, const char *name)
{
        struct thing t = {.row = {id, 7}, .name = name, .qty = {true, 5}};

        row_cache_keep(recent, &thing_entity, &t, row_cache_moment(recent));
}

static const struct thing *find(int64_t id)
{
        return row_cache_find(recent, &thing_entity, id, row_cache_moment(recent), arena);
}

static void a_kept_row_is_found_as_a_copy(void)
{
        const struct thing *t;

        begin();
        keep(1, "lamp");
        t = find(1);
        keep(1, "sofa"); /* does not reach what was given */
        check(t != NULL);
        check_text(t->name, "lamp");
        check_int(t->row.id, 1);
        check_int(t->row.version, 7);
        check_int(t->qty.value, 5);
        check(t->secret == NULL && !t->big.known);
        check(find(2) == NULL);
        check(row_cache_find(recent, NULL, 1, row_cache_moment(recent), arena) == NULL);
        end();
}

static void a_commit_ends_it(void)
{
        begin();
        keep(1, "lamp");
        row_cache_commit_begins(recent);
        check(find(1) == NULL); /* no row counts during a commit ... */
        keep(1, "sofa");
        row_cache_commit_ended(recent);
        check(find(1) == NULL); /* ... nor after it */
        keep(1, "sofa");
        check_text(find(1)->name, "sofa");
        end();
}

static void a_row_read_before_a_commit_is_not_kept_after_it(void)
{
        struct thing t = {.row = {1, 1}, .name = "old"};
        uint64_t moment;

        begin();
        moment = row_cache_moment(recent);
        row_cache_commit_begins(recent);
        row_cache_commit_ended(recent);
        row_cache_keep(recent, &thing_entity, &t, moment);
        check(find(1) == NULL);
        end();
}

static void a_large_row_is_not_kept(void)
{
        char name[2000];

        memset(name, 'x', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        begin();
        keep(1, "lamp");
        keep(1, name);
        check(find(1) == NULL);
        end();
}

static void set_name(struct unit *unit, void *arg)
{
        struct thing *t = unit_get(unit, &thing_entity, 1);

        t->name = arg;
        unit_save(unit, &thing_entity, t);
}

enum { TURNS = 300 };

static struct store *store;
static _Atomic int64_t answered;

/* A commit that was answered before a read began is in what the read finds. */
static void *read_on(void *arg)
{
        int64_t least;

        while ((least = answered) < INT64_MAX) {
                struct arena *mine = arena_open();
                struct error e = {0};
                void *row;

                if (!store_get(store, &thing_entity, 1, mine, &row, &e) ||
                    ((struct thing *)row)->row.version < least)
                        *(bool *)arg = true;
                arena_close(&mine);
        }
        return NULL;
}

static void no_read_is_older_than_an_answer(void)
{
        bool stale[2] = {false, false};
        char name[] = "x";
        pthread_t readers[2];

        store = things_open();
        things_add(store, "0");
        for (int i = 0; i < 2; i++)
                check_int(pthread_create(&readers[i], NULL, read_on, &stale[i]), 0);
        for (int i = 1; i <= TURNS; i++) {
                struct arena *mine = arena_open();
                struct error e = {0};
                void *row;

                check_int(things_do(store, set_name, name), ERROR_NONE);
                check(store_get(store, &thing_entity, 1, mine, &row, &e));
                answered = ((struct thing *)row)->row.version;
                arena_close(&mine);
        }
        answered = INT64_MAX;
        for (int i = 0; i < 2; i++)
                pthread_join(readers[i], NULL);
        check(!stale[0] && !stale[1]);
        store_close(&store);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_kept_row_is_found_as_a_copy),
                STORY(a_commit_ends_it),
                STORY(a_row_read_before_a_commit_is_not_kept_after_it),
                STORY(a_large_row_is_not_kept),
                STORY(no_read_is_older_than_an_answer),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
