/* One insert of many rows costs PostgreSQL a fraction of as many inserts. So a row that is sent
   waits until a statement may see it: one that names its table, a savepoint or the commit.
   Statements about other tables may overtake it. */
#include "base/arena.h"
#include "base/text.h"
#include "data/postgres_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        SIZES = 6, /* 1, 2, 4, ... rows: each size is a statement, prepared when it is first
                      needed */
        ROWS_MOST = 1 << (SIZES - 1),
        VALUES_MOST = ROWS_MOST * POSTGRES_PARAMETERS,
        BYTES_MOST = 256 * 1024,
};

struct postgres_inserts {
        char table[40], name[20];
        char *head; /* "INSERT INTO ... VALUES " */
        int width;  /* parameters a row */
        struct postgres_statement *sizes[SIZES];
        int count; /* rows that wait */
        char *bytes;
        size_t len, room;
        size_t offsets[VALUES_MOST]; /* into `bytes`; NONE: null */
        int lengths[VALUES_MOST], formats[VALUES_MOST];
        const char *values[VALUES_MOST]; /* only while they are sent */
        struct wide wide;
};

static const size_t NONE = (size_t)-1;

struct postgres_inserts *postgres_inserts_new(const char *sql, const char *name)
{
        static const char into[] = "INSERT INTO ", values[] = " VALUES (";
        const char *list = strstr(sql, values), *table = sql + sizeof into - 1;
        struct postgres_inserts *rows;

        if (strncmp(sql, into, sizeof into - 1) != 0 || !list ||
            strchr(list, ')') != sql + strlen(sql) - 1)
                return NULL;
        rows = memory_alloc(sizeof *rows);
        rows->head = memory_string(sql);
        rows->head[list - sql + (ptrdiff_t)sizeof values - 2] = '\0';
        snprintf(rows->table, sizeof rows->table, "%.*s", (int)strcspn(table, " "), table);
        snprintf(rows->name, sizeof rows->name, "%s", name);
        for (const char *p = list; *p; p++)
                rows->width += *p == '$';
        return rows;
}

static void statement_of_rows_free(struct postgres_statement *s)
{
        if (s)
                free(s->sql);
        free(s);
}

void postgres_inserts_free(struct postgres_inserts *rows)
{
        if (!rows)
                return;
        for (int i = 0; i < SIZES; i++)
                statement_of_rows_free(rows->sizes[i]);
        free(rows->head);
        free(rows->bytes);
        free(rows);
}

void postgres_inserts_forget(struct postgres_db *db)
{
        for (int i = 0; db->waiting && i < DB_STATEMENTS; i++)
                if (db->known[i].statement && db->known[i].statement->many)
                        db->known[i].statement->many->count = 0;
        db->waiting = 0;
}

static char *sql_of(const struct postgres_inserts *rows, int count)
{
        struct arena *arena = arena_open();
        struct text sql = text_open(arena, 1000);
        char *copy;

        text_string(&sql, rows->head);
        for (int i = 0; i < count * rows->width; i++)
                text_printf(&sql, "%s$%d%s",
                            i % rows->width ? ", "
                            : i             ? ", ("
                                            : "(",
                            i + 1, (i + 1) % rows->width ? "" : ")");
        copy = memory_string(sql.at);
        arena_close(&arena);
        return copy;
}

static struct postgres_statement *statement_for(struct postgres_db *db,
                                                struct postgres_inserts *rows, int size)
{
        struct postgres_statement *s = rows->sizes[size];

        if (s)
                return s;
        s = rows->sizes[size] = memory_alloc(sizeof *s);
        s->base.db = &db->base;
        s->sql = sql_of(rows, 1 << size);
        snprintf(s->name, sizeof s->name, "%.10sx%d", rows->name, 1 << size);
        s->wide = &rows->wide;
        return s;
}

/* One statement for each power of two in the number of rows. */
static bool send_all(struct postgres_db *db, struct postgres_inserts *rows, struct error *error)
{
        int first = 0, count = rows->count;

        db->waiting -= count;
        rows->count = 0;
        for (int i = 0; i < count * rows->width; i++)
                rows->values[i] = rows->offsets[i] == NONE ? NULL : rows->bytes + rows->offsets[i];
        rows->len = 0;
        for (int size = SIZES - 1; size >= 0; size--) {
                int at = first * rows->width;

                if (!(count & 1 << size))
                        continue;
                rows->wide = (struct wide){rows->width << size, rows->values + at,
                                           rows->lengths + at, rows->formats + at};
                if (!postgres_link_send(db, statement_for(db, rows, size), false, error))
                        return false;
                first += 1 << size;
        }
        return true;
}

static size_t keep(struct postgres_inserts *rows, const char *value, size_t len)
{
        size_t at = rows->len;

        rows->bytes = memory_reserve(rows->bytes, &rows->room, at + len + 1, 1);
        memcpy(rows->bytes + at, value, len);
        rows->bytes[at + len] = '\0';
        rows->len += len + 1;
        return at;
}

bool postgres_inserts_add(struct postgres_db *db, struct postgres_statement *s, struct error *error)
{
        struct postgres_inserts *rows = s->many;

        if (!db->conn)
                return error_set(error, ERROR_UNAVAILABLE, "not connected to PostgreSQL");
        for (int i = 0; i < rows->width; i++) {
                int at = rows->count * rows->width + i;
                const char *value = s->values[i];

                rows->formats[at] = s->formats[i];
                rows->lengths[at] = s->lengths[i];
                rows->offsets[at] =
                        value ? keep(rows, value,
                                     s->formats[i] ? (size_t)s->lengths[i] : strlen(value))
                              : NONE;
        }
        rows->count++;
        db->waiting++;
        return (rows->count < ROWS_MOST && rows->len < BYTES_MOST) || send_all(db, rows, error);
}

/* A statement of any other kind may concern every table. */
static bool names_its_tables(const char *sql)
{
        static const char *const kinds[] = {"SELECT", "INSERT", "UPDATE", "DELETE"};

        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                if (strncmp(sql, kinds[i], strlen(kinds[i])) == 0)
                        return true;
        return false;
}

bool postgres_inserts_send(struct postgres_db *db, const char *sql, struct error *error)
{
        bool all = !sql || !names_its_tables(sql);

        for (int i = 0; db->waiting && i < DB_STATEMENTS; i++) {
                struct postgres_inserts *rows =
                        db->known[i].statement ? db->known[i].statement->many : NULL;

                if (rows && rows->count && (all || strstr(sql, rows->table)) &&
                    !send_all(db, rows, error))
                        return false;
        }
        return true;
}
