/* dead_stage - for tests of dead letters: a group's topic, letters on it, and what is read there.
   On every bus. */
#ifndef TESTING_DEAD_STAGE_H
#define TESTING_DEAD_STAGE_H

#include "event/dead_letters.h"
#include "testing/bus_story.h"

enum { CLOSE_MS = 5000, FEW = 10 };

#define EVENT "{\"eventType\":\"Thing\",\"id\":1}"

static struct {
        const char *url;
        struct bus *publisher;
        struct bus_config config;
        struct arena *arena;
        struct dead_letters letters;
        struct error error;
        char group[300], topic[400];
        struct record heard[FEW]; /* on the bus's own topic */
        int heard_count;
} t;

static inline void begin(void)
{
        memset(&t, 0, sizeof t);
        t.url = story_url();
        t.publisher = open_publisher(t.url);
        t.config = (struct bus_config){.url = t.url, .client = "test", .quiet = true};
        t.arena = arena_open();
        snprintf(t.group, sizeof t.group, "g%s",
                 broker ? strrchr(t.url, '/') + 1 + strlen("story") : "");
        snprintf(t.topic, sizeof t.topic, "error.mall.%s", t.group);
        say(t.publisher, "k", "first"); /* the bus exists */
}

static inline void end(void)
{
        dead_letters_close(&t.letters);
        bus_close(&t.publisher, CLOSE_MS);
        arena_close(&t.arena);
}

/* A letter's own headers come after those of the record. */
static inline void say_letter_with(const struct record_header *own, size_t own_count,
                                   const char *key, const char *value, int64_t at)
{
        struct record_header h[20] = {{0}};
        size_t n = 0;
        struct record r = {.topic = t.topic,
                           .key = key,
                           .key_len = key ? strlen(key) : 0,
                           .value = value,
                           .value_len = value ? strlen(value) : 0,
                           .headers = h,
                           .timestamp_ms = at};

        while (n < own_count) {
                h[n] = own[n];
                n++;
        }
        h[n++] = (struct record_header){"x-original-topic", "mall", 4};
        h[n++] = (struct record_header){"x-original-partition", "0", 1};
        h[n++] = (struct record_header){"x-original-offset", "7", 1};
        h[n++] = (struct record_header){"x-exception-message", "a bad thing", 11};
        r.header_count = n;
        publish(t.publisher, &r, 1);
        check_int(became[0].result, BUS_PUBLISHED);
}

static const struct record_header identity[] = {
        {"ce_type", "Thing", 5}, {"ce_source", "/other/1", 8}, {"ce_id", "5", 1}};

static inline void say_letter(const char *value)
{
        say_letter_with(identity, 3, "k", value, clock_wall_ms());
}

static inline void read_letters(size_t most, size_t value_most)
{
        struct dead_query query = {
                .bus = &t.config, .group = t.group, .most = most, .value_most = value_most};

        dead_letters_close(&t.letters);
        check(dead_letters_read(&t.letters, &query, &t.error));
        check_int((int64_t)t.letters.group_count, 1);
}

static const struct dead *letter(int i)
{
        read_letters(FEW, 1000);
        check(i < (int)t.letters.count);
        return t.letters.letters[i];
}

static const char *counts(void)
{
        const struct dead_group *g;

        read_letters(FEW, 1000);
        g = t.letters.groups;
        return arena_printf(t.arena, "%zu of %zu, %zu strange", g->open, g->letters, g->strange);
}

static inline bool replay(const struct dead_place *place, const char *mended)
{
        struct dead_reason reason = {"Ann", "it was mended"};
        struct bus_config config = t.config;

        t.error = (struct error){0};
        return dead_letter_replay(&config, place, mended, &reason, t.arena, &t.error) != NULL;
}

static inline bool drop(const struct dead_place *place)
{
        struct dead_reason reason = {"Ben", NULL};

        t.error = (struct error){0};
        return dead_letter_drop(&t.config, place, &reason, t.arena, &t.error) != NULL;
}

#endif
