/* dead_letters - what lies on the topics error.mall.GROUP: which letters are open, and what an
   operator does about one: replay it, mended or not, or drop it.

   A letter (dead_letter.h) is open until a marker on its own topic says what became of it. A marker
   is a record without a value, whose headers are

     ce_type                             DeadLetterReplayed or DeadLetterDropped
     x-letter-partition, x-letter-offset the letter
     x-letter-by, x-letter-reason        who did it, and why; the record's time says when

   Of a letter with both, replayed counts, since that took effect. A marker that was there before
   its letter is not true: one with a lower offset on the letter's partition, or with an earlier
   time on another.

   A replay is the original's key, value (or a mended one) and headers, on the bus's own topic, with
   the headers of event_is_for(). The replay is durable before the marker is written: a crash
   between the two leaves the letter open, and the inbox recognises the next replay. A letter that
   cannot be applied then becomes a new letter, and the old one stays replayed.

   Programs that are not ours see a replay as one more event with the original's ce_source and
   ce_id; those that do not look at these apply it again.

   What a letter had of its own (x-original-..., x-exception-message, and the ce_source and ce_id
   that a record without them got) does not go back. A bare letter has no value: it can only be
   replayed with a mended one. */
#ifndef EVENT_DEAD_LETTERS_H
#define EVENT_DEAD_LETTERS_H

#include "event/bus.h"

#define DEAD_TOPICS "error.mall."

enum dead_state { DEAD_OPEN, DEAD_REPLAYED, DEAD_DROPPED };

/* "product/0/17" */
struct dead_place {
        char group[200];
        int32_t partition;
        int64_t offset;
};

bool dead_place_read(struct dead_place *place, const char *text, struct error *error);

/* Texts that the letter does not have are NULL. Bytes that are no UTF-8 are shown as '?'. */
struct dead {
        struct dead_place place;
        int64_t at_ms;
        const char *type, *key, *reason, *value;
        const char *original_topic, *original_partition, *original_offset;
        bool cut; /* the value is longer */
        enum dead_state state;
        const char *note; /* who, when and why; NULL while it is open */
};

struct dead_group {
        const char *name, *topic;
        size_t letters, open;
        int64_t oldest_ms; /* of the open ones; 0: none */
        size_t strange;    /* records that are neither letter nor marker */
};

enum { DEAD_GROUPS_MOST = 100 /* that are read: anybody may make topics */ };

struct dead_letters {
        struct arena *arena;
        struct dead **letters; /* newest first; `most` of all groups, the open ones before others */
        size_t count;
        size_t unlisted; /* open ones that are not among them: neither the newest nor the oldest */
        struct dead_group *groups; /* by name */
        size_t group_count;
        size_t groups_left; /* that were not read */
};

struct dead_query {
        const struct bus_config *bus;
        const char *group;        /* NULL: all */
        size_t most;              /* letters with their texts */
        size_t value_most;        /* bytes of a value; the other texts have 256 of them at most */
        const _Atomic bool *stop; /* set: the reading fails; NULL: never */
};

/* Reads the topics through twice: which letters are there and open, and then the texts of those
   that are kept. While it reads, each letter of all topics costs 24 bytes, and each marker of the
   topic that is read 64; what is reserved for them is up to twice that. A kept letter costs its
   texts, and a note of at most 700 bytes. Close it in any case. */
bool dead_letters_read(struct dead_letters *letters, const struct dead_query *query,
                       struct error *error);
void dead_letters_close(struct dead_letters *letters);

/* The names of all groups that have such a topic, in the arena; false: the bus cannot be read. */
bool dead_groups_list(const struct bus_config *bus, struct arena *arena, const char *const **groups,
                      size_t *count, struct error *error);

/* A letter with all that it has, in the arena. NULL: ERROR_NOT_FOUND, or the bus cannot be read. */
const struct dead *dead_letter_find(const struct bus_config *bus, const struct dead_place *place,
                                    struct arena *arena, struct error *error);

/* Who did it, and why; NULL: not said. */
struct dead_reason {
        const char *by, *why;
};

/* mended: the value to send, an event's JSON; NULL: the letter's own. The letter as it is then, or
   NULL: ERROR_NOT_FOUND, ERROR_CONFLICT (no longer open), ERROR_BAD_INPUT (`value` is no event),
   ERROR_TOO_LARGE, ERROR_UNAVAILABLE. */
const struct dead *dead_letter_replay(const struct bus_config *bus, const struct dead_place *place,
                                      const char *mended, const struct dead_reason *reason,
                                      struct arena *arena, struct error *error);
const struct dead *dead_letter_drop(const struct bus_config *bus, const struct dead_place *place,
                                    const struct dead_reason *reason, struct arena *arena,
                                    struct error *error);

const char *dead_state_name(enum dead_state state); /* "open" */
/* Members of a JSON object, without its braces: what GET /dead and --json tell of a letter. */
void dead_letter_write_json(const struct dead *letter, struct text *out);

#endif
