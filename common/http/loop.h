/* loop - what one thread waits for: descriptors that become ready, timers, and tasks that other
   threads hand it.

   Everything but loop_post belongs to the loop's own thread (before loop_start: to the thread that
   prepares it). All structs are the caller's, usually a member of a larger struct (CONTAINER_OF),
   and must live until they are forgotten, cleared or run. */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/queue.h>

struct loop;

struct watch {
        /* EPOLLIN ...; may forget itself and any other */
        void (*ready)(struct watch *watch, unsigned events);
        int fd;
};

struct timer {
        void (*due)(struct timer *timer); /* cleared by then; may be set again */
        int64_t at_us;
        LIST_ENTRY(timer) beside;
        bool set;
};

struct task {
        void (*run)(struct task *task);
        struct task *next;
};

struct loop *loop_open(void);
void loop_close(struct loop **loop); /* after loop_stop */

/* Calls `settle` at the end of each round. It returns how long to wait at most for the next round,
   ms; -1: for ever. For a library that keeps work of its own. */
void loop_each_round(struct loop *loop, int (*settle)(void *arg), void *arg);

void loop_start(struct loop *loop); /* a thread of its own */
void loop_stop(struct loop *loop);  /* waits for the round it is in; tasks posted before are run */

bool loop_watch(struct loop *loop, struct watch *watch, unsigned events); /* false: errno */
void loop_change(struct loop *loop, struct watch *watch, unsigned events);
void loop_forget(struct loop *loop, struct watch *watch); /* before the descriptor is closed */

/* sets it, anew if need be */
void loop_timer(struct loop *loop, struct timer *timer, int64_t in_us);
void loop_timer_clear(struct loop *loop, struct timer *timer);
int64_t loop_now_us(const struct loop *loop); /* monotonic, as of this round */

/* Any thread; runs soon on the loop's, in the order of posting. */
void loop_post(struct loop *loop, struct task *task);

#endif
