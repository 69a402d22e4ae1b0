/* held - for tests only: a table of things on PostgreSQL that nobody can read for a while. */
#ifndef TESTING_HELD_H
#define TESTING_HELD_H

#include "testing/thing.h"

static inline bool things_are_shared(void)
{
        return getenv("MALL_TEST_STORE") != NULL;
}

/* Until things_release; a reader gives up after its lock_timeout (3 s). */
static inline struct db *things_hold(void)
{
        struct error e = {0};
        struct db *db = db_open(things_url(), things_service(), DB_WRITER, &e);

        check_text(e.text, "");
        check(db_exec(db, "BEGIN; LOCK TABLE things IN ACCESS EXCLUSIVE MODE", &e));
        return db;
}

static inline void things_release(struct db **held)
{
        struct error e = {0};

        check(db_exec(*held, "COMMIT", &e));
        db_close(held);
}

/* The number that the statement gives becomes at least that. */
static inline void until_at_least(struct db *db, const char *sql, int64_t wanted)
{
        int64_t end = clock_mono_us() + 5000000, number = 0;
        struct error e = {0};

        while (number < wanted && clock_mono_us() < end)
                check(statement_number(db_prepare(db, sql, &e), &number, &e));
        check(number >= wanted);
}

/* So many sessions of the story wait for the table. */
static inline void things_are_waited_for(struct db *held, int sessions)
{
        until_at_least(held,
                       "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = "
                       "'things'::regclass",
                       sessions);
}

#endif
