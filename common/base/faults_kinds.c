#include "base/faults_kinds.h"

#include <stddef.h>

enum {
        REQUEST = MEMBER_RATE | MEMBER_METHOD | MEMBER_PATH,
        EVENT = MEMBER_RATE | MEMBER_TYPE | MEMBER_KEY,
        UPSTREAM = MEMBER_RATE | MEMBER_METHOD | MEMBER_PATH | MEMBER_ROUTE,
        SLOW_EVENT = EVENT | MEMBER_DELAY,
        MINUTE = 60000,
};

const struct fault_row fault_rows[FAULT_KINDS] = {
        [FAULT_HTTP_LATENCY] = {"http-latency", "answers come later", REQUEST | MEMBER_DELAY,
                                MINUTE},
        [FAULT_HTTP_STATUS] = {"http-status", "requests get this status and are not handled",
                               REQUEST | MEMBER_STATUS},
        [FAULT_HTTP_RESET] = {"http-reset", "requests are handled, then the connection is reset",
                              REQUEST},
        [FAULT_HTTP_HALF_ANSWER] = {"http-half-answer",
                                    "the connection is reset in the middle of an answer", REQUEST},
        [FAULT_NOT_READY] = {"not-ready", "the readiness probe fails, and all else works",
                             .harmful = true},
        [FAULT_NOT_ALIVE] = {"not-alive", "the liveness probe fails, and all else works",
                             .harmful = true},
        [FAULT_CPU] = {"cpu", "threads burn so many cores", MEMBER_CORES, .harmful = true},
        [FAULT_MEMORY] = {"memory", "so much memory is held", MEMBER_SIZE, .harmful = true},
        [FAULT_SLOW_DISK] = {"slow-disk", "commits take longer", MEMBER_RATE | MEMBER_DELAY, 10000,
                             .harmful = true},
        [FAULT_REFUSED_COMMIT] = {"refused-commit", "commits fail, as on a full disk", MEMBER_RATE,
                                  .harmful = true},
        [FAULT_PUBLISH_DELAY] = {"publish-delay", "events are published later", SLOW_EVENT, MINUTE,
                                 .harmful = true},
        [FAULT_PUBLISH_TWICE] = {"publish-twice", "events are published twice", EVENT},
        [FAULT_PUBLISH_GARBAGE] = {"publish-garbage",
                                   "a record that nobody can read is published beside an event",
                                   EVENT, .harmful = true},
        [FAULT_CONSUME_DELAY] = {"consume-delay", "events are applied later", SLOW_EVENT, MINUTE,
                                 .harmful = true},
        [FAULT_CONSUME_TWICE] = {"consume-twice", "events are delivered twice", EVENT},
        [FAULT_CONSUME_REORDER] = {"consume-reorder",
                                   "events of different keys overtake each other", MEMBER_RATE},
        [FAULT_CONSUME_PAUSE] = {"consume-pause",
                                 "no events are read: a dead consumer that looks alive",
                                 .harmful = true},
        [FAULT_UPSTREAM_LATENCY] = {"upstream-latency", "an upstream's answers come later",
                                    UPSTREAM | MEMBER_DELAY, MINUTE},
        [FAULT_UPSTREAM_BROKEN] = {"upstream-broken",
                                   "an upstream's connection breaks before its answer", UPSTREAM},
        [FAULT_UPSTREAM_REFUSED] = {"upstream-refused", "an upstream refuses connections",
                                    UPSTREAM},
};

enum { LONGEST_TEXT = 256, HOUR = 3600000, MIB = 1 << 20, GIB = 1 << 30 };

const struct fault_member_row fault_member_rows[] = {
        {"method", MEMBER_METHOD, SETTING_TEXT, 1, LONGEST_TEXT},
        {"path", MEMBER_PATH, SETTING_TEXT, 1, LONGEST_TEXT},
        {"routeId", MEMBER_ROUTE, SETTING_TEXT, 1, LONGEST_TEXT},
        {"eventType", MEMBER_TYPE, SETTING_TEXT, 1, LONGEST_TEXT},
        {"key", MEMBER_KEY, SETTING_TEXT, 1, LONGEST_TEXT},
        {"delay", MEMBER_DELAY, SETTING_DURATION, 1},
        {"p50", MEMBER_DELAY, SETTING_DURATION, 1},
        {"p99", MEMBER_DELAY, SETTING_DURATION, 1},
        {"status", MEMBER_STATUS, SETTING_NUMBER, 400, 599},
        {"cores", MEMBER_CORES, SETTING_NUMBER, 0, 64, .fraction = true},
        {"size", MEMBER_SIZE, SETTING_SIZE, MIB, GIB},
        {"rate", MEMBER_RATE, SETTING_NUMBER, 0, 1, .fraction = true},
        {"duration", MEMBER_DURATION, SETTING_DURATION, 100, HOUR},
        {NULL},
};

struct setting fault_limits(enum fault_kind kind, const struct fault_member_row *row)
{
        return (struct setting){
                .name = row->name,
                .type = row->type,
                .least = row->least,
                .most = row->member == MEMBER_DELAY ? fault_rows[kind].most_delay_ms : row->most,
        };
}
