#include "gateway/upstream/resolver.h"

#include "testing/check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ALL = 200 };

static struct loop *loop;
static sem_t answered, looking, go_on;
static atomic_int lookups, at_once, most_at_once;
static bool blocks; /* a lookup waits for go_on */

static struct {
        struct question question;
        char host[32];
        int answers;
} asked[ALL];

/* As many addresses as there are in one answer. */
static void add_more(struct addrinfo *last, int more)
{
        struct addrinfo plain = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};

        for (; more-- > 0; last = last->ai_next)
                check_int(getaddrinfo("10.0.0.2", NULL, &plain, &last->ai_next), 0);
}

/* "2.x" has two addresses, "m.x" more than are kept, "0.x" none, "n.x" is not there. */
static int fake_lookup(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found)
{
        int now = atomic_fetch_add(&at_once, 1) + 1, error = 0;

        (void)service;
        atomic_fetch_add(&lookups, 1);
        if (now > atomic_load(&most_at_once))
                atomic_store(&most_at_once, now);
        if (blocks) {
                sem_post(&looking);
                sem_wait(&go_on);
        }
        if (*host == 'n') {
                error = EAI_NONAME;
        } else if (*host == '2' || *host == 'm') {
                struct addrinfo plain = {.ai_socktype = hints->ai_socktype,
                                         .ai_flags = AI_NUMERICHOST},
                                *second = NULL;

                check(getaddrinfo("10.0.0.1", NULL, &plain, found) == 0 &&
                      getaddrinfo("2001:db8::2", NULL, &plain, &second) == 0);
                (*found)->ai_next = second;
                add_more(second, *host == 'm' ? RESOLVER_ADDRESSES : 0);
        }
        atomic_fetch_sub(&at_once, 1);
        return error;
}

static void on_answer(struct question *q)
{
        for (int i = 0; i < ALL; i++)
                asked[i].answers += &asked[i].question == q;
        sem_post(&answered);
}

/* What is to be done on the loop's thread, waited for. */
struct errand {
        struct task task;
        void (*what)(void);
        sem_t done;
};

static void run_errand(struct task *task)
{
        struct errand *e = (struct errand *)task;

        e->what();
        sem_post(&e->done);
}

static void on_loop(void (*what)(void))
{
        struct errand e = {.task.run = run_errand, .what = what};

        sem_init(&e.done, 0, 0);
        loop_post(loop, &e.task);
        sem_wait(&e.done);
}

static void wait_for(sem_t *what, int times)
{
        struct timespec deadline;

        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 20;
        while (times-- > 0)
                check_int(sem_timedwait(what, &deadline), 0);
}

static int count, known;
static const char *kind; /* of host */
static bool apart;       /* a host for each question */

static void ask_all(void)
{
        known = 0;
        for (int i = 0; i < count; i++) {
                asked[i].answers = 0;
                snprintf(asked[i].host, sizeof asked[i].host, "%s%d", kind, apart ? i : 0);
                asked[i].question =
                        (struct question){.host = asked[i].host, .loop = loop, .done = on_answer};
                known += resolver_ask(&asked[i].question);
        }
}

static void forget_all(void)
{
        for (int i = 0; i < count; i++)
                resolver_forget(&asked[i].question);
}

static void ask(const char *of, int number, bool each)
{
        kind = of;
        count = number;
        apart = each;
        on_loop(ask_all);
}

static void begin(bool block)
{
        sem_init(&answered, 0, 0);
        sem_init(&looking, 0, 0);
        sem_init(&go_on, 0, 0);
        blocks = block;
        atomic_store(&lookups, 0);
        atomic_store(&most_at_once, 0);
        resolver_use(fake_lookup);
        loop = loop_open();
        loop_start(loop);
}

static void end(void)
{
        struct timespec a_moment = {.tv_nsec = 1000000};

        while (atomic_load(&at_once)) /* threads that still look up */
                nanosleep(&a_moment, NULL);
        loop_stop(loop);
        loop_close(&loop);
}

static void what_was_found_is_kept_and_taken_in_turn(void)
{
        begin(false);
        ask("2.kept", 1, false);
        check_int(known, 0);
        wait_for(&answered, 1);
        check_int(asked[0].question.count, 2);
        check_text(asked[0].question.addresses[0], "10.0.0.1");
        check_text(asked[0].question.addresses[1], "2001:db8::2");
        ask("2.KEPT", 3, false);
        check_int(known, 3);
        check_text(asked[0].question.addresses[0], "2001:db8::2");
        check_text(asked[0].question.addresses[1], "10.0.0.1");
        check_text(asked[1].question.addresses[0], "10.0.0.1");
        check_int(atomic_load(&lookups), 1);
        end();
        check_int(asked[0].answers, 0);
}

static void what_was_not_found_is_asked_anew_and_too_much_is_cut(void)
{
        begin(false);
        for (int i = 1; i <= 2; i++) {
                ask("n.none", 1, false);
                check_int(known, 0);
                wait_for(&answered, 1);
                check_int(asked[0].question.count, 0);
                check_text(asked[0].question.why, gai_strerror(EAI_NONAME));
                check_int(atomic_load(&lookups), i);
        }
        ask("m.many", 1, false);
        wait_for(&answered, 1);
        check_int(asked[0].question.count, RESOLVER_ADDRESSES);
        ask("0.none", 1, false);
        wait_for(&answered, 1);
        check_int(asked[0].question.count, 0);
        check_text(asked[0].question.why, "it has no address");
        end();
}

static void one_lookup_serves_all_who_wait(void)
{
        begin(true);
        ask("2.shared", ALL, false);
        wait_for(&looking, 1);
        sem_post(&go_on);
        wait_for(&answered, ALL);
        check_int(atomic_load(&lookups), 1);
        for (int i = 0; i < ALL; i++)
                check_int(asked[i].answers * 10 + asked[i].question.count, 12);
        end();
}

static void there_are_few_lookups_at_a_time(void)
{
        begin(true);
        ask("2.few", ALL, true);
        wait_for(&looking, RESOLVER_LOOKUPS);
        check_int(atomic_load(&lookups), RESOLVER_LOOKUPS);
        for (int i = 0; i < ALL; i++)
                sem_post(&go_on);
        wait_for(&answered, ALL);
        check_int(atomic_load(&most_at_once), RESOLVER_LOOKUPS);
        check_int(atomic_load(&lookups), ALL);
        end();
}

static void who_is_forgotten_hears_nothing(void)
{
        begin(true);
        ask("2.forgotten", ALL, true);
        wait_for(&looking, RESOLVER_LOOKUPS);
        on_loop(forget_all);
        for (int i = 0; i < RESOLVER_LOOKUPS; i++)
                sem_post(&go_on);
        end();
        check_int(atomic_load(&lookups), RESOLVER_LOOKUPS); /* nobody wants the others any more */
        for (int i = 0; i < ALL; i++)
                check_int(asked[i].answers, 0);
}

/* Answers on their way are forgotten, too. */
static void ask_and_forget(void)
{
        ask_all();
        forget_all();
}

static void who_forgets_soon_hears_nothing(void)
{
        begin(false);
        kind = "2.soon";
        count = ALL;
        apart = true;
        for (int i = 0; i < 50; i++) {
                kind = i % 2 ? "n.soon" : "0.soon";
                on_loop(ask_and_forget);
        }
        ask("n.soon", ALL, true);
        wait_for(&answered, ALL);
        end();
        for (int i = 0; i < ALL; i++)
                check_int(asked[i].answers, 1);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(what_was_found_is_kept_and_taken_in_turn),
                STORY(what_was_not_found_is_asked_anew_and_too_much_is_cut),
                STORY(one_lookup_serves_all_who_wait),
                STORY(there_are_few_lookups_at_a_time),
                STORY(who_is_forgotten_hears_nothing),
                STORY(who_forgets_soon_hears_nothing),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
