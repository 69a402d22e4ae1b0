#include "service/fetches.h"

#include <pthread.h>
#include <stdio.h>

struct fetching {
        pthread_mutex_t lock;
        pthread_cond_t change;
        size_t left;
};

static void done(struct fetch *f)
{
        struct fetching *w = f->arg;

        pthread_mutex_lock(&w->lock);
        if (--w->left == 0)
                pthread_cond_signal(&w->change);
        pthread_mutex_unlock(&w->lock);
}

static void refuse(struct fetch *f)
{
        f->outcome = FETCH_FAILED;
        snprintf(f->why, sizeof f->why, "too many questions are under way");
        done(f);
}

void fetches_wait(struct fetcher *fetcher, struct fetch *fetches, size_t count)
{
        struct fetching w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, count};

        for (struct fetch *f = fetches; f < fetches + count; f++) {
                f->done = done;
                f->arg = &w;
                if (!fetch_start(fetcher, f))
                        refuse(f);
        }
        pthread_mutex_lock(&w.lock);
        while (w.left)
                pthread_cond_wait(&w.change, &w.lock);
        pthread_mutex_unlock(&w.lock);
        pthread_cond_destroy(&w.change);
        pthread_mutex_destroy(&w.lock);
}
