/* eventlog - the embedded event log: one SQLite file that several processes write and read at the
   same time.

   PATH-wal and PATH-shm (SQLite's), PATH-lock and PATH-wake lie beside PATH. `sqlite3 -readonly
   PATH` opens it; `mallctl log dump` shows the records, of which one row may have many.

   A file of an older program is migrated when it is opened, but not by EVENTLOG_INSPECTS.

   A flock on PATH-lock goes around everything that writes, also checkpoints: SQLite up to 3.51.2
   may damage a file when one connection commits while another checkpoints. Hence every connection
   has wal_autocheckpoint=0 and NO_CKPT_ON_CLOSE, and only this module may write the file. The last
   row is never deleted, because offsets would repeat. synchronous=FULL: appended records survive
   power loss. Not for network file systems.

   BUGS A process that is stopped (SIGSTOP) inside an append stops the others' appends.

   Threads: an eventlog belongs to one thread; open one for each. */
#ifndef EVENT_EVENTLOG_H
#define EVENT_EVENTLOG_H

#include "event/bus.h"
#include "event/futex.h"

/* The bus's own topic, as with Kafka. */
#define EVENTLOG_TOPIC "mall"

struct eventlog;

enum eventlog_use {
        EVENTLOG_APPENDS,  /* made when missing; does the checkpoints */
        EVENTLOG_READS,    /* made when missing */
        EVENTLOG_INSPECTS, /* an error when missing */
};

struct eventlog *eventlog_open(const char *path, enum eventlog_use use, struct error *error);
void eventlog_close(struct eventlog **file);

/* Woken after each append. */
struct futex *eventlog_futex(const struct eventlog *file);

/* All of them (without those that no bus takes) or none. topic: for records that name none.
   ERROR_UNAVAILABLE: try again later. */
bool eventlog_append(struct eventlog *file, const char *topic, const struct record *records,
                     size_t count, struct error *error);

/* The first topic after `after`, by its name, without the bus's own; NULL: there is none, or the
   error says what is wrong. */
const char *eventlog_next_topic(struct eventlog *file, const char *after, struct arena *arena,
                                struct error *error);

/* Up to `most` records of the topic (NULL: of all topics) after the offset `after`, oldest
   first. */
size_t eventlog_read(struct eventlog *file, const char *topic, int64_t after,
                     struct record *records, size_t most, struct arena *arena, struct error *error);
/* The same for a reader that wants some of them (bus_wants): looks at `most` records, and moves
 *after past the last of these. */
size_t eventlog_read_wanted(struct eventlog *file, const struct bus *reader, int64_t *after,
                            struct record *records, size_t most, struct arena *arena,
                            struct error *error);

/* Calls the reader's `wanted` for the last `most` records of its topic, the last first. */
void eventlog_look_back(struct eventlog *file, const struct bus *reader, size_t most);

/* The first offset of a topic; 0 when it has none. */
int64_t eventlog_first(struct eventlog *file, const char *topic);
/* The last offset of a topic (NULL: of all topics); 0 when it has none. */
int64_t eventlog_end(struct eventlog *file, const char *topic);
/* The offset before the last `last` records of a topic; 0 when it has no more than these. Looks
   at each of them. */
int64_t eventlog_before_last(struct eventlog *file, const char *topic, int64_t last);
/* Is the file that was opened still the one of this name? */
bool eventlog_is_in_place(const struct eventlog *file);

/* A group's position is how far it has read. A new group begins at 0; from then on no record
   that it has not read is deleted. */
bool eventlog_join(struct eventlog *file, const char *group, const char *topic, int64_t *position,
                   struct error *error);
bool eventlog_move(struct eventlog *file, const char *group, const char *topic, int64_t position,
                   struct error *error);

struct eventlog_group {
        const char *name, *topic;
        int64_t position;
        int64_t lag;     /* records of its topic after its position */
        int64_t seen_ms; /* Unix time of its last commit */
};
size_t eventlog_groups(struct eventlog *file, struct arena *arena, struct eventlog_group **groups,
                       struct error *error);
/* On all topics. ERROR_NOT_FOUND: no such group. */
bool eventlog_forget(struct eventlog *file, const char *group, struct error *error);

/* Deletes the oldest rows: all of their records older than `before_ms`, and read by every group of
   their topic; one portion at most. *more: call it again soon. If a group is in the way, its name
   is copied to `holder`, else "". */
bool eventlog_retire(struct eventlog *file, int64_t before_ms, bool *more, char holder[128],
                     struct error *error);

#endif
