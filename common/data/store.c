#include "data/store.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/thread.h"
#include "data/event_form.h"
#include "data/inbox_blocks.h"
#include "data/schema.h"
#include "data/store_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_source(const char *service, char *source, size_t size)
{
        char uuid[RANDOM_UUID];

        random_uuid(uuid);
        snprintf(source, size, "/%s/%s", service, uuid);
}

/* The source is made with the store, and kept in it. */
static bool load_source(struct store *store, struct error *error)
{
        char fresh[200];
        struct statement *s = db_prepare_once(store->writer,
                                              "INSERT INTO meta (name, value) VALUES ('source', ?)"
                                              " ON CONFLICT (name) DO NOTHING",
                                              error);

        if (!s)
                return false;
        make_source(store->service, fresh, sizeof fresh);
        bind_text(s, 1, fresh);
        statement_run(s, error);
        statement_close(&s);
        s = db_prepare_once(store->writer, "SELECT value FROM meta WHERE name = 'source'", error);
        if (s && statement_step(s, error) == DB_ROW)
                store->source = memory_string(column_text(s, 0));
        statement_close(&s);
        return store->source != NULL;
}

static bool load_sequence(struct store *store, int i, const char *name, struct error *error)
{
        struct statement *s = db_prepare_once(
                store->writer, "SELECT last FROM sequences WHERE name = ? AND slot = 0", error);
        enum db_step step;

        if (!s)
                return false;
        bind_text(s, 1, name);
        step = statement_step(s, error);
        if (step == DB_ROW)
                store->sequences[i].last = column_int(s, 0);
        if (store->sequences[i].last < atomic_load(&store->ids_from))
                store->sequences[i].last = atomic_load(&store->ids_from);
        store->written[i] = store->sequences[i];
        statement_close(&s);
        return step != DB_FAILED;
}

/* Counts what an earlier process did not publish. */
static bool load_outbox(struct store *store, struct error *error)
{
        struct statement *s = db_prepare_once(
                store->writer, "SELECT coalesce(sum(events), 0) FROM outbox WHERE parked IS NULL",
                error);
        int64_t waiting = 0;
        bool counted = s && statement_number(s, &waiting, error);

        atomic_store(&store->outbox.waiting, waiting);
        statement_close(&s);
        return counted;
}

static bool load_own(struct store *store, struct error *error)
{
        atomic_store(&store->ids_from, renewed_from(store->writer, error));
        for (int i = 0; i < store->table_count; i++)
                if (!load_sequence(store, i, store->tables[i]->entity->collection, error))
                        return false;
        if (!load_sequence(store, STORE_OUTBOX, "outbox", error))
                return false;
        atomic_store(&store->events_given, store->written[STORE_OUTBOX].last);
        return load_outbox(store, error) && inbox_blocks_look(store, error);
}

/* Of the processes that share a store one decides; none takes an id meanwhile. */
static bool begin_with(struct store *store, int64_t first, struct error *error)
{
        if (!first)
                return true;
        if (!db_begin(store->writer, true, error))
                return false;
        if (renew_begin(store->writer, first, error) && db_commit(store->writer, error))
                return true;
        db_rollback(store->writer);
        return false;
}

static bool load(struct store *store, int64_t first, struct error *error)
{
        return load_source(store, error) && begin_with(store, first, error) &&
               (store->shared || load_own(store, error));
}

static bool open_readers(struct store *store, const struct store_config *config,
                         struct error *error)
{
        while (store->reader_count < config->readers && store->reader_count < STORE_READERS) {
                struct db *db = db_open(config->url, config->service, DB_READER, error);

                if (!db)
                        return false;
                store->readers[store->reader_count++] = db;
        }
        return true;
}

static int random_slot(void)
{
        unsigned char number;

        random_bytes(&number, sizeof number);
        return number % STORE_SLOTS;
}

static struct store *store_new(const struct store_config *config)
{
        struct store *store = memory_alloc(sizeof *store);

        store->service = config->service;
        store->url = memory_string(config->url);
        store->shared = db_url_is_shared(config->url);
        store->slot = store->shared ? random_slot() : 0;
        store->config = config->config;
        store->faults = config->faults;
        store->value_max = config->value_max;
        store->record_max = config->record_max;
        store->arena = arena_open();
        store->scratch = arena_open();
        store->announcer = event_form_announcer(config->pod, config->version, store->arena);
        store->recent = row_cache_open();
        atomic_store(&store->well, true);
        pthread_mutex_init(&store->lock, NULL);
        pthread_mutex_init(&store->outbox.lock, NULL);
        pthread_mutex_init(&store->outbox.telling, NULL);
        pthread_cond_init(&store->work, NULL);
        pthread_cond_init(&store->reader_back, NULL);
        for (const struct entity *const *e = config->entities;
             *e && store->table_count < STORE_TABLES; e++)
                store->tables[store->table_count++] = table_open(*e, store->shared, store->arena);
        return store;
}

static void store_free(struct store *store)
{
        for (int i = 0; i < store->reader_count; i++)
                db_close(&store->readers[i]);
        db_close(&store->writer);
        for (int i = 0; i < store->table_count; i++)
                free(store->stocks[i].ids);
        free(store->changes);
        free(store->traced);
        sources_forget(store);
        row_cache_close(&store->recent);
        arena_close(&store->arena);
        arena_close(&store->scratch);
        free(store->outbox.sent);
        free(store->outbox.gone);
        pthread_mutex_destroy(&store->outbox.lock);
        pthread_mutex_destroy(&store->outbox.telling);
        pthread_mutex_destroy(&store->lock);
        pthread_cond_destroy(&store->work);
        pthread_cond_destroy(&store->reader_back);
        free(store->source);
        free(store->url);
        free(store);
}

struct store *store_open(const struct store_config *config, struct error *error)
{
        struct store *store = store_new(config);

        store->writer = db_open(config->url, config->service, DB_WRITER, error);
        if (store->writer &&
            schema_migrate(store->writer, config->service, config->entities, error) &&
            load(store, config->first_id, error) && open_readers(store, config, error)) {
                reads_begin(store);
                store->thread = thread_start("writer", writer_main, store);
                return store;
        }
        store_free(store);
        return NULL;
}

void store_close(struct store **at)
{
        struct store *store = *at;

        if (!store)
                return;
        *at = NULL;
        reads_end(store);
        pthread_mutex_lock(&store->lock);
        store->closing = true;
        pthread_cond_signal(&store->work);
        pthread_mutex_unlock(&store->lock);
        pthread_join(store->thread, NULL);
        store_free(store);
}

bool store_is_shared(const struct store *store)
{
        return store->shared;
}

const char *store_source(const struct store *store)
{
        return store->source;
}

const struct table *store_table(const struct store *store, const struct entity *entity)
{
        for (int i = 0; i < store->table_count; i++)
                if (store->tables[i]->entity == entity)
                        return store->tables[i];
        log_write(LOG_ERROR, "no table for this entity: it is missing in the service", "entity",
                  entity->collection, NULL);
        abort();
}

void store_submit(struct store *store, struct job *job)
{
        job->next = NULL;
        pthread_mutex_lock(&store->lock);
        if (store->first)
                store->last->next = job;
        else
                store->first = job;
        store->last = job;
        pthread_cond_signal(&store->work);
        pthread_mutex_unlock(&store->lock);
}

struct waiting {
        pthread_mutex_t lock;
        pthread_cond_t over;
        bool done;
        struct error error;
        void (*run)(struct unit *, void *);
        void *arg;
};

static void run_waited(struct unit *unit, void *arg)
{
        struct waiting *w = arg;

        w->run(unit, w->arg);
}

static void done_waited(void *arg, const struct error *error)
{
        struct waiting *w = arg;

        pthread_mutex_lock(&w->lock);
        w->error = *error;
        w->done = true;
        pthread_cond_signal(&w->over);
        pthread_mutex_unlock(&w->lock);
}

bool store_run(struct store *store, void (*run)(struct unit *, void *), void *arg,
               struct arena *arena, struct error *error)
{
        struct waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER,
                            .over = PTHREAD_COND_INITIALIZER,
                            .run = run,
                            .arg = arg};
        struct job job = {.run = run_waited, .done = done_waited, .arg = &w, .arena = arena};

        store_submit(store, &job);
        pthread_mutex_lock(&w.lock);
        while (!w.done)
                pthread_cond_wait(&w.over, &w.lock);
        pthread_mutex_unlock(&w.lock);
        if (w.error.kind != ERROR_NONE)
                *error = w.error;
        return w.error.kind == ERROR_NONE;
}

struct db *store_read_begin(struct store *store)
{
        struct db *db;

        pthread_mutex_lock(&store->lock);
        while (store->reader_count == 0)
                pthread_cond_wait(&store->reader_back, &store->lock);
        db = store->readers[--store->reader_count];
        pthread_mutex_unlock(&store->lock);
        return db;
}

void store_read_end(struct store *store, struct db *db)
{
        pthread_mutex_lock(&store->lock);
        store->readers[store->reader_count++] = db;
        pthread_cond_signal(&store->reader_back);
        pthread_mutex_unlock(&store->lock);
}

bool store_get(struct store *store, const struct entity *entity, int64_t id, struct arena *arena,
               void **row, struct error *error)
{
        uint64_t moment =
                store->shared ? 0 : row_cache_moment(store->recent); /* we do not hear of other
                                                                        processes' commits */
        struct db *db;
        bool done;

        *row = row_cache_find(store->recent, entity, id, moment, arena);
        if (*row)
                return true;
        db = store_read_begin(store);
        done = table_get(db, store_table(store, entity), TABLE_TO_LOOK, id, arena, row, error);
        store_read_end(store, db);
        if (done && *row)
                row_cache_keep(store->recent, entity, *row, moment);
        return done;
}

int64_t store_busy_ms(const struct store *store)
{
        int64_t since = atomic_load(&store->busy_since);

        return since ? (clock_mono_us() - since) / 1000 : 0;
}

bool store_is_well(const struct store *store)
{
        return atomic_load(&store->well);
}

/* As much as some requests write, and random, so that nothing can compress it: a disk with one
   or two free pages is as good as full. */
static const char *probe_value(struct arena *arena)
{
        enum { BYTES = 64 << 10 };
        struct text value = text_open(arena, BYTES + 1);
        unsigned char some[256];

        while (value.len < BYTES) {
                random_bytes(some, sizeof some);
                for (size_t i = 0; i < sizeof some; i++)
                        text_char(&value, (char)('0' + some[i] % 64));
        }
        return value.at;
}

static void probe(struct unit *unit, void *arg)
{
        static const char sql[] = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) "
                                  "DO UPDATE SET value = excluded.value";
        struct statement *s = db_prepare(unit->store->writer, sql, &unit->error);

        (void)arg;
        if (!s || !unit_may_write(unit))
                return;
        bind_text(s, 1,
                  arena_printf(unit->arena, "probe %d",
                               unit->store->slot)); /* a name for each process: none waits for
                                                       another's row */
        bind_text(s, 2, probe_value(unit->arena));
        statement_run(s, &unit->error);
}

static void probed(void *arg, const struct error *error)
{
        struct store *store = arg;

        (void)error;
        arena_close(&store->probe.arena);
        atomic_store(&store->probing, false);
}

void store_probe(struct store *store)
{
        if (atomic_exchange(&store->probing, true))
                return;
        store->probe =
                (struct job){.run = probe, .done = probed, .arg = store, .arena = arena_open()};
        store_submit(store, &store->probe);
}
