#include "base/log_output.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 100 };

/* False when it is time to give up. A write of up to PIPE_BUF bytes does not block after this said
   yes. */
static bool writable_wait(int fd, const _Atomic int64_t *give_up_us)
{
        struct pollfd p = {.fd = fd, .events = POLLOUT};

        for (;;) {
                int64_t give_up = atomic_load(give_up_us);

                if (poll(&p, 1, LOOK_MS) > 0)
                        return true;
                if (give_up && clock_mono_us() >= give_up)
                        return false;
        }
}

static bool is_file(int fd)
{
        struct stat s;

        return fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
}

/* As many whole lines as one write takes without blocking and without being mixed with what others
   write there. */
static size_t piece_length(const char *lines, size_t len)
{
        const char *end;

        if (len <= PIPE_BUF)
                return len;
        end = memrchr(lines, '\n', PIPE_BUF);
        return end ? (size_t)(end - lines) + 1 : PIPE_BUF;
}

static int64_t lines_count(const char *lines, size_t len)
{
        const char *end = lines + len;
        int64_t count = 0;

        while (lines < end && (lines = memchr(lines, '\n', (size_t)(end - lines)))) {
                lines++;
                count++;
        }
        return count;
}

int64_t log_output_write(int fd, const char *lines, size_t len, const _Atomic int64_t *give_up_us)
{
        bool file = is_file(fd);

        while (len > 0) {
                ssize_t n;

                if (!file && !writable_wait(fd, give_up_us))
                        break;
                n = write(fd, lines, file ? len : piece_length(lines, len));
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n <= 0)
                        break; /* nobody reads (EPIPE), no disk, no descriptor: a log has nowhere to
                                  say so */
                lines += n;
                len -= (size_t)n;
        }
        return lines_count(lines, len);
}
