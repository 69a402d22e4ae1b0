/* Readings that hold up nobody. Of a shared store: as with commits, the first does not wait, and
   what comes while a question for items is under way makes up the next one: so an HTTP loop waits
   for no database, and one that is far away costs each request its time and no throughput. Lists
   and searches are read one by one beside it, and leave a thread for the items. What waits too long
   for its turn is refused, or a database that is slow would be asked ever later, in the end for
   clients that are gone. Of a file: only what reads much; the rest is quicker than a change of
   threads. */
#include "base/clock.h"
#include "base/thread.h"
#include "data/store_inside.h"

enum { PATIENCE_US = 5000 * 1000 };

static void enqueue(struct read_queue *queue, struct read_job *reading)
{
        reading->next = NULL;
        if (queue->first)
                queue->last->next = reading;
        else
                queue->first = reading;
        queue->last = reading;
}

static struct read_job *dequeue(struct read_queue *queue)
{
        struct read_job *reading = queue->first;

        queue->first = reading->next;
        return reading;
}

static bool items_can_go(const struct reads *reads)
{
        return reads->items.first && !reads->items_busy;
}

static bool other_can_go(const struct reads *reads)
{
        return reads->others.first &&
               (reads->others_busy < reads->thread_count - 1 || reads->thread_count == 1);
}

/* Those of one table. */
static int take_items(struct read_queue *queue, struct read_job **group)
{
        const struct entity *entity = queue->first->entity;
        int count = 0;

        while (count < TABLE_MANY && queue->first && queue->first->entity == entity)
                group[count++] = dequeue(queue);
        return count;
}

static bool is_late(const struct store *store, struct read_job *r)
{
        if (!store->shared || clock_mono_us() - r->since_us < store->reads.patience_us)
                return false;
        error_set(&r->error, ERROR_UNAVAILABLE, "the database is slow, too many reads wait for it");
        return true;
}

/* Those that are still to be read. */
static int refuse_late(struct store *store, struct read_job **group, int count)
{
        int left = 0;

        for (int i = 0; i < count; i++)
                if (is_late(store, group[i]))
                        group[i]->done(group[i]->arg);
                else
                        group[left++] = group[i];
        return left;
}

/* What must be read by itself then: a long row; or each, if they failed together, since that may be
   the fault of one (a block of the disk that cannot be read). A database that is away fails all. */
static int read_group(struct store *store, struct read_job *const *group, int count,
                      struct read_job **left)
{
        struct db *db = store_read_begin(store);
        struct table_item *items[TABLE_MANY];
        struct error error = {0};
        int left_count = 0;

        for (int i = 0; i < count; i++)
                items[i] = &group[i]->item;
        table_get_many(db, store_table(store, group[0]->entity), items, count, &error);
        store_read_end(store, db);
        for (int i = 0; i < count; i++) {
                group[i]->error = error;
                if (error.kind == ERROR_UNAVAILABLE ||
                    (error.kind == ERROR_NONE && !items[i]->is_long))
                        group[i]->done(group[i]->arg); /* which may free it */
                else
                        left[left_count++] = group[i];
        }
        return left_count;
}

static void read_other(struct store *store, struct read_job *r)
{
        struct db *db = store_read_begin(store);

        r->error = (struct error){0};
        if (r->run)
                r->run(db, r->arg, &r->error);
        else
                table_get(db, store_table(store, r->entity), TABLE_TO_LOOK, r->item.id,
                          r->item.arena, &r->item.row, &r->error);
        store_read_end(store, db);
}

/* With the lock held, as the next one; both let go of it while they read. */
static void items_go(struct store *store)
{
        struct reads *reads = &store->reads;
        struct read_job *group[TABLE_MANY], *left[TABLE_MANY];
        int count = take_items(&reads->items, group);

        reads->items_busy = true;
        pthread_mutex_unlock(&reads->lock);
        count = refuse_late(store, group, count);
        count = count ? read_group(store, group, count, left) : 0;
        pthread_mutex_lock(&reads->lock);
        reads->items_busy = false;
        for (int i = 0; i < count; i++)
                enqueue(&reads->others, left[i]);
        if (count)
                pthread_cond_broadcast(&reads->work);
}

static void other_goes(struct store *store)
{
        struct reads *reads = &store->reads;
        struct read_job *r = dequeue(&reads->others);

        reads->others_busy++;
        pthread_mutex_unlock(&reads->lock);
        if (!is_late(store, r))
                read_other(store, r);
        r->done(r->arg);
        pthread_mutex_lock(&reads->lock);
        reads->others_busy--;
}

static void *reads_main(void *arg)
{
        struct store *store = arg;
        struct reads *reads = &store->reads;

        pthread_mutex_lock(&reads->lock);
        for (;;) {
                if (items_can_go(reads))
                        items_go(store);
                else if (other_can_go(reads))
                        other_goes(store);
                else if (reads->closing)
                        break; /* what is still queued goes on with the thread that is busy */
                else
                        pthread_cond_wait(&reads->work, &reads->lock);
        }
        pthread_mutex_unlock(&reads->lock);
        return NULL;
}

void reads_begin(struct store *store)
{
        struct reads *reads = &store->reads;

        pthread_mutex_init(&reads->lock, NULL);
        pthread_cond_init(&reads->work, NULL);
        reads->patience_us = PATIENCE_US;
        /* of a file: one, and never with the only connection */
        reads->thread_count = store->shared ? store->reader_count : store->reader_count > 1;
        for (int i = 0; i < reads->thread_count; i++)
                reads->threads[i] = thread_start("reads", reads_main, store);
}

void reads_end(struct store *store)
{
        struct reads *reads = &store->reads;

        pthread_mutex_lock(&reads->lock);
        reads->closing = true;
        pthread_cond_broadcast(&reads->work);
        pthread_mutex_unlock(&reads->lock);
        for (int i = 0; i < reads->thread_count; i++)
                pthread_join(reads->threads[i], NULL);
        pthread_cond_destroy(&reads->work);
        pthread_mutex_destroy(&reads->lock);
}

static void submit(struct reads *reads, struct read_job *r)
{
        r->since_us = clock_mono_us();
        pthread_mutex_lock(&reads->lock);
        enqueue(r->run ? &reads->others : &reads->items, r);
        /* else a busy thread takes it when it is done */
        if (r->run ? other_can_go(reads) : items_can_go(reads))
                pthread_cond_signal(&reads->work);
        pthread_mutex_unlock(&reads->lock);
}

bool store_read(struct store *store, struct read_job *r)
{
        r->error.kind = ERROR_NONE;
        if (store->reads.thread_count && (store->shared || r->slow)) {
                submit(&store->reads, r);
                return false;
        }
        if (r->run)
                read_other(store, r);
        else
                store_get(store, r->entity, r->item.id, r->item.arena, &r->item.row, &r->error);
        return true;
}
