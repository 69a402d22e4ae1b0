/* One statement that writes many rows costs PostgreSQL a fraction of as many statements. So a row
   that is inserted, or updated by its id, waits until a statement may see it: one that names its
   table, a savepoint or the commit. Statements about other tables may overtake it. Of a row that is
   updated again while it waits only the last state is written. */
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
        bool updates;
        char *head; /* "INSERT INTO ... VALUES ", or "UPDATE ... FROM (VALUES " */
        char *one;  /* an update of one row as it was written; NULL: an insert */
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

static struct postgres_inserts *rows_new(const char *table, const char *list, const char *name)
{
        struct postgres_inserts *rows = memory_alloc(sizeof *rows);

        snprintf(rows->table, sizeof rows->table, "%.*s", (int)strcspn(table, " "), table);
        snprintf(rows->name, sizeof rows->name, "%s", name);
        for (const char *p = list; *p; p++)
                rows->width += *p == '$';
        return rows;
}

/* "$2" becomes "becomes.p2". */
static char *head_of_update(const char *table, const char *set, int len)
{
        struct arena *arena = arena_open();
        struct text sql = text_open(arena, 1000);
        char *copy;

        text_printf(&sql, "UPDATE %.*s AS was", (int)strcspn(table, " "), table);
        for (int i = 0; i < len; i++)
                if (set[i] == '$')
                        text_string(&sql, "becomes.p");
                else
                        text_char(&sql, set[i]);
        text_string(&sql, " FROM (VALUES ");
        copy = memory_string(sql.at);
        arena_close(&arena);
        return copy;
}

/* UPDATE "..." SET ... WHERE id = $1, of a table of entities: all of a row but its id changes. */
static struct postgres_inserts *updates_new(const char *sql, const char *name)
{
        static const char update[] = "UPDATE \"", where[] = " WHERE id = $1";
        const char *table = sql + sizeof update - 2, *set = strstr(sql, " SET version = "),
                   *end = strstr(sql, where);
        struct postgres_inserts *rows;

        if (strncmp(sql, update, sizeof update - 1) != 0 || !set || !end || end[sizeof where - 1])
                return NULL;
        rows = rows_new(table, set, name);
        rows->updates = true;
        rows->one = memory_string(sql);
        rows->head = head_of_update(table, set, (int)(end - set));
        return rows;
}

struct postgres_inserts *postgres_inserts_new(const char *sql, const char *name)
{
        static const char into[] = "INSERT INTO ", values[] = " VALUES (";
        const char *list = strstr(sql, values);
        struct postgres_inserts *rows;

        if (strncmp(sql, into, sizeof into - 1) != 0 || !list ||
            strchr(list, ')') != sql + strlen(sql) - 1)
                return updates_new(sql, name);
        rows = rows_new(sql + sizeof into - 1, list, name);
        rows->head = memory_string(sql);
        rows->head[list - sql + (ptrdiff_t)sizeof values - 2] = '\0';
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
        free(rows->one);
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
        if (rows->updates) {
                for (int i = 0; i < rows->width; i++)
                        text_printf(&sql, i ? ", p%d" : ") AS becomes (p%d", i + 1);
                text_string(&sql, ") WHERE was.id = CAST(becomes.p1 AS BIGINT)");
        }
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
        s->sql = rows->updates && !size ? memory_string(rows->one) : sql_of(rows, 1 << size);
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
                if (!postgres_link_send(db, statement_for(db, rows, size), error))
                        return false;
                first += 1 << size;
        }
        return true;
}

static struct postgres_inserts *rows_at(struct postgres_db *db, int place)
{
        return db->known[place].statement ? db->known[place].statement->many : NULL;
}

/* Inserts and updates of one table keep their order: either may need the other to have happened. */
static bool send_others(struct postgres_db *db, struct postgres_inserts *rows, struct error *error)
{
        for (int i = 0; db->waiting > rows->count && i < DB_STATEMENTS; i++) {
                struct postgres_inserts *others = rows_at(db, i);

                if (others && others != rows && others->count &&
                    strcmp(others->table, rows->table) == 0 && !send_all(db, others, error))
                        return false;
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

/* The place of the row that waits with this id, else the one after the last. */
static int place_of_id(const struct postgres_inserts *rows, const char *id)
{
        int place = 0;

        while (place < rows->count &&
               strcmp(rows->bytes + rows->offsets[place * rows->width], id) != 0)
                place++;
        return place;
}

bool postgres_inserts_add(struct postgres_db *db, struct postgres_statement *s, struct error *error)
{
        struct postgres_inserts *rows = s->many;
        int place;

        if (!db->conn)
                return error_set(error, ERROR_UNAVAILABLE, "not connected to PostgreSQL");
        if (!send_others(db, rows, error))
                return false;
        place = rows->updates ? place_of_id(rows, s->values[0]) : rows->count;
        for (int i = 0; i < rows->width; i++) {
                int at = place * rows->width + i;
                const char *value = s->values[i];

                rows->formats[at] = s->formats[i];
                rows->lengths[at] = s->lengths[i];
                rows->offsets[at] =
                        value ? keep(rows, value,
                                     s->formats[i] ? (size_t)s->lengths[i] : strlen(value))
                              : NONE;
        }
        if (place == rows->count) {
                rows->count++;
                db->waiting++;
        }
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
                struct postgres_inserts *rows = rows_at(db, i);

                if (rows && rows->count && (all || strstr(sql, rows->table)) &&
                    !send_all(db, rows, error))
                        return false;
        }
        return true;
}
