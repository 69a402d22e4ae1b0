/* faults_on - for tests only: a set of faults of all kinds, that a story switches on and off. */
#ifndef TESTING_FAULTS_ON_H
#define TESTING_FAULTS_ON_H

#include "base/arena.h"
#include "base/faults.h"
#include "base/json.h"
#include "base/metrics.h"
#include "testing/check.h"

#include <string.h>

static inline struct faults *faults_of_test(struct metrics *counted)
{
        struct faults_config config = {.kinds = (UINT32_C(1) << FAULT_KINDS) - 1,
                                       .metrics = counted};

        return faults_open(&config);
}

/* Its JSON as the admin listener takes it; returns its id. */
static inline int64_t fault_on(struct faults *set, const char *text)
{
        struct arena *arena = arena_open();
        struct error error = {0};
        const struct json *body = json_read(arena, text, strlen(text), &error);
        int64_t id = body ? faults_add(set, body, &error) : 0;

        check_text(id ? "" : error.text, "");
        arena_close(&arena);
        return id;
}

#endif
