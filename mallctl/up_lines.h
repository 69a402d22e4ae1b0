/* up_lines - the daemons' lines: each goes whole onto one output, never into another's, and for
   people also into a file of its daemon.

   Nothing here blocks. Where the output stands still, a program's lines wait: the daemons wait with
   them, whose logs count what they drop. A person's lines go only into the files, and their number
   is shown later. Where nobody reads any more, lines are thrown away; so are those for a disk that
   is full, until it has room. */
#ifndef MALLCTL_UP_LINES_H
#define MALLCTL_UP_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A longer line is cut into lines of this length. */
enum { UP_LINE_MOST = 64 << 10 };

struct up_lines; /* the output */

/* named: each line has its daemon's name
   in front, and what an open console asks all the time is not shown. */
struct up_lines *up_lines_open(int fd, bool named);
void up_lines_close(struct up_lines **lines);

struct up_source; /* one daemon */

/* fd: what it writes into, which becomes the source's; file: keeps all lines, -1: none. */
struct up_source *up_source_open(struct up_lines *lines, const char *name, int fd, int file);
void up_source_close(struct up_source **source);
/* Whether it can be read and has room for that; then its fd can be waited for. */
bool up_source_wants(const struct up_source *source);
int up_source_fd(const struct up_source *source);
/* Whether there may be lines to come: it is open, or the output had no room for its last ones. */
bool up_source_holds(const struct up_source *source);
/* Takes what there is, and passes on what the output has room for. */
void up_source_read(struct up_source *source);

/* A text of our own, as it is. */
void up_lines_say(struct up_lines *lines, const char *text);
/* Whether there is something to write; then up_lines_fd can be waited for. */
bool up_lines_wait(const struct up_lines *lines);
int up_lines_fd(const struct up_lines *lines);
/* Writes once. The output takes it: poll said POLLOUT, POLLERR or POLLHUP. */
void up_lines_write(struct up_lines *lines);

#endif
