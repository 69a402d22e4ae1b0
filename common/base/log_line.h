/* log_line - one line of the log, formatted by hand on the caller's stack. Private to log.

   A line never outgrows its buffer: a value that is too long is cut, a member without room is left
   out, and quotes and braces are always closed. */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include "base/log.h"

#include <stddef.h>

enum { LOG_LINE = 16384 };

struct log_line {
        bool as_text;
        size_t len;
        char at[LOG_LINE];
};

/* service may be NULL (as text it is never shown). */
void log_line_begin(struct log_line *line, bool as_text, int64_t wall_ms, enum log_level level);
void log_line_message(struct log_line *line, const char *service, const char *message);
void log_line_access(struct log_line *line, const char *service, const struct log_access *access);
void log_line_member(struct log_line *line, const char *name, const char *value);
void log_line_end(struct log_line *line);

#endif
