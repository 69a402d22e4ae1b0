#include "event/futex.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WAKE_BYTES = 4096 };

struct futex {
        void *page;
        _Atomic uint32_t *counter; /* at the file's start */
};

struct futex *futex_open(const char *path, struct error *error)
{
        struct futex *w = memory_alloc(sizeof *w);
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        void *page = MAP_FAILED;

        if (fd >= 0 && ftruncate(fd, WAKE_BYTES) == 0)
                page = mmap(NULL, WAKE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED)
                error_set(error, ERROR_INTERNAL, "%s: %s", path, strerror(errno));
        if (fd >= 0)
                close(fd);
        if (page == MAP_FAILED) {
                free(w);
                return NULL;
        }
        w->counter = w->page = page;
        return w;
}

void futex_close(struct futex **wake)
{
        struct futex *w = *wake;

        if (!w)
                return;
        *wake = NULL;
        munmap(w->page, WAKE_BYTES);
        free(w);
}

uint32_t futex_load(const struct futex *w)
{
        return atomic_load(w->counter);
}

void futex_wait(const struct futex *w, uint32_t loaded, int64_t wait_us)
{
        futex_word_wait(w->counter, loaded, wait_us);
}

void futex_wake(struct futex *w)
{
        atomic_fetch_add(w->counter, 1);
        futex_word_wake(w->counter);
}

/* Without the PRIVATE flag, because the word may be shared with other processes. */
void futex_word_wait(_Atomic uint32_t *word, uint32_t loaded, int64_t wait_us)
{
        struct timespec t = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};

        if (wait_us > 0)
                syscall(SYS_futex, word, FUTEX_WAIT, loaded, &t, NULL, 0);
}

void futex_word_wake(_Atomic uint32_t *word)
{
        syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
