/* dead_watch - looks at the dead letters now and then, for a page and for an alarm.

   Its thread reads their topics through: every 30 s, at most every 5 s while somebody asks, and at
   once after a letter was replayed or dropped. It sets mall_dead_letters{group} and
   mall_dead_letter_oldest_seconds{group}, of open letters. While the bus cannot be read, what was
   read last stays, `at` says when that was, and `why` that it is so. With 100,000 letters a process
   of 16 MB takes 9 MB more. */
#ifndef SERVICE_DEAD_WATCH_H
#define SERVICE_DEAD_WATCH_H

#include "base/metrics.h"
#include "event/dead_letters.h"

extern const struct metric_family dead_letter_families[];

struct dead_watch;

/* bus: its texts outlive the watch. */
struct dead_watch *dead_watch_open(const struct bus_config *bus, struct metrics *metrics);
void dead_watch_close(struct dead_watch **watch);

/* Members of a JSON object, without its braces: at, why, unlisted, groups, letters; 500 of them,
   the open ones before others, with 2 KiB of each value. unlisted: how many open ones are not among
   them. It does not wait: they may be up to 30 s old, and the next answer is newer. */
void dead_watch_write(struct dead_watch *watch, struct text *out);
/* How many bytes that will be, about. */
size_t dead_watch_size(struct dead_watch *watch);
/* Something became of a letter: reads again. */
void dead_watch_hurry(struct dead_watch *watch);

#endif
