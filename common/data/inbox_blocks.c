/* Identities of the mall's own events, in a store of one process. A service numbers its events one
   after the other, so a row (a block) tells of 1,000 of them which were applied, and the hash of
   each one's content. A poll's events lie in one block or two: one row is written for all of them.
   A row is as large as a page of SQLite's.

   Strangers' events are rows of `inbox`: their numbers may lie anywhere, and a block for each would
   take 4 KB. So are those that a program without blocks applied, until they are purged. (Whoever
   may write to the topic can make a source that looks like the mall's, and take these 4 KB.) */
#include "data/inbox_blocks.h"

#include "base/clock.h"
#include "data/store_inside.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum {
        IDENTITIES = 1000, /* of a block */
        SOURCES_MOST = (1 << 20) - 1,
        MINUTE_MS = 60 * 1000,
        UNSEEN = 0,
        SEEN = 1, /* and its content is not known */
};

struct inbox_block {
        int64_t id; /* its row's; 0: none */
        int64_t at; /* Unix ms; 0: it has no row yet */
        bool changed;
        uint32_t contents[IDENTITIES]; /* little-endian */
};

/* "/order/01234567-89ab-cdef-0123-456789abcdef" */
static bool is_of_the_mall(const char *source)
{
        enum { UUID = 36 };
        const char *end = source[0] == '/' ? strchr(source + 1, '/') : NULL;

        if (!end || strlen(end + 1) != UUID)
                return false;
        for (int i = 0; i < UUID; i++) {
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;

                if (dash ? end[1 + i] != '-' : !strchr("0123456789abcdef", end[1 + i]))
                        return false;
        }
        return true;
}

/* As the mall writes an event's number; 0: it is none, or too large. */
static int64_t number_of(const char *id)
{
        enum { DIGITS = 16 };
        int64_t number = 0;

        if (*id == '0')
                return 0;
        for (int i = 0; id[i]; i++) {
                if (i == DIGITS || id[i] < '0' || id[i] > '9')
                        return 0;
                number = number * 10 + (id[i] - '0');
        }
        return number / IDENTITIES >> INBOX_BLOCKS_BITS ? 0 : number;
}

static bool load(struct unit *u, struct inbox_block *b, int64_t id)
{
        static const char sql[] = "SELECT at, contents FROM inbox_blocks WHERE id = ?";
        struct statement *s = db_prepare(u->store->writer, sql, &u->error);
        enum db_step step;
        const void *bytes;
        size_t len;

        memset(b, 0, sizeof *b);
        if (!s)
                return false;
        bind_int(s, 1, id);
        step = statement_step(s, &u->error);
        if (step == DB_ROW) {
                b->at = column_int(s, 0);
                bytes = column_bytes(s, 1, &len);
                if (len == sizeof b->contents)
                        memcpy(b->contents, bytes, len);
                else
                        error_set(&u->error, ERROR_INTERNAL, "a row of inbox_blocks is damaged");
        }
        if (step != DB_FAILED)
                statement_reset(s);
        if (!unit_failed(u))
                b->id = id;
        return b->id;
}

static void bind_contents(struct statement *s, int parameter, const struct inbox_block *b)
{
        bind_bytes(s, parameter, b->contents, sizeof b->contents);
}

static void insert(struct unit *u, const struct inbox_block *b, int64_t at)
{
        static const char sql[] = "INSERT INTO inbox_blocks (id, at, contents) VALUES (?, ?, ?)";
        struct statement *s = db_prepare(u->store->writer, sql, &u->error);

        if (!s)
                return;
        bind_int(s, 1, b->id);
        bind_int(s, 2, at);
        bind_contents(s, 3, b);
        statement_run(s, &u->error);
}

/* The index of `at` is not touched where it stays. */
static void update(struct unit *u, const struct inbox_block *b, int64_t at)
{
        static const char both[] = "UPDATE inbox_blocks SET contents = ?2, at = ?3 WHERE id = ?1",
                          contents[] = "UPDATE inbox_blocks SET contents = ?2 WHERE id = ?1";
        struct statement *s =
                db_prepare(u->store->writer, at == b->at ? contents : both, &u->error);

        if (!s)
                return;
        bind_int(s, 1, b->id);
        bind_contents(s, 2, b);
        if (at != b->at)
                bind_int(s, 3, at);
        statement_run(s, &u->error);
}

/* `at` is the end of the minute, and never goes back with the clock: a block is purged no earlier
   than its last identity would be. */
static void write_block(struct unit *u, struct inbox_block *b)
{
        int64_t at;

        if (!b->changed || !unit_may_write(u))
                return;
        b->changed = false;
        at = (clock_wall_ms() / MINUTE_MS + 1) * MINUTE_MS;
        if (!b->at)
                insert(u, b, at);
        else
                update(u, b, at > b->at ? at : b->at);
}

static struct inbox_block *block_of(struct inbox_blocks *blocks, int64_t id)
{
        struct unit *u = blocks->unit;
        struct inbox_block **at;

        for (size_t i = 0; i < INBOX_BLOCKS_OPEN && blocks->open[i]; i++)
                if (blocks->open[i]->id == id)
                        return blocks->open[i];
        at = &blocks->open[blocks->next++ % INBOX_BLOCKS_OPEN];
        if (*at)
                write_block(u, *at);
        else
                *at = arena_room(u->arena, sizeof **at);
        return load(u, *at, id) ? *at : NULL;
}

void inbox_blocks_begin(struct inbox_blocks *blocks, struct unit *unit)
{
        *blocks = (struct inbox_blocks){.unit = unit};
}

void inbox_blocks_end(struct inbox_blocks *blocks)
{
        for (size_t i = 0; i < INBOX_BLOCKS_OPEN && blocks->open[i]; i++)
                write_block(blocks->unit, blocks->open[i]);
}

bool inbox_blocks_look(struct store *store, struct error *error)
{
        static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM inbox WHERE at < (SELECT "
                                  "CAST(value AS BIGINT) FROM meta WHERE name = "
                                  "'inbox_rows_before') LIMIT 1)";
        struct statement *s = db_prepare(store->writer, sql, error);
        int64_t some = 0;

        if (!s || !statement_number(s, &some, error))
                return false;
        store->inbox_rows = some;
        return true;
}

static uint32_t content_of(const struct identity *i)
{
        return i->content ? (uint32_t)i->content : SEEN;
}

/* While there are rows of a program without blocks; what is found there comes into the block. */
static uint32_t content_of_row(struct unit *u, const struct identity *i, int64_t source)
{
        int32_t content;

        if (!u->store->inbox_rows || !inbox_row_find(u, i, source, &content))
                return UNSEEN;
        return content ? (uint32_t)content : SEEN;
}

bool inbox_blocks_see(struct inbox_blocks *blocks, struct identity *i, int64_t source)
{
        int64_t number = is_of_the_mall(i->source) ? number_of(i->id) : 0;
        struct inbox_block *b;
        uint32_t *place, before;

        if (!number || source >= SOURCES_MOST)
                return false;
        b = block_of(blocks, source << INBOX_BLOCKS_BITS | number / IDENTITIES);
        if (!b)
                return true;
        place = &b->contents[number % IDENTITIES];
        before = le32toh(*place);
        if (before == UNSEEN) {
                before = content_of_row(blocks->unit, i, source);
                *place = htole32(before == UNSEEN ? content_of(i) : before);
                b->changed = true;
        }
        i->first = before == UNSEEN && !unit_failed(blocks->unit);
        i->other = before > SEEN && i->content && before != (uint32_t)i->content;
        return true;
}
