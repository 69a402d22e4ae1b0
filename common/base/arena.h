/* arena - memory that ends together.

   Everything of one request or one event lives in its arena and is freed with it; nobody frees a
   piece. Allocation succeeds or ends the process: a daemon that is out of memory is restarted,
   never half right.

   Threads: an arena belongs to one thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* What many arenas may take together, bytes; any thread. An arena's first block is its own, up to
   16 KiB, and does not count: what fits there is never refused. An eighth is kept for arenas that
   take little in all, so that a few dozen large ones, which a client may hold for long, do not shut
   out all others. */
enum { ALLOWANCE_KEPT = 8, ALLOWANCE_SMALL = 16 << 10 };

struct allowance {
        size_t most;
        _Atomic size_t taken;
};

struct arena *arena_open(void);
/* NULL: none; else it outlives the arena */
struct arena *arena_open_within(struct allowance *allowance);
void arena_close(struct arena **arena);

/* Forgets every piece, keeps a block: for loops that use one arena again and again. */
void arena_reset(struct arena *arena);

/* Whether its allowance has so much left. Ask before you take memory whose size a client chose:
   nothing else refuses it. The only arena that takes anything is never refused, so that its request
   comes to an end. */
bool arena_may_take(const struct arena *arena, size_t size);

/* Zeroed and aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
/* Not zeroed: for bytes that are written at once. */
void *arena_room(struct arena *arena, size_t size);
/* More room for a piece, whose bytes are kept. It may move, and then the old place is gone; the
   last piece grows in place if its block has room. */
void *arena_grow(struct arena *arena, void *piece, size_t size, size_t larger);

/* As memory_reserve. */
void *arena_reserve(struct arena *arena, void *array, size_t *room, size_t count, size_t size);

/* Copies of text always end with NUL. */
char *arena_copy(struct arena *arena, const char *text, size_t len);
char *arena_string(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_printf(struct arena *arena, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args);
char *arena_decimal(struct arena *arena, int64_t number);

/* Bytes of all its blocks: a reader bounds by it what a file may unfold to. */
size_t arena_size(const struct arena *arena);

/* For what outlives a request: zeroed, freed with free(). */
void *memory_alloc(size_t size);
void *memory_grow(void *old, size_t size);
/* An array with room for `count` elements of that size; where it has less, room at least doubles.
 */
void *memory_reserve(void *array, size_t *room, size_t count, size_t size);
char *memory_string(const char *text); /* NULL gives NULL */

#endif
