#include "base/clock.h"
#include "http/loop.h"
#include "testing/check.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

/* The loop's thread writes here; the test reads it after loop_stop or a semaphore. */
struct scene {
        struct loop *loop;
        struct watch left, right;
        struct timer early, late;
        struct task arm, posted[3];
        char told[20];
        int count;
        int64_t armed_us, early_us;
        sem_t over;
};

static struct scene s;

static void wait_for_it(void)
{
        while (sem_wait(&s.over) != 0)
                ;
}

static void tell(char what)
{
        s.told[s.count++] = what;
        s.told[s.count] = '\0';
}

static void begin(void)
{
        s = (struct scene){.loop = loop_open()};
        sem_init(&s.over, 0, 0);
}

static void end(void)
{
        loop_stop(s.loop);
        loop_close(&s.loop);
        sem_destroy(&s.over);
}

static void first(struct task *task)
{
        (void)task, tell('1');
}
static void second(struct task *task)
{
        (void)task, tell('2');
}
static void third(struct task *task)
{
        (void)task, tell('3'), sem_post(&s.over);
}

static void tasks_run_in_their_order(void)
{
        void (*const runs[])(struct task *) = {first, second, third};

        begin();
        for (int i = 0; i < 3; i++) {
                s.posted[i].run = runs[i];
                loop_post(s.loop, &s.posted[i]); /* before it runs: none is lost */
        }
        loop_start(s.loop);
        wait_for_it();
        check_text(s.told, "123");
        end();
}

static void at_early(struct timer *t)
{
        (void)t;
        s.early_us = clock_mono_us();
        tell('e');
        loop_timer(s.loop, &s.late, 1000);
        sem_post(&s.over);
}

static void at_late(struct timer *t)
{
        (void)t;
        tell('l');
        sem_post(&s.over);
}

static void arm(struct task *task)
{
        (void)task;
        s.armed_us = clock_mono_us();
        s.late.due = at_late;
        s.early.due = at_early;
        loop_timer(s.loop, &s.late, 50000);
        loop_timer(s.loop, &s.early, 20000);
        loop_timer_clear(s.loop, &s.late);
}

static void timers_are_due_in_time_and_never_early(void)
{
        begin();
        loop_start(s.loop);
        s.arm.run = arm;
        loop_post(s.loop, &s.arm);
        wait_for_it();
        wait_for_it();
        check_text(s.told, "el");
        end();
        check(s.early_us - s.armed_us >=
              20000 - 2000); /* a timer counts from the beginning of its round */
}

static void left_ready(struct watch *w, unsigned events)
{
        char byte;

        (void)events;
        check_int(read(w->fd, &byte, 1), 1);
        loop_forget(s.loop, &s.right); /* ready in the same round, but no longer called */
        loop_forget(s.loop, &s.left);
        tell(byte);
        sem_post(&s.over);
}

static void what_is_forgotten_is_silent(void)
{
        int pair[2];

        begin();
        check_int(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        s.left = (struct watch){.ready = left_ready, .fd = pair[0]};
        s.right = (struct watch){.ready = left_ready, .fd = pair[1]};
        check_int(write(pair[0], "x", 1) + write(pair[1], "x", 1), 2);
        check(loop_watch(s.loop, &s.left, EPOLLIN) && loop_watch(s.loop, &s.right, EPOLLIN));
        loop_start(s.loop);
        wait_for_it();
        end();
        check_text(s.told, "x");
        close(pair[0]);
        close(pair[1]);
}

enum { CROWD = 4, EACH = 20000 };

static struct crowd_task {
        struct task task;
        int count;
} crowd[CROWD][EACH];

static int ran;

static void count(struct task *task)
{
        (void)task;
        if (++ran == CROWD * EACH)
                sem_post(&s.over);
}

static void *post_many(void *arg)
{
        struct crowd_task *mine = arg;

        for (int i = 0; i < EACH; i++) {
                mine[i].task.run = count;
                loop_post(s.loop, &mine[i].task);
        }
        return NULL;
}

static void no_wake_up_is_missed(void)
{
        pthread_t threads[CROWD];

        begin();
        loop_start(s.loop);
        for (int i = 0; i < CROWD; i++)
                check_int(pthread_create(&threads[i], NULL, post_many, crowd[i]), 0);
        wait_for_it();
        for (int i = 0; i < CROWD; i++)
                pthread_join(threads[i], NULL);
        end();
        check_int(ran, CROWD * EACH);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(tasks_run_in_their_order),
                STORY(timers_are_due_in_time_and_never_early),
                STORY(what_is_forgotten_is_silent),
                STORY(no_wake_up_is_missed),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
