/* follow - for tests of followers only: opens one, and counts what it hears. */
#ifndef TESTING_FOLLOW_H
#define TESTING_FOLLOW_H

#include "testing/topic_tools.h"

static inline const char *client_of(const char *url)
{
        static char name[300];

        snprintf(name, sizeof name, "follower-%s", topic_of(url));
        return name;
}

static inline struct bus *follow(const char *url, int64_t last)
{
        struct error e = {0};
        struct bus_config config = {.url = url, .client = client_of(url)};
        struct bus *bus = bus_open_follower(&config, last, &e);

        check_text(e.text, "");
        return bus;
}

/* Numbers from `from` on, each with its number as its key. */
static inline void count_up(struct bus *publisher, int from, int count)
{
        struct arena *arena = arena_open();
        struct record *batch = arena_alloc(arena, MOST * sizeof *batch);

        for (int done = 0; done < count;) {
                size_t size = count - done < MOST ? (size_t)(count - done) : MOST;

                for (size_t i = 0; i < size; i++, done++) {
                        char *text = arena_printf(arena, "%d", from + done);

                        batch[i] = (struct record){.key = text,
                                                   .key_len = strlen(text),
                                                   .value = text,
                                                   .value_len = strlen(text)};
                }
                publish(publisher, batch, size);
        }
        arena_close(&arena);
}

/* Hears until each number from `from` on has come once, and others not at all; returns how many of
   those below `from` have come before. */
static inline int hear_numbers(struct bus *bus, int from, int count)
{
        int64_t end = clock_mono_us() + PATIENCE_MS * 1000;
        struct arena *arena = arena_open();
        bool *heard = arena_alloc(arena, (size_t)count);
        int left = count, older = 0;

        while (left > 0) {
                struct record r[100];
                struct error e;
                size_t got = bus_poll(bus, r, 100, 200, arena, &e);

                check(clock_mono_us() < end);
                for (size_t i = 0; i < got; i++) {
                        int number = atoi(r[i].value) - from;

                        check(number < count && (number < 0 || !heard[number]));
                        older += number < 0;
                        left -= number >= 0;
                        if (number >= 0)
                                heard[number] = true;
                }
        }
        arena_close(&arena);
        return older;
}

#endif
