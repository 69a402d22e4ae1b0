/* table - an entity's rows in the store: the SQL that follows from its field table.

   A table is read-only after table_open, and shared by all connections. Rows and their texts are
   copied into the arena. */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include "data/db.h"
#include "data/entity.h"

enum { TABLE_LOOKUPS = 4, TABLE_BY_ID = TABLE_LOOKUPS, TABLE_SORTS = 8, TABLE_BLOCK = 4096 };
enum { TABLE_MANY = 128, TABLE_LONG_ROW = 16 << 10 };
enum { TABLE_ROWS_ALWAYS = 20, TABLE_PAGE_LETTERS = 4 << 20 };

struct table {
        const struct entity *entity;
        const char *insert, *update, *remove, *columns;
        const char *ids; /* takes so many ids from a shared store's
                            sequence */
        const char *get_many;
        const char *get[2], *find[TABLE_LOOKUPS][2]; /* by enum table_use */
        const char *find_many[TABLE_LOOKUPS + 1];
};

/* Why a row is read. TABLE_TO_CHANGE: in a shared store no other process changes it before the
   transaction ends. */
enum table_use { TABLE_TO_LOOK, TABLE_TO_CHANGE };

/* shared: db_is_shared of the connections that will use it */
struct table *table_open(const struct entity *entity, bool shared, struct arena *arena);

bool table_insert(struct db *db, const struct table *table, const void *row, struct error *error);
bool table_update(struct db *db, const struct table *table, const void *row, struct error *error);
bool table_remove(struct db *db, const struct table *table, int64_t id, struct error *error);

/* *row is NULL when there is none, which is no error. */
bool table_get(struct db *db, const struct table *table, enum table_use use, int64_t id,
               struct arena *arena, void **row, struct error *error);
/* One of many rows that are read together. */
struct table_item {
        int64_t id;
        struct arena *arena; /* where the row goes */
        void *row;           /* NULL: there is none, or it is long */
        bool is_long;        /* more bytes than TABLE_LONG_ROW: to be read by itself, since many of
                                them at once would take too much memory */
};

/* In a shared store only: at most TABLE_MANY rows with one question. */
bool table_get_many(struct db *db, const struct table *table, struct table_item *const *items,
                    int count, struct error *error);
/* The row with the lowest id above `after` whose members equal the values; a NULL value equals
   nothing. */
bool table_find(struct db *db, const struct table *table, enum table_use use,
                const struct lookup *lookup, int64_t after, const char *const *values,
                struct arena *arena, void **row, struct error *error);

/* One of many looks at a time. */
struct table_wish {
        const char *values[LOOKUP_MEMBERS];
        void *row; /* NULL: there is none */
};

/* In a shared store only: as many table_find, or by TABLE_BY_ID table_get, TABLE_TO_CHANGE, with
   one question, which is asked, and then read. Rows are locked in the order of the wishes. */
bool table_ask_many(struct db *db, const struct table *table, int which,
                    struct table_wish *const *wishes, size_t count, struct arena *arena,
                    struct error *error);
bool table_read_many(struct db *db, const struct table *table, int which,
                     struct table_wish *const *wishes, struct arena *arena, struct error *error);

struct sort {
        const struct field *field; /* NULL: by id */
        bool descending;
        bool ignores_case; /* text only; A to Z, the same on every store */
};

struct page {
        int64_t number, size;
        struct sort sorts[TABLE_SORTS]; /* then by id */
        int sort_count;
};

/* rows: room for page->size pointers. Null sorts below every value. By id a page costs the same
   however deep it is: the blocks of 4096 rows before it are summed up, and at most one block is
   passed over. Any other sort costs the whole table. A page of more than TABLE_ROWS_ALWAYS rows
   that have more than TABLE_PAGE_LETTERS is ERROR_BAD_INPUT: it would take too much memory. It is
   the last that is read in its transaction (statement_ask_last). */
bool table_page(struct db *db, const struct table *table, const struct page *page,
                struct arena *arena, void **rows, size_t *count, struct error *error);

/* Between table.c and table_many.c: the row at which the statement stands, whose columns are those
   of the table; and the texts of get_many and find_many. */
void *table_row(struct statement *s, const struct shape *shape, struct arena *arena);
const char *table_get_many_sql(const struct entity *entity, const char *columns,
                               struct arena *arena);
/* members: of a lookup, or "id" */
const char *table_find_many_sql(const struct entity *entity, const char *columns,
                                const char *const *members, struct arena *arena);

#endif
