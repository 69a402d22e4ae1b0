/* log_output - whole lines to a file descriptor that may be slow, full, closed or gone. Private to
   log. */
#ifndef BASE_LOG_OUTPUT_H
#define BASE_LOG_OUTPUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Returns how many lines could not be written. While *give_up_us is 0 it waits as long as the
   reader takes, else until that moment of the monotonic clock. */
int64_t log_output_write(int fd, const char *lines, size_t len, const _Atomic int64_t *give_up_us);

#endif
