/* log - one JSON object a line on stdout, ECS names; MALL_LOG=text for people.

   The log's own thread writes the lines every 50 ms, at once if one is LOG_WARN or above, and at
   log_close. So a request never waits for a slow terminal: if the buffer is full, lines are dropped
   and counted. One log a process; every call may come from any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Before log_open (and in tests) lines go to stderr as text. `service` must live on. */
void log_open(const char *service, bool as_text, enum log_level least);
void log_close(void); /* writes what is left; any thread, several at once too: all come back when it
                         is written */

/* The message, then pairs of ECS name and text, ended by NULL:
   log_write(LOG_ERROR, "event refused", "kafka.topic", topic, "error.message", e.text, NULL). A
   NULL text is skipped. */
void log_write(enum log_level level, const char *message, ...) __attribute__((sentinel));
bool log_is_on(enum log_level level);

/* From now on the lines that this thread writes with log_write have trace.id and span.id of that
   step (base/trace.h), unless they give a trace.id themselves; NULL: no more. The step must live
   until the next call. Returns the one before. */
struct trace;
const struct trace *log_step(const struct trace *trace);

/* The access line of one request. trace and span may be NULL. */
struct log_access {
        const char *method, *target, *trace, *span, *client;
        int status;
        int64_t duration_us, bytes_in, bytes_out;
        int64_t wall_ms;
        bool routine; /* at debug, not at info */
};
void log_access(const struct log_access *access);

#endif
