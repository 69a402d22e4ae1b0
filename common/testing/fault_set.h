/* fault_set - for tests of faults: a set of a story's own, and what it says. */
#ifndef TESTING_FAULT_SET_H
#define TESTING_FAULT_SET_H

#include "base/faults.h"
#include "base/faults_kinds.h"
#include "base/metrics.h"
#include "testing/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALL_KINDS = (1 << FAULT_KINDS) - 1 };

static struct faults *faults;
static struct metrics *metrics;
static struct arena *arena;
static struct error error; /* of the last add */

static inline void begin_with(uint32_t kinds, faults_check *is_matched)
{
        struct faults_config config = {.kinds = kinds, .check = is_matched, .seed = 7};

        arena = arena_open();
        config.metrics = metrics = metrics_open();
        faults = faults_open(&config);
}

static inline void begin(void)
{
        begin_with(ALL_KINDS, NULL);
}

static inline void end(void)
{
        faults_close(&faults);
        metrics_close(&metrics);
        arena_close(&arena);
}

static inline int64_t add(const char *text)
{
        const struct json *body;
        struct error ignored = {0};

        error = (struct error){0};
        body = json_read(arena, text, strlen(text), &ignored);
        check(body != NULL);
        return faults_add(faults, body, &error);
}

static inline const char *written(void (*write)(struct faults *, struct text *))
{
        struct text out = text_open(arena, 1000);

        write(faults, &out);
        check(json_read(arena, out.at, out.len, &error) != NULL);
        return out.at;
}

static inline const char *one(int64_t id)
{
        struct text out = text_open(arena, 1000);

        check(faults_write_one(faults, id, &out));
        return out.at;
}

static inline bool strikes(enum fault_kind kind, const char *method, const char *path)
{
        struct fault_place place = {.method = method, .path = path};

        return faults_strike(faults, kind, &place, NULL);
}

static inline double counted(const char *kind)
{
        static const struct metric_family family = {"mall_faults_injected_total",
                                                    "Failures that were switched on and struck",
                                                    METRIC_COUNTER,
                                                    {"kind"}};

        return metric_value(metrics_series(metrics, &family, &kind));
}

/* The log of tests is stderr. */
static inline char *log_of(void (*tell)(void))
{
        FILE *file = tmpfile();
        int kept = dup(STDERR_FILENO);
        char *text = memory_alloc(4096);

        check(file != NULL);
        dup2(fileno(file), STDERR_FILENO);
        tell();
        dup2(kept, STDERR_FILENO);
        close(kept);
        rewind(file);
        check(fread(text, 1, 4095, file) > 0);
        fclose(file);
        return text;
}

#endif
