/* tsan_threads - C11 threads by POSIX calls, which the thread sanitizer knows.

   librdkafka calls thrd_create and mtx_lock, which gcc's sanitizer does not intercept: a thread
   that it has not seen begin crashes at its first malloc. These come before libc's, and glibc's
   C11 types are its POSIX types underneath. Nor does it see that pthread_clockjoin_np ends a
   thread. Linked in VARIANT=tsan only. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

struct beginning {
        thrd_start_t run;
        void *arg;
};

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t),
               "the same underneath");

static int result_of(int code)
{
        return code == 0           ? thrd_success
               : code == ETIMEDOUT ? thrd_timedout
               : code == EBUSY     ? thrd_busy
                                   : thrd_error;
}

static void *begin(void *arg)
{
        struct beginning b = *(struct beginning *)arg;

        free(arg);
        return (void *)(intptr_t)b.run(b.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
        struct beginning *b = malloc(sizeof *b);

        if (!b)
                return thrd_nomem;
        *b = (struct beginning){run, arg};
        return result_of(pthread_create(thread, NULL, begin, b));
}

int thrd_join(thrd_t thread, int *result)
{
        void *value;
        int code = pthread_join(thread, &value);

        if (result)
                *result = (int)(intptr_t)value;
        return result_of(code);
}

int mtx_init(mtx_t *mutex, int type)
{
        pthread_mutexattr_t attributes;
        int code;

        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_settype(&attributes, type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE
                                                                    : PTHREAD_MUTEX_NORMAL);
        code = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
        pthread_mutexattr_destroy(&attributes);
        return result_of(code);
}

void mtx_destroy(mtx_t *mutex)
{
        pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int mtx_lock(mtx_t *mutex)
{
        return result_of(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
        return result_of(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

int cnd_init(cnd_t *condition)
{
        return result_of(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

void cnd_destroy(cnd_t *condition)
{
        pthread_cond_destroy((pthread_cond_t *)condition);
}

int cnd_signal(cnd_t *condition)
{
        return result_of(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
        return result_of(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
        return result_of(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
        return result_of(pthread_cond_timedwait((pthread_cond_t *)condition,
                                                (pthread_mutex_t *)mutex, until));
}

/* The same wait on the clock that pthread_timedjoin_np has. */
int pthread_clockjoin_np(pthread_t thread, void **value, clockid_t clock,
                         const struct timespec *until)
{
        enum { SECOND = 1000000000 };
        struct timespec now, end;
        int64_t left;

        clock_gettime(clock, &now);
        clock_gettime(CLOCK_REALTIME, &end);
        left = ((int64_t)until->tv_sec - now.tv_sec) * SECOND + until->tv_nsec - now.tv_nsec +
               end.tv_nsec;
        if (left < 0)
                left = 0;
        end = (struct timespec){end.tv_sec + left / SECOND, left % SECOND};
        return pthread_timedjoin_np(thread, value, &end);
}
