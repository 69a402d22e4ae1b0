#include "data/figures.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "data/store_inside.h"

#include <stdlib.h>
#include <string.h>

enum {
        EVERY_MS = 15 * 1000,
        PORTION = 20 * 1000,
        REST_TIMES = 20,
        VALUES_MOST = 20, /* and one more for all others */
        CANDIDATES = 10,  /* that are counted for each that is shown */
        ROWS_MOST = 100,
        LETTERS_MOST = 64,
        STATES_MOST = 20,
};

enum { SESSIONS, SESSIONS_MOST };

const struct metric_family store_families[] = {
        [SESSIONS] = {"mall_postgres_sessions",
                      "Sessions of the whole PostgreSQL server, by what they do",
                      METRIC_GAUGE,
                      {"state"}},
        [SESSIONS_MOST] = {"mall_postgres_sessions_max",
                           "Sessions that the PostgreSQL server allows (max_connections)",
                           METRIC_GAUGE,
                           {NULL}},
        {NULL},
};

struct figures {
        struct store *store;
        struct metrics *metrics;
        int every_ms, portion;
        pthread_t thread;
        struct arena *arena; /* of a look */
        bool failing;        /* the log says so */

        pthread_mutex_t lock; /* for closing */
        pthread_cond_t change;
        bool closing;
};

/* What a gauge is going to say. */
struct sheet {
        struct metric_sample *samples;
        size_t count, most; /* most: without the one for all others */
        bool others;
        double rest; /* of the others */
};

/* False: closing. */
static bool rest_until(struct figures *f, int64_t mono_us)
{
        int64_t left_us;
        bool go_on;

        pthread_mutex_lock(&f->lock);
        while (!f->closing && (left_us = mono_us - clock_mono_us()) > 0) {
                struct timespec t = clock_after(left_us / 1000 + 1);

                pthread_cond_clockwait(&f->change, &f->lock, CLOCK_MONOTONIC, &t);
        }
        go_on = !f->closing;
        pthread_mutex_unlock(&f->lock);
        return go_on;
}

/* ---- a sheet ---- */

static struct sheet sheet_open(struct figures *f, size_t most)
{
        struct sheet sheet = {.most = most};

        sheet.samples = arena_alloc(f->arena, (most * CANDIDATES + 1) * sizeof *sheet.samples);
        return sheet;
}

static struct metric_sample *sheet_find(const struct sheet *sheet, const char *label)
{
        for (size_t i = 0; i < sheet->count; i++)
                if (strcmp(sheet->samples[i].values[0], label) == 0)
                        return &sheet->samples[i];
        return NULL;
}

static struct metric_sample *sheet_least(const struct sheet *sheet)
{
        struct metric_sample *least = sheet->samples;

        for (size_t i = 1; i < sheet->count; i++)
                if (sheet->samples[i].value < least->value)
                        least = &sheet->samples[i];
        return least;
}

/* NULL: there are more candidates than are counted, and all of them have a larger number. */
static struct metric_sample *sheet_place(struct figures *f, struct sheet *sheet, const char *label,
                                         int64_t number)
{
        struct metric_sample *sample = sheet_find(sheet, label);

        if (sample)
                return sample;
        sample = &sheet->samples[sheet->count];
        if (sheet->count < sheet->most * CANDIDATES) {
                sheet->count++;
        } else {
                sample = sheet_least(sheet);
                sheet->others = true;
                if (sample->value >= (double)number)
                        return NULL;
                sheet->rest += sample->value;
        }
        *sample = (struct metric_sample){.values = {arena_string(f->arena, label)}};
        return sample;
}

/* A label that comes after many others takes the place of the one with the least number: whoever
   makes up labels cannot have those hidden that most rows have. */
static void sheet_add(struct figures *f, struct sheet *sheet, const char *label, int64_t number)
{
        struct metric_sample *sample = sheet_place(f, sheet, label ? label : "none", number);

        if (sample)
                sample->value += (double)number;
        else
                sheet->rest += (double)number;
}

static int by_number(const void *one, const void *other)
{
        const struct metric_sample *a = one, *b = other;

        if (a->value != b->value)
                return a->value < b->value ? 1 : -1;
        return strcmp(a->values[0], b->values[0]);
}

/* Keeps those with the largest numbers. */
static void sheet_cut(struct sheet *sheet)
{
        struct metric_sample *sample;

        if (sheet->count > sheet->most) {
                qsort(sheet->samples, sheet->count, sizeof *sheet->samples, by_number);
                sheet->others = true;
                while (sheet->count > sheet->most)
                        sheet->rest += sheet->samples[--sheet->count].value;
        }
        if (!sheet->others)
                return;
        sample = sheet_find(sheet, "other");
        if (!sample) {
                sample = &sheet->samples[sheet->count++];
                *sample = (struct metric_sample){.values = {"other"}};
        }
        sample->value += sheet->rest;
}

static void sheet_show(struct figures *f, const struct metric_family *family, struct sheet *sheet)
{
        sheet_cut(sheet);
        metrics_replace(f->metrics, family, sheet->samples, sheet->count);
}

/* ---- what is asked ---- */

/* One portion of rows, counted by the member's values; *after becomes the last of their ids, and
   rows is how many there were. */
static bool portion_count(struct figures *f, const char *sql, int64_t *after, int64_t *rows,
                          struct sheet *sheet, struct error *error)
{
        struct db *db = store_read_begin(f->store);
        struct statement *s = db_prepare_once(db, sql, error);
        enum db_step step = DB_FAILED;

        *rows = 0;
        if (s) {
                bind_int(s, 1, *after);
                bind_int(s, 2, f->portion);
        }
        while (s && (step = statement_step(s, error)) == DB_ROW) {
                sheet_add(f, sheet, column_text(s, 0), column_int(s, 1));
                *rows += column_int(s, 1);
                if (column_int(s, 2) > *after)
                        *after = column_int(s, 2);
        }
        statement_close(&s);
        store_read_end(f->store, db);
        return step == DB_DONE;
}

/* Stops without an error when the figures close. */
static bool rows_by(struct figures *f, const struct entity *e, const struct figure *figure,
                    struct sheet *sheet, struct error *error)
{
        const char *sql = arena_printf(
                f->arena,
                "SELECT label, count(*), max(id) FROM (SELECT id, substr(\"%s\", 1, %d) AS label "
                "FROM \"%s\" WHERE id > ? ORDER BY id LIMIT ?) AS portion GROUP BY label",
                figure->by, LETTERS_MOST, e->collection);
        int64_t after = 0, rows;

        *sheet = sheet_open(f, VALUES_MOST);
        do {
                int64_t begun = clock_mono_us(), now;

                if (!portion_count(f, sql, &after, &rows, sheet, error))
                        return false;
                now = clock_mono_us();
                if (rows == f->portion && !rest_until(f, now + (now - begun) * REST_TIMES))
                        return true;
        } while (rows == f->portion);
        return true;
}

static bool values_read(struct figures *f, struct db *db, const char *sql, struct sheet *sheet,
                        struct error *error)
{
        struct statement *s = db_prepare_once(db, sql, error);
        enum db_step step = DB_FAILED;

        while (s && (step = statement_step(s, error)) == DB_ROW)
                sheet_add(f, sheet, column_text(s, 0), column_int(s, 1));
        statement_close(&s);
        return step == DB_DONE;
}

static bool values_of(struct figures *f, const struct entity *e, const struct figure *figure,
                      struct sheet *sheet, struct error *error)
{
        const char *sql = arena_printf(f->arena,
                                       "SELECT substr(\"%s\", 1, %d), \"%s\" FROM \"%s\" WHERE "
                                       "\"%s\" IS NOT NULL ORDER BY id LIMIT %d",
                                       figure->by, LETTERS_MOST, figure->of, e->collection,
                                       figure->of, ROWS_MOST);
        struct db *db = store_read_begin(f->store);
        bool done;

        *sheet = sheet_open(f, ROWS_MOST);
        done = values_read(f, db, sql, sheet, error);
        store_read_end(f->store, db);
        return done;
}

static bool number_of_rows(struct figures *f, const struct entity *e, struct sheet *sheet,
                           struct error *error)
{
        struct db *db = store_read_begin(f->store);
        int64_t rows = 0;
        bool done = store_count(f->store, db, e, &rows, error);

        store_read_end(f->store, db);
        *sheet = sheet_open(f, 1);
        sheet->samples[sheet->count++].value = (double)rows;
        return done;
}

/* ---- a look ---- */

static void say(struct figures *f, const struct error *error)
{
        bool failed = error->kind != ERROR_NONE;

        if (failed && !f->failing)
                log_write(LOG_WARN, "rows cannot be counted for the metrics; trying again",
                          "error.message", error->text, NULL);
        f->failing = failed;
}

static bool closing(struct figures *f)
{
        return !rest_until(f, 0);
}

static void figure_look(struct figures *f, const struct entity *e, const struct figure *figure,
                        struct error *error)
{
        struct sheet sheet = {0};
        bool done = figure->of   ? values_of(f, e, figure, &sheet, error)
                    : figure->by ? rows_by(f, e, figure, &sheet, error)
                                 : number_of_rows(f, e, &sheet, error);

        if (!done)
                sheet = (struct sheet){0};
        if (!closing(f))
                sheet_show(f, &figure->family, &sheet);
}

/* Who may not see what others do sees neither their state nor their kind. */
static void sessions_look(struct figures *f, struct error *error)
{
        static const char states[] =
                "SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity WHERE "
                "backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL) "
                "GROUP BY 1";
        static const char most[] = "SELECT '', CAST(current_setting('max_connections') AS BIGINT)";
        struct sheet sessions = sheet_open(f, STATES_MOST), allowed = sheet_open(f, 1);
        struct db *db = store_read_begin(f->store);
        bool done = values_read(f, db, states, &sessions, error) &&
                    values_read(f, db, most, &allowed, error);

        store_read_end(f->store, db);
        if (!done)
                sessions = allowed = (struct sheet){0};
        sheet_show(f, &store_families[SESSIONS], &sessions);
        sheet_show(f, &store_families[SESSIONS_MOST], &allowed);
}

static void look(struct figures *f)
{
        struct error error = {0};

        if (f->store->shared)
                sessions_look(f, &error); /* first: rows may take long, and an alert waits */
        for (int i = 0; i < f->store->table_count; i++) {
                const struct entity *e = f->store->tables[i]->entity;

                for (const struct figure *figure = e->figures; figure && figure->family.name;
                     figure++)
                        figure_look(f, e, figure, &error);
        }
        say(f, &error);
}

static void *figures_main(void *arg)
{
        struct figures *f = arg;
        int64_t seen = -1, begun;

        do {
                int64_t commits = atomic_load(&f->store->commits);

                begun = clock_mono_us();
                if (f->store->shared || f->failing || commits != seen)
                        look(f);
                seen = commits;
                arena_reset(f->arena);
        } while (rest_until(f, begun + (int64_t)f->every_ms * 1000));
        return NULL;
}

struct figures *figures_open(const struct figures_config *config)
{
        struct figures *f = memory_alloc(sizeof *f);

        f->store = config->store;
        f->metrics = config->metrics;
        f->every_ms = config->every_ms ? config->every_ms : EVERY_MS;
        f->portion = config->portion ? config->portion : PORTION;
        f->arena = arena_open();
        pthread_mutex_init(&f->lock, NULL);
        pthread_cond_init(&f->change, NULL);
        f->thread = thread_start("figures", figures_main, f);
        return f;
}

void figures_close(struct figures **at)
{
        struct figures *f = *at;

        if (!f)
                return;
        *at = NULL;
        pthread_mutex_lock(&f->lock);
        f->closing = true;
        pthread_cond_signal(&f->change);
        pthread_mutex_unlock(&f->lock);
        pthread_join(f->thread, NULL);
        pthread_mutex_destroy(&f->lock);
        pthread_cond_destroy(&f->change);
        arena_close(&f->arena);
        free(f);
}
