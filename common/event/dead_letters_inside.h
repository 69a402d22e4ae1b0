/* dead_letters_inside - for dead_letters.c (reads them), dead_letter_text.c (what they say) and
   dead_letter_act.c (replay and drop) only. */
#ifndef EVENT_DEAD_LETTERS_INSIDE_H
#define EVENT_DEAD_LETTERS_INSIDE_H

#include "event/dead_letters.h"

#define MARK_REPLAYED "DeadLetterReplayed"
#define MARK_DROPPED "DeadLetterDropped"
#define MARK_PARTITION "x-letter-partition"
#define MARK_OFFSET "x-letter-offset"
#define MARK_BY "x-letter-by"
#define MARK_REASON "x-letter-reason"

/* One letter, and the record that it is; `record` is all its bytes. */
struct dead_found {
        struct dead *letter;
        struct record record;
};

/* False: there is none, or the bus cannot be read. */
bool dead_letters_look_up(const struct bus_config *bus, const struct dead_place *place,
                          struct arena *arena, struct dead_found *found, struct error *error);

/* Of headers with the same name the last counts: those of a letter come after the record's own.
   NULL: there is none. */
const struct record_header *dead_header(const struct record *record, const char *name);

bool dead_is_letter(const struct record *record);
/* What the record says as a letter of that group; false: it is none. most: bytes of each text. */
bool dead_letter_read(struct dead *letter, const struct record *record, const char *group,
                      size_t most, struct arena *arena);

/* What a marker says. */
struct dead_mark {
        int32_t partition, own_partition; /* the letter's, and where the marker itself is */
        enum dead_state state;
        int64_t offset, own_offset, at_ms;
        const char *by, *why;
};

/* False: it is no marker. Its texts are in the arena. */
bool dead_mark_read(struct dead_mark *mark, const struct record *record, struct arena *arena);
char *dead_note(enum dead_state state, int64_t at_ms, const char *by, const char *why,
                struct arena *arena);

/* A copy in the arena, of all but its note. */
struct dead *dead_letter_keep(const struct dead *letter, struct arena *arena);

#endif
