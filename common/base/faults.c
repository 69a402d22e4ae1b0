#include "base/faults.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/config_value.h"
#include "base/faults_kinds.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/suggest.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_MOST = 32, HOUR_MS = 3600000 };

static const double TWO_PI = 6.283185307179586;
static const double P99 = 2.3263478740408408; /* standard deviations of a normal distribution */

struct faults {
        struct faults_config config;
        _Atomic uint32_t on;  /* of which kinds there are some */
        pthread_mutex_t lock; /* all below */
        struct fault *all[FAULTS_MOST];
        int count;
        int64_t last_id;
        struct prng random;
        struct metric *injected[FAULT_KINDS];
};

static const struct metric_family injected_family = {"mall_faults_injected_total",
                                                     "Failures that were switched on and struck",
                                                     METRIC_COUNTER,
                                                     {"kind"}};

/* ---- the set ---- */

struct faults *faults_open(const struct faults_config *config)
{
        struct faults *f = memory_alloc(sizeof *f);

        f->config = *config;
        f->random = prng_open_random();
        pthread_mutex_init(&f->lock, NULL);
        for (int kind = 0; kind < FAULT_KINDS; kind++)
                if (config->metrics && config->kinds & UINT32_C(1) << kind)
                        f->injected[kind] = metrics_series(config->metrics, &injected_family,
                                                           &fault_rows[kind].name);
        return f;
}

static void fault_free(struct fault *f)
{
        free(f->method);
        free(f->path);
        free(f->route);
        free(f->type);
        free(f->key);
        free(f->warning);
        free(f);
}

/* Under the lock. */
static void note_kinds(struct faults *f)
{
        uint32_t on = 0;

        for (int i = 0; i < f->count; i++)
                on |= UINT32_C(1) << f->all[i]->kind;
        atomic_store(&f->on, on);
}

/* Under the lock. */
static void end_at(struct faults *f, int place, const char *why)
{
        struct fault *ended = f->all[place];
        char id[24];

        snprintf(id, sizeof id, "%lld", (long long)ended->id);
        log_write(LOG_WARN, "a fault ended", "fault.id", id, "fault.kind",
                  fault_rows[ended->kind].name, "fault.reason", why, NULL);
        f->all[place] = f->all[--f->count];
        note_kinds(f);
        fault_free(ended);
}

void faults_close(struct faults **faults)
{
        struct faults *f = *faults;

        if (!f)
                return;
        *faults = NULL;
        while (f->count)
                end_at(f, f->count - 1, "the process ends");
        pthread_mutex_destroy(&f->lock);
        free(f);
}

/* ---- does it strike? ---- */

bool faults_kind_is_on(const struct faults *f, enum fault_kind kind)
{
        return atomic_load_explicit(&f->on, memory_order_relaxed) & UINT32_C(1) << kind;
}

static bool word_is(const char *wanted, const char *word, size_t len)
{
        return !wanted || (word && strlen(wanted) == len && memcmp(wanted, word, len) == 0);
}

static bool path_is(const char *template, const char *path)
{
        if (!template)
                return true;
        if (!path)
                return false;
        for (;;) {
                size_t t = strcspn(template, "/"), p = strcspn(path, "/");

                if (strcmp(template, "**") == 0)
                        return true;
                if (template[0] == '{' ? !p : t != p || memcmp(template, path, t) != 0)
                        return false;
                template += t;
                path += p;
                if (!*template || !*path)
                        return !*template && !*path;
                template ++;
                path++;
        }
}

static bool matches(const struct fault *f, const struct fault_place *at)
{
        return word_is(f->method, at->method, at->method ? strlen(at->method) : 0) &&
               word_is(f->route, at->route, at->route ? strlen(at->route) : 0) &&
               word_is(f->type, at->type, at->type_len) && word_is(f->key, at->key, at->key_len) &&
               path_is(f->path, at->path);
}

/* At least 0, below 1. */
static double draw(struct faults *f)
{
        return (double)(prng_draw(&f->random) >> 11) * 0x1p-53;
}

/* A latency has a long tail: the logarithm is normal, by Box and Muller (1958). */
static int64_t draw_delay_us(struct faults *f, const struct fault *fault)
{
        double sigma, normal, ms;

        if (!fault->p50_ms)
                return fault->delay_ms * 1000;
        sigma = log((double)fault->p99_ms / (double)fault->p50_ms) / P99;
        normal = sqrt(-2 * log(1 - draw(f))) * cos(TWO_PI * draw(f));
        ms = (double)fault->p50_ms * exp(sigma * normal);
        return (int64_t)(fmin(ms, (double)fault_rows[fault->kind].most_delay_ms) * 1000);
}

bool faults_strike(struct faults *f, enum fault_kind kind, const struct fault_place *place,
                   struct injection *injection)
{
        int64_t now = clock_mono_us();
        bool strikes = false;

        if (!faults_may(f, kind))
                return false;
        pthread_mutex_lock(&f->lock);
        for (int i = 0; i < f->count && !strikes; i++) {
                struct fault *one = f->all[i];

                if (one->kind != kind || one->end_us <= now || !matches(one, place) ||
                    draw(f) >= one->rate)
                        continue;
                one->injected++;
                *injection = (struct injection){one->id, draw_delay_us(f, one), one->status};
                strikes = true;
        }
        pthread_mutex_unlock(&f->lock);
        if (strikes && f->injected[kind])
                metric_add(f->injected[kind], 1);
        return strikes;
}

/* Under the lock; NULL: there is none. */
static struct fault *find(const struct faults *f, int64_t id, int *place)
{
        for (int i = 0; i < f->count; i++) {
                if (f->all[i]->id == id) {
                        *place = i;
                        return f->all[i];
                }
        }
        return NULL;
}

static pthread_mutex_t *lock_of(const struct faults *f)
{
        return (pthread_mutex_t *)(uintptr_t)&f->lock;
}

bool faults_still(const struct faults *f, int64_t id)
{
        const struct fault *one;
        int place;
        bool still;

        pthread_mutex_lock(lock_of(f));
        one = find(f, id, &place);
        still = one && one->end_us > clock_mono_us();
        pthread_mutex_unlock(lock_of(f));
        return still;
}

/* ---- added and ended ---- */

static bool read_kind(const struct faults *f, const struct json *body, enum fault_kind *kind,
                      struct error *error)
{
        const struct json *name = json_member(body, "kind");
        struct arena *arena;
        struct text all;

        for (int k = 0; name && name->type == JSON_STRING && k < FAULT_KINDS; k++) {
                if (f->config.kinds & UINT32_C(1) << k &&
                    strcmp(fault_rows[k].name, name->text) == 0) {
                        *kind = (enum fault_kind)k;
                        return true;
                }
        }
        arena = arena_open();
        all = text_open(arena, 300);
        for (int k = 0; k < FAULT_KINDS; k++)
                if (f->config.kinds & UINT32_C(1) << k)
                        text_printf(&all, "%s%s", all.len ? ", " : "", fault_rows[k].name);
        error_member(error, "kind", "the kinds here are %s", all.at);
        arena_close(&arena);
        return false;
}

static const struct setting
        duration_row = {.name = "duration",
                        .type = SETTING_DURATION,
                        .least = 100,
                        .most = HOUR_MS},
        delay_row = {.name = "delay", .type = SETTING_DURATION, .least = 1, .most = 60000},
        status_row = {.name = "status", .type = SETTING_NUMBER, .least = 400, .most = 599},
        size_row = {.name = "size", .type = SETTING_SIZE, .least = 1 << 20, .most = 1 << 30};

/* Of a member that is a number or a text; 0 where it is absent. */
static bool read_number(const struct json *body, const char *name, const struct setting *row,
                        int64_t *number, struct error *error)
{
        const struct json *value = json_member(body, name);
        struct arena *arena;
        struct text expected;

        *number = 0;
        if (!value)
                return true;
        if ((value->type == JSON_STRING || value->type == JSON_NUMBER) &&
            config_value_read(row, value->text, number))
                return true;
        arena = arena_open();
        expected = text_open(arena, 100);
        config_value_expected(row, &expected);
        error_member(error, name, "%s is %s", name, expected.at);
        arena_close(&arena);
        return false;
}

static bool read_fraction(const struct json *body, const char *name, double most, double *number,
                          struct error *error)
{
        const struct json *value = json_member(body, name);
        char *end = NULL;

        if (!value)
                return true;
        if (value->type == JSON_STRING || value->type == JSON_NUMBER)
                *number = strtod(value->text, &end);
        if (end && end != value->text && !*end && *number > 0 && *number <= most)
                return true;
        return error_member(error, name, "%s is a number above 0, at most %g", name, most);
}

static bool read_text(const struct json *body, const char *name, char **text, struct error *error)
{
        const struct json *value = json_member(body, name);

        if (!value)
                return true;
        if (value->type != JSON_STRING && value->type != JSON_NUMBER)
                return error_member(error, name, "%s is a text", name);
        *text = memory_string(value->text);
        return true;
}

static bool read_members(struct fault *f, const struct json *body, struct error *error)
{
        int64_t status;

        f->rate = 1;
        if (!read_fraction(body, "rate", 1, &f->rate, error) ||
            !read_fraction(body, "cores", 64, &f->cores, error) ||
            !read_number(body, "duration", &duration_row, &f->duration_ms, error) ||
            !read_number(body, "delay", &delay_row, &f->delay_ms, error) ||
            !read_number(body, "p50", &delay_row, &f->p50_ms, error) ||
            !read_number(body, "p99", &delay_row, &f->p99_ms, error) ||
            !read_number(body, "status", &status_row, &status, error) ||
            !read_number(body, "size", &size_row, &f->size, error))
                return false;
        f->status = (int)status;
        if (!f->duration_ms)
                f->duration_ms = 5 * 60000;
        return read_text(body, "method", &f->method, error) &&
               read_text(body, "path", &f->path, error) &&
               read_text(body, "routeId", &f->route, error) &&
               read_text(body, "eventType", &f->type, error) &&
               read_text(body, "key", &f->key, error);
}

static struct fault *fault_read(const struct faults *f, const struct json *body,
                                struct error *error)
{
        struct fault *one = memory_alloc(sizeof *one);

        if (read_kind(f, body, &one->kind, error) && read_members(one, body, error))
                return one;
        fault_free(one);
        return NULL;
}

static void begin(struct faults *f, struct fault *one)
{
        char id[24];

        one->id = ++f->last_id;
        one->begun_ms = clock_wall_ms();
        one->end_us = clock_mono_us() + one->duration_ms * 1000;
        snprintf(id, sizeof id, "%lld", (long long)one->id);
        log_write(LOG_WARN, "a fault begins", "fault.id", id, "fault.kind",
                  fault_rows[one->kind].name, NULL);
        f->all[f->count++] = one;
        note_kinds(f);
}

int64_t faults_add(struct faults *f, const struct json *body, struct error *error)
{
        struct fault *one = fault_read(f, body, error);
        int64_t id = 0;

        if (!one)
                return 0;
        pthread_mutex_lock(&f->lock);
        if (f->count < FAULTS_MOST) {
                begin(f, one);
                id = one->id;
        }
        pthread_mutex_unlock(&f->lock);
        if (!id) {
                error_set(error, ERROR_CONFLICT, "%d faults are on, which is the most",
                          FAULTS_MOST);
                fault_free(one);
        }
        return id;
}

bool faults_remove(struct faults *f, int64_t id)
{
        int place;
        bool found;

        pthread_mutex_lock(&f->lock);
        found = find(f, id, &place) != NULL;
        if (found)
                end_at(f, place, "it was removed");
        pthread_mutex_unlock(&f->lock);
        return found;
}

int faults_clear(struct faults *f)
{
        int count;

        pthread_mutex_lock(&f->lock);
        count = f->count;
        while (f->count)
                end_at(f, f->count - 1, "it was removed");
        pthread_mutex_unlock(&f->lock);
        return count;
}

void faults_tick(struct faults *f)
{
        int64_t now = clock_mono_us();

        pthread_mutex_lock(&f->lock);
        for (int i = f->count - 1; i >= 0; i--)
                if (f->all[i]->end_us <= now)
                        end_at(f, i, "its time is over");
        pthread_mutex_unlock(&f->lock);
}

/* ---- written ---- */

static void text_member(struct text *out, const char *name, const char *value)
{
        if (!value)
                return;
        text_printf(out, ",\"%s\":", name);
        json_write_string(out, value);
}

static void number_member(struct text *out, const char *name, int64_t value)
{
        if (value)
                text_printf(out, ",\"%s\":%lld", name, (long long)value);
}

static void write_fault(const struct fault *f, struct text *out)
{
        char begun[CLOCK_RFC3339], ends[CLOCK_RFC3339];

        clock_rfc3339(f->begun_ms, begun);
        clock_rfc3339(f->begun_ms + f->duration_ms, ends);
        text_printf(out, "{\"id\":%lld,\"kind\":\"%s\"", (long long)f->id,
                    fault_rows[f->kind].name);
        text_member(out, "method", f->method);
        text_member(out, "path", f->path);
        text_member(out, "routeId", f->route);
        text_member(out, "eventType", f->type);
        text_member(out, "key", f->key);
        text_printf(out, ",\"rate\":%g", f->rate);
        number_member(out, "delayMs", f->delay_ms);
        number_member(out, "p50Ms", f->p50_ms);
        number_member(out, "p99Ms", f->p99_ms);
        number_member(out, "status", f->status);
        number_member(out, "size", f->size);
        if (f->cores > 0)
                text_printf(out, ",\"cores\":%g", f->cores);
        text_printf(out, ",\"durationMs\":%lld,\"begunAt\":\"%s\",\"endsAt\":\"%s\"",
                    (long long)f->duration_ms, begun, ends);
        text_printf(out, ",\"injected\":%lld", (long long)f->injected);
        text_member(out, "warning", f->warning);
        text_char(out, '}');
}

bool faults_write_one(struct faults *f, int64_t id, struct text *out)
{
        const struct fault *one;
        int place;

        pthread_mutex_lock(&f->lock);
        one = find(f, id, &place);
        if (one)
                write_fault(one, out);
        pthread_mutex_unlock(&f->lock);
        return one != NULL;
}

void faults_write(struct faults *f, struct text *out)
{
        text_char(out, '[');
        if (f)
                pthread_mutex_lock(&f->lock);
        for (int i = 0; f && i < f->count; i++) {
                if (i)
                        text_char(out, ',');
                write_fault(f->all[i], out);
        }
        if (f)
                pthread_mutex_unlock(&f->lock);
        text_char(out, ']');
}

void faults_write_ended(struct faults *f, struct text *out)
{
        (void)f;
        text_string(out, "[]");
}

void faults_write_kinds(const struct faults *f, struct text *out)
{
        const char *comma = "";

        text_char(out, '[');
        for (int k = 0; k < FAULT_KINDS; k++) {
                if (!(f->config.kinds & UINT32_C(1) << k))
                        continue;
                text_printf(out, "%s{\"name\":\"%s\",\"about\":\"%s\"}", comma, fault_rows[k].name,
                            fault_rows[k].about);
                comma = ",";
        }
        text_char(out, ']');
}
