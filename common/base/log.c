#include "base/log.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log_line.h"
#include "base/log_output.h"
#include "base/thread.h"
#include "base/trace.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        BUFFER = 1 << 20,
        HURRY = BUFFER / 2, /* with so much waiting, the writer starts at once */
        PAUSE_MS = 50,
        CLOSE_US = 2 * 1000000, /* how long log_close waits for a slow reader of stdout */
};

/* Callers fill one buffer under the lock while the writer's thread empties the other without it. */
static struct {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        pthread_t writer;
        char *filling, *emptying; /* BUFFER and room for one line of the log's own */
        size_t used;
        int64_t dropped;
        bool hurry, idle, closing;
        _Atomic int64_t give_up_us;
} output = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Set before other threads log, and when they no longer do. */
static _Atomic bool is_open;
static _Atomic int least_level = LOG_INFO;
static const char *service_name;
static bool lines_as_text;
static _Thread_local const struct trace *step;

bool log_is_on(enum log_level level)
{
        return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

/* ---- the writer's thread ---- */

static void dropped_say(void)
{
        struct log_line line;
        char count[24];

        snprintf(count, sizeof count, "%lld", (long long)output.dropped);
        log_line_begin(&line, lines_as_text, clock_wall_ms(), LOG_WARN);
        log_line_message(&line, service_name, "log lines dropped, stdout is too slow");
        log_line_member(&line, "log.dropped", count);
        log_line_end(&line);
        memcpy(output.filling + output.used, line.at, line.len);
        output.used += line.len;
        output.dropped = 0;
}

static void work_wait(void)
{
        struct timespec until;

        output.idle = true;
        while (!output.used && !output.closing)
                pthread_cond_wait(&output.changed, &output.lock);
        output.idle = false;
        until = clock_after(PAUSE_MS);
        while (!output.hurry && !output.closing)
                if (pthread_cond_clockwait(&output.changed, &output.lock, CLOCK_MONOTONIC,
                                           &until) != 0)
                        break;
        output.hurry = false;
}

static void batch_write(void)
{
        char *batch = output.filling;
        size_t len;
        int64_t lost;

        if (output.dropped)
                dropped_say();
        len = output.used;
        output.filling = output.emptying;
        output.emptying = batch;
        output.used = 0;
        pthread_mutex_unlock(&output.lock);
        lost = log_output_write(STDOUT_FILENO, batch, len, &output.give_up_us);
        pthread_mutex_lock(&output.lock);
        output.dropped += lost;
}

static void *writer_run(void *arg)
{
        (void)arg;
        pthread_mutex_lock(&output.lock);
        while (output.used || !output.closing) {
                work_wait();
                batch_write();
        }
        pthread_mutex_unlock(&output.lock);
        return NULL;
}

/* ---- the callers' ---- */

/* Signals only when the writer sleeps or has to hurry: not for every line. */
static bool line_keep(const struct log_line *line, enum log_level level)
{
        bool wake;

        pthread_mutex_lock(&output.lock);
        if (!output.filling) {
                pthread_mutex_unlock(&output.lock);
                return false;
        }
        if (output.used + line->len > BUFFER) {
                output.dropped++;
                pthread_mutex_unlock(&output.lock);
                return true;
        }
        memcpy(output.filling + output.used, line->at, line->len);
        output.used += line->len;
        wake = output.idle;
        if (!output.hurry && (level >= LOG_WARN || output.used > HURRY))
                wake = output.hurry = true;
        output.idle = false;
        if (wake)
                pthread_cond_signal(&output.changed);
        pthread_mutex_unlock(&output.lock);
        return true;
}

static void line_give(const struct log_line *line, enum log_level level)
{
        static const _Atomic int64_t at_once = 1;

        if (atomic_load(&is_open) && line_keep(line, level))
                return;
        log_output_write(STDERR_FILENO, line->at, line->len, &at_once);
}

static void line_begin(struct log_line *line, int64_t wall_ms, enum log_level level)
{
        log_line_begin(line, lines_as_text || !atomic_load(&is_open), wall_ms, level);
}

const struct trace *log_step(const struct trace *trace)
{
        const struct trace *before = step;

        step = trace;
        return before;
}

/* Returns whether one of them is the trace's. */
static bool pairs_add(struct log_line *line, va_list pairs)
{
        bool traced = false;
        const char *name;

        while ((name = va_arg(pairs, const char *))) {
                const char *value = va_arg(pairs, const char *);

                traced = traced || (value && strcmp(name, "trace.id") == 0);
                log_line_member(line, name, value);
        }
        return traced;
}

void log_write(enum log_level level, const char *message, ...)
{
        struct log_line line;
        va_list pairs;
        bool traced;

        if (!log_is_on(level))
                return;
        line_begin(&line, clock_wall_ms(), level);
        log_line_message(&line, service_name, message);
        va_start(pairs, message);
        traced = pairs_add(&line, pairs);
        va_end(pairs);
        if (step && !traced) {
                log_line_member(&line, "trace.id", step->id);
                log_line_member(&line, "span.id", step->span);
        }
        log_line_end(&line);
        line_give(&line, level);
}

void log_access(const struct log_access *access)
{
        enum log_level level = access->routine ? LOG_DEBUG : LOG_INFO;
        struct log_line line;

        if (!log_is_on(level))
                return;
        line_begin(&line, access->wall_ms ? access->wall_ms : clock_wall_ms(), level);
        log_line_access(&line, service_name, access);
        log_line_end(&line);
        line_give(&line, level);
}

/* ---- its life ---- */

void log_open(const char *service, bool as_text, enum log_level least)
{
        assert(!is_open);
        service_name = service;
        lines_as_text = as_text;
        atomic_store(&least_level, (int)least);
        output.filling = memory_alloc(BUFFER + LOG_LINE);
        output.emptying = memory_alloc(BUFFER + LOG_LINE);
        output.used = 0;
        output.dropped = 0;
        output.hurry = output.idle = output.closing = false;
        atomic_store(&output.give_up_us, 0);
        output.writer = thread_start("log", writer_run, NULL);
        atomic_store(&is_open, true);
}

static void close_open(void)
{
        atomic_store(&output.give_up_us, clock_mono_us() + CLOSE_US);
        pthread_mutex_lock(&output.lock);
        output.closing = true;
        pthread_cond_signal(&output.changed);
        pthread_mutex_unlock(&output.lock);
        pthread_join(output.writer, NULL);
        atomic_store(&is_open, false);
        pthread_mutex_lock(&output.lock);
        /* lines that came after the writer's end */
        log_output_write(STDOUT_FILENO, output.filling, output.used, &output.give_up_us);
        free(output.filling);
        free(output.emptying);
        output.filling = output.emptying = NULL;
        pthread_mutex_unlock(&output.lock);
}

void log_close(void)
{
        static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

        pthread_mutex_lock(&one_at_a_time);
        if (atomic_load(&is_open))
                close_open();
        pthread_mutex_unlock(&one_at_a_time);
}
