#include "event/lookout.h"

#include "base/log.h"
#include "base/thread.h"

#include <stdlib.h>
#include <unistd.h>

enum { PORTION = 500, WAIT_MS = 200, PAUSE_US = 20000, FIRST_MS = 2000, CLOSE_MS = 2000 };

struct lookout {
        struct lookout_config config;
        struct bus *bus;
        pthread_t thread;
        enum error_kind trouble;
        atomic_bool current, closing;
};

static void tell(struct lookout *l, const struct error *error)
{
        if (error->kind == l->trouble)
                return;
        l->trouble = error->kind;
        if (error->kind)
                log_write(LOG_WARN, "the bus cannot be followed", "error.message", error->text,
                          NULL);
        else
                log_write(LOG_INFO, "the bus is followed again", NULL);
}

static size_t take_portion(struct lookout *l, struct arena *arena)
{
        struct record *records = arena_alloc(arena, PORTION * sizeof *records);
        struct error error = {0};
        size_t count = bus_poll(l->bus, records, PORTION, WAIT_MS, arena, &error);
        struct sighting sighting;

        tell(l, &error);
        for (size_t i = 0; i < count; i++) {
                recent_add(l->config.recent, &records[i], arena, &sighting);
                l->config.seen(l->config.arg, &sighting);
        }
        return count;
}

static void *run(void *arg)
{
        struct lookout *l = arg;
        struct arena *arena = arena_open();

        while (!atomic_load(&l->closing)) {
                size_t count = take_portion(l, arena);

                arena_reset(arena);
                l->config.round(l->config.arg, count > 0, bus_passed_over(l->bus));
                if (count < PORTION)
                        atomic_store(&l->current, true);
                if (count && count < PORTION)
                        usleep(PAUSE_US);
        }
        arena_close(&arena);
        return NULL;
}

struct lookout *lookout_open(const struct lookout_config *config, struct error *error)
{
        struct lookout *l = memory_alloc(sizeof *l);

        l->config = *config;
        l->bus = bus_open_follower(&config->bus, config->last, error);
        if (!l->bus) {
                free(l);
                return NULL;
        }
        l->thread = thread_start("lookout", run, l);
        for (int ms = 0; ms < FIRST_MS && !atomic_load(&l->current); ms += 10)
                usleep(10000);
        return l;
}

void lookout_close(struct lookout **at)
{
        struct lookout *l = *at;

        if (!l)
                return;
        *at = NULL;
        atomic_store(&l->closing, true);
        bus_wake(l->bus);
        pthread_join(l->thread, NULL);
        bus_close(&l->bus, CLOSE_MS);
        free(l);
}
