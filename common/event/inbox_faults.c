/* inbox: consuming that goes wrong on purpose (base/faults.h). Only where the inbox has a set of
   faults.

   While it waits the group member lives (bus_idle), and the records that it waits with are neither
   applied nor committed: whoever gets their partition meanwhile applies them, and here they are
   duplicates. */
#include "base/clock.h"
#include "base/faults.h"
#include "data/event_form.h"
#include "event/inbox_inside.h"

#include <string.h>

enum { GATHER_MS = 100 }; /* what comes within this time can change places */

static bool idle(void *arg, int64_t us)
{
        struct inbox *inbox = arg;

        if (!atomic_load(&inbox->closing))
                bus_idle(inbox->bus, (int)(us / 1000) + 1);
        return !atomic_load(&inbox->closing);
}

/* Until the fault ends, at most so long. False: closing. */
static bool wait_for(struct inbox *inbox, const struct injection *hit, int64_t us)
{
        return faults_wait(inbox->faults, hit->fault, clock_mono_us() + us, idle, inbox) &&
               !atomic_load(&inbox->closing);
}

bool inbox_faults_pause(struct inbox *inbox)
{
        static const int64_t hours = INT64_C(24) * 3600 * 1000000; /* it ends before */
        static const struct fault_place any = {0};
        struct injection hit;

        while (faults_strike(inbox->faults, FAULT_CONSUME_PAUSE, &any, &hit))
                if (!wait_for(inbox, &hit, hours))
                        return false;
        return true;
}

/* The type as its header has it. */
static struct fault_place place_of(const struct record *record, struct arena *arena)
{
        const char *type = record_header(record, EVENT_TYPE_HEADER, arena);

        return (struct fault_place){.type = type,
                                    .type_len = type ? strlen(type) : 0,
                                    .key = record->key,
                                    .key_len = record->key_len};
}

/* All wait for the last one of them, so that none overtakes another. */
static bool be_late(struct inbox *inbox, const struct record *records, size_t count,
                    struct arena *arena)
{
        struct injection hit, last = {0};

        if (!faults_may(inbox->faults, FAULT_CONSUME_DELAY))
                return true;
        for (size_t i = 0; i < count; i++) {
                struct fault_place place = place_of(&records[i], arena);

                if (faults_strike(inbox->faults, FAULT_CONSUME_DELAY, &place, &hit) &&
                    hit.delay_us > last.delay_us)
                        last = hit;
        }
        return !last.fault || wait_for(inbox, &last, last.delay_us);
}

/* ---- changed places ---- */

/* Where few events come, each poll has only one. An error comes again at the inbox's own poll,
   which handles it. */
static size_t gather(struct inbox *inbox, struct record *records, size_t count, size_t most,
                     struct arena *arena)
{
        int64_t end = clock_mono_us() + GATHER_MS * 1000, rest;
        struct error error = {0};

        while (error.kind == ERROR_NONE && count < most && (rest = end - clock_mono_us()) > 0 &&
               !atomic_load(&inbox->closing))
                count += bus_poll(inbox->bus, records + count, most - count, (int)(rest / 1000) + 1,
                                  arena, &error);
        return count;
}

static bool same_key(const struct record *a, const struct record *b)
{
        if (!a->key || !b->key)
                return !a->key && !b->key;
        return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

/* Numbers the keys as they come; those without one share a number. Returns how many there are. */
static size_t number_keys(const struct record *records, size_t count, size_t *number)
{
        size_t numbers = 0;

        for (size_t i = 0; i < count; i++) {
                size_t j = 0;

                while (j < i && !same_key(&records[j], &records[i]))
                        j++;
                number[i] = j < i ? number[j] : numbers++;
        }
        return numbers;
}

/* The key that came last comes first. */
static void turn_over(struct record *records, size_t count, const size_t *number, size_t numbers,
                      struct arena *arena)
{
        struct record *turned = arena_alloc(arena, count * sizeof *turned);
        size_t done = 0;

        while (numbers-- > 0)
                for (size_t i = 0; i < count; i++)
                        if (number[i] == numbers)
                                turned[done++] = records[i];
        memcpy(records, turned, count * sizeof *turned);
}

static size_t change_places(struct inbox *inbox, struct record *records, size_t count, size_t most,
                            struct arena *arena)
{
        static const struct fault_place any = {0};
        struct injection hit;
        size_t *number, numbers;

        if (!faults_strike(inbox->faults, FAULT_CONSUME_REORDER, &any, &hit))
                return count;
        count = gather(inbox, records, count, most, arena);
        number = arena_alloc(arena, count * sizeof *number);
        numbers = number_keys(records, count, number);
        if (numbers > 1)
                turn_over(records, count, number, numbers, arena);
        return count;
}

/* ---- twice ---- */

/* In a transaction of their own: so they come back after they were committed. */
static bool apply_again(struct inbox *inbox, struct record *records, size_t count,
                        struct arena *arena)
{
        struct injection hit;
        size_t again = 0;

        if (!faults_may(inbox->faults, FAULT_CONSUME_TWICE))
                return true;
        for (size_t i = 0; i < count; i++) {
                struct fault_place place = place_of(&records[i], arena);

                if (faults_strike(inbox->faults, FAULT_CONSUME_TWICE, &place, &hit))
                        records[again++] = records[i];
        }
        return !again || inbox_apply(inbox, records, again, arena);
}

bool inbox_faults_apply(struct inbox *inbox, struct record *records, size_t count, size_t most,
                        struct arena *arena)
{
        count = change_places(inbox, records, count, most, arena);
        return be_late(inbox, records, count, arena) && inbox_faults_pause(inbox) &&
               inbox_apply(inbox, records, count, arena) &&
               apply_again(inbox, records, count, arena);
}
