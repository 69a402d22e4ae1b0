#include "base/faults.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/fault_load.h"
#include "base/fault_read.h"
#include "base/fault_write.h"
#include "base/faults_kinds.h"
#include "base/log.h"
#include "base/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_MOST = 32, ENDED_MOST = 20, LOOK_US = 100 * 1000 };

struct faults {
        struct faults_config config;
        struct metric *injected[FAULT_KINDS];
        pthread_mutex_t adding; /* one fault is added at a time; taken before the lock */
        _Atomic uint32_t on;    /* of which kinds there are some */
        pthread_mutex_t lock;   /* all below; held for moments, since requests wait for it */
        struct fault *all[FAULTS_MOST]; /* the oldest first */
        int count;
        struct fault *ended[ENDED_MOST]; /* the newest first */
        int64_t last_id;
        struct prng random;
};

const struct metric_family fault_families[] = {
        {"mall_faults_injected_total",
         "Failures that were switched on and struck",
         METRIC_COUNTER,
         {"kind"}},
        {NULL},
};

struct faults *faults_open(const struct faults_config *config)
{
        struct faults *f = memory_alloc(sizeof *f);

        f->config = *config;
        f->random = config->seed ? prng_open(config->seed) : prng_open_random();
        pthread_mutex_init(&f->adding, NULL);
        pthread_mutex_init(&f->lock, NULL);
        for (int kind = 0; kind < FAULT_KINDS; kind++)
                if (config->metrics && config->kinds & UINT32_C(1) << kind)
                        f->injected[kind] = metrics_series(config->metrics, &fault_families[0],
                                                           &fault_rows[kind].name);
        return f;
}

static pthread_mutex_t *lock_of(const struct faults *f)
{
        return (pthread_mutex_t *)(uintptr_t)&f->lock;
}

/* ---- does it strike? ---- */

bool faults_kind_is_on(const struct faults *f, enum fault_kind kind)
{
        return atomic_load_explicit(&f->on, memory_order_relaxed) & UINT32_C(1) << kind;
}

/* Under the lock, as all that follows where it says nothing else. */
static void count_injection(struct faults *f, struct fault *one)
{
        one->injected++;
        if (f->injected[one->kind])
                metric_add(f->injected[one->kind], 1);
}

static struct fault *striking(struct faults *f, enum fault_kind kind,
                              const struct fault_place *place)
{
        int64_t now = clock_mono_us();

        for (int i = 0; i < f->count; i++) {
                struct fault *one = f->all[i];

                if (one->kind == kind && one->end_us > now && fault_matches(one, place) &&
                    fault_draw(&f->random) < one->rate)
                        return one;
        }
        return NULL;
}

bool faults_strike(struct faults *f, enum fault_kind kind, const struct fault_place *place,
                   struct injection *injection)
{
        static const struct fault_place nowhere;
        struct fault *one;

        if (!faults_may(f, kind))
                return false;
        pthread_mutex_lock(&f->lock);
        one = striking(f, kind, place ? place : &nowhere);
        if (one) {
                count_injection(f, one);
                if (injection)
                        *injection = (struct injection){one->id, fault_delay_us(one, &f->random),
                                                        one->status};
        }
        pthread_mutex_unlock(&f->lock);
        return one != NULL;
}

static struct fault *find(const struct faults *f, int64_t id)
{
        for (int i = 0; i < f->count; i++)
                if (f->all[i]->id == id)
                        return f->all[i];
        return NULL;
}

bool faults_still(const struct faults *f, int64_t id)
{
        const struct fault *one;
        bool still;

        pthread_mutex_lock(lock_of(f));
        one = find(f, id);
        still = one && one->end_us > clock_mono_us();
        pthread_mutex_unlock(lock_of(f));
        return still;
}

bool faults_wait(const struct faults *f, int64_t id, int64_t until_us,
                 bool (*rest)(void *arg, int64_t us), void *arg)
{
        int64_t left;

        while (faults_still(f, id) && (left = until_us - clock_mono_us()) > 0)
                if (!rest(arg, left < LOOK_US ? left : LOOK_US))
                        return false;
        return true;
}

/* ---- it begins and ends ---- */

static void log_fault(const struct fault *one, const char *message)
{
        struct arena *arena = arena_open();
        struct text target = text_open(arena, 100), parameters = text_open(arena, 100);
        const char *injected = one->reason ? arena_decimal(arena, one->injected) : NULL;

        fault_write_target(one, &target);
        fault_write_parameters(one, &parameters);
        log_write(LOG_WARN, message, "fault.kind", fault_rows[one->kind].name, "fault.target",
                  target.len ? target.at : "all", "fault.parameters", parameters.at, "fault.id",
                  arena_decimal(arena, one->id), "fault.warning", one->warning, "fault.injected",
                  injected, "fault.reason", one->reason, NULL);
        arena_close(&arena);
}

static void note_kinds(struct faults *f)
{
        uint32_t on = 0;

        for (int i = 0; i < f->count; i++)
                on |= UINT32_C(1) << f->all[i]->kind;
        atomic_store(&f->on, on);
}

static void begin(struct faults *f, struct fault *one)
{
        one->id = ++f->last_id;
        one->begun_ms = clock_wall_ms();
        one->end_us = clock_mono_us() + one->duration_ms * 1000;
        f->all[f->count++] = one;
        note_kinds(f);
        log_fault(one, "a fault begins");
        if (one->load)
                count_injection(f, one);
}

/* Moves it to those that ended. */
static void end_at(struct faults *f, int place, const char *why)
{
        struct fault *one = f->all[place];

        one->ended_ms = clock_wall_ms();
        one->reason = why;
        f->count--;
        memmove(f->all + place, f->all + place + 1, (size_t)(f->count - place) * sizeof *f->all);
        note_kinds(f);
        log_fault(one, "a fault ended");
        fault_free(f->ended[ENDED_MOST - 1]);
        memmove(f->ended + 1, f->ended, (ENDED_MOST - 1) * sizeof *f->ended);
        f->ended[0] = one;
}

static const int64_t ANY = -1; /* ids are above 0 */

/* Takes the lock. Ends that one, or any, if it is over by then; returns how many. What a load holds
   is given back without the lock. */
static int end_those(struct faults *f, int64_t id, int64_t by_us, const char *why)
{
        struct fault_load *loads[FAULTS_MOST];
        int ended = 0;

        pthread_mutex_lock(&f->lock);
        for (int i = 0; i < f->count;) {
                struct fault *one = f->all[i];

                if ((id != ANY && one->id != id) || one->end_us > by_us) {
                        i++;
                        continue;
                }
                loads[ended++] = one->load;
                one->load = NULL;
                end_at(f, i, why);
        }
        pthread_mutex_unlock(&f->lock);
        for (int i = 0; i < ended; i++)
                fault_load_end(&loads[i]);
        return ended;
}

void faults_tick(struct faults *f)
{
        end_those(f, ANY, clock_mono_us(), "its time is over");
}

bool faults_remove(struct faults *f, int64_t id)
{
        faults_tick(f);
        return id > 0 && end_those(f, id, INT64_MAX, "it was removed") > 0;
}

int faults_clear(struct faults *f)
{
        faults_tick(f);
        return end_those(f, ANY, INT64_MAX, "it was removed");
}

void faults_close(struct faults **faults)
{
        struct faults *f = *faults;

        if (!f)
                return;
        *faults = NULL;
        end_those(f, ANY, INT64_MAX, "the process ends");
        for (int i = 0; i < ENDED_MOST; i++)
                fault_free(f->ended[i]);
        pthread_mutex_destroy(&f->lock);
        pthread_mutex_destroy(&f->adding);
        free(f);
}

/* ---- it is added ---- */

static bool has_room(struct faults *f, struct error *error)
{
        bool has;

        faults_tick(f);
        pthread_mutex_lock(&f->lock);
        has = f->count < FAULTS_MOST;
        pthread_mutex_unlock(&f->lock);
        return has ||
               error_set(error, ERROR_CONFLICT, "%d faults are on, which is the most", FAULTS_MOST);
}

static void warn(const struct faults *f, struct fault *one)
{
        struct arena *arena;
        struct text why;

        if (!f->config.check)
                return;
        arena = arena_open();
        why = text_open(arena, 100);
        f->config.check(f->config.arg, one, &why);
        one->warning = why.len ? memory_string(why.at) : NULL;
        arena_close(&arena);
}

static bool begin_load(const struct faults *f, struct fault *one, struct error *error)
{
        if (one->kind == FAULT_CPU || one->kind == FAULT_MEMORY)
                one->load = fault_load_begin(one, f->config.root ? f->config.root : "", error);
        else
                return true;
        return one->load != NULL;
}

/* Holds `adding`. */
static int64_t add(struct faults *f, struct fault *one, struct error *error)
{
        int64_t id;

        if (!has_room(f, error) || !begin_load(f, one, error))
                return 0;
        pthread_mutex_lock(&f->lock);
        begin(f, one);
        id = one->id;
        pthread_mutex_unlock(&f->lock);
        return id;
}

int64_t faults_add(struct faults *f, const struct json *body, struct error *error)
{
        struct fault *one = fault_read(f->config.kinds, body, error);
        int64_t id;

        if (!one)
                return 0;
        warn(f, one);
        pthread_mutex_lock(&f->adding);
        id = add(f, one, error);
        pthread_mutex_unlock(&f->adding);
        if (!id)
                fault_free(one);
        return id;
}

/* ---- written ---- */

bool faults_write_one(struct faults *f, int64_t id, struct text *out)
{
        const struct fault *one;

        faults_tick(f);
        pthread_mutex_lock(&f->lock);
        one = find(f, id);
        if (one)
                fault_write(one, out);
        pthread_mutex_unlock(&f->lock);
        return one != NULL;
}

static void write_all(struct fault *const *all, int count, struct text *out)
{
        for (int i = 0; i < count && all[i]; i++) {
                if (i)
                        text_char(out, ',');
                fault_write(all[i], out);
        }
}

void faults_write(struct faults *f, struct text *out)
{
        text_char(out, '[');
        if (f) {
                faults_tick(f);
                pthread_mutex_lock(&f->lock);
                write_all(f->all, f->count, out);
                pthread_mutex_unlock(&f->lock);
        }
        text_char(out, ']');
}

void faults_write_ended(struct faults *f, struct text *out)
{
        text_char(out, '[');
        if (f) {
                faults_tick(f);
                pthread_mutex_lock(&f->lock);
                write_all(f->ended, ENDED_MOST, out);
                pthread_mutex_unlock(&f->lock);
        }
        text_char(out, ']');
}

void faults_write_kinds(const struct faults *f, struct text *out)
{
        const char *comma = "";

        text_char(out, '[');
        for (int k = 0; f && k < FAULT_KINDS; k++) {
                if (!(f->config.kinds & UINT32_C(1) << k))
                        continue;
                text_string(out, comma);
                fault_write_kind((enum fault_kind)k, out);
                comma = ",";
        }
        text_char(out, ']');
}
