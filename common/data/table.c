#include "data/table.h"

#include "base/text.h"

#include <string.h>

static void text_name(struct text *sql, const char *name)
{
        text_printf(sql, "\"%s\"", name);
}

/* id, version and the fields: the order in which every statement here binds and reads them */
static const char *columns_of(const struct shape *shape, struct arena *arena)
{
        struct text sql = text_open(arena, 200);

        text_string(&sql, "id, version");
        for (const struct field *f = shape->fields; f->name; f++) {
                text_string(&sql, ", ");
                text_name(&sql, f->name);
        }
        return sql.at;
}

static const char *insert_of(const struct entity *e, const char *columns, struct arena *arena)
{
        struct text sql = text_open(arena, 300);

        text_printf(&sql, "INSERT INTO \"%s\" (%s) VALUES (?, ?", e->collection, columns);
        for (const struct field *f = e->shape.fields; f->name; f++)
                text_string(&sql, ", ?");
        text_char(&sql, ')');
        return sql.at;
}

/* A shared store's adapter may write many rows in one statement, in which a parameter is a text
   unless it is said what else. */
static const char *update_of(const struct entity *e, bool shared, struct arena *arena)
{
        struct text sql = text_open(arena, 300);
        int parameter = 3;

        text_printf(&sql, "UPDATE \"%s\" SET version = %s", e->collection,
                    shared ? "CAST(?2 AS BIGINT)" : "?2");
        for (const struct field *f = e->shape.fields; f->name; f++)
                text_printf(&sql,
                            shared && f->type != FIELD_TEXT ? ", \"%s\" = CAST(?%d AS BIGINT)"
                                                            : ", \"%s\" = ?%d",
                            f->name, parameter++);
        text_string(&sql, " WHERE id = ?1");
        return sql.at;
}

static const char *find_of(const struct entity *e, const struct lookup *lookup, const char *columns,
                           const char *lock, struct arena *arena)
{
        struct text sql = text_open(arena, 300);

        text_printf(&sql, "SELECT %s FROM \"%s\" WHERE id > ?1", columns, e->collection);
        for (int i = 0; i < LOOKUP_MEMBERS && lookup->members[i]; i++)
                text_printf(&sql, " AND \"%s\" = ?%d", lookup->members[i], i + 2);
        text_printf(&sql, " ORDER BY id LIMIT 1%s", lock);
        return sql.at;
}

struct table *table_open(const struct entity *entity, bool shared, struct arena *arena)
{
        const char *const locks[] = {
                [TABLE_TO_LOOK] = "", [TABLE_TO_CHANGE] = shared ? " FOR UPDATE" : ""};
        struct table *t = arena_alloc(arena, sizeof *t);
        const struct lookup *l = entity->lookups;

        t->entity = entity;
        t->columns = columns_of(&entity->shape, arena);
        t->ids = arena_printf(arena, "SELECT nextval('\"%s_ids\"') FROM generate_series(1, ?)",
                              entity->collection);
        t->insert = insert_of(entity, t->columns, arena);
        t->update = update_of(entity, shared, arena);
        t->remove = arena_printf(arena, "DELETE FROM \"%s\" WHERE id = ?", entity->collection);
        t->get_many = table_get_many_sql(entity, t->columns, arena);
        t->find_many[TABLE_BY_ID] = table_find_many_sql(
                entity, t->columns, (const char *[LOOKUP_MEMBERS]){"id"}, arena);
        for (int i = 0; l && i < TABLE_LOOKUPS && l[i].members[0]; i++)
                t->find_many[i] = table_find_many_sql(entity, t->columns, l[i].members, arena);
        for (int use = 0; use < 2; use++) {
                t->get[use] = arena_printf(arena, "SELECT %s FROM \"%s\" WHERE id = ?%s",
                                           t->columns, entity->collection, locks[use]);
                for (int i = 0; l && i < TABLE_LOOKUPS && l[i].members[0]; i++)
                        t->find[i][use] = find_of(entity, &l[i], t->columns, locks[use], arena);
        }
        return t;
}

static void bind_row(struct statement *s, const struct shape *shape, const void *row)
{
        const struct row *head = row;
        int parameter = 3;

        bind_int(s, 1, head->id);
        bind_int(s, 2, head->version);
        for (const struct field *f = shape->fields; f->name; f++, parameter++) {
                if (f->type == FIELD_TEXT) {
                        bind_text(s, parameter, field_text_of(f, row));
                } else {
                        struct nullable_int w = field_whole_of(f, row);

                        if (w.known)
                                bind_int(s, parameter, w.value);
                        else
                                bind_null(s, parameter);
                }
        }
}

static bool write_row(struct db *db, const char *sql, const struct table *table, const void *row,
                      struct error *error)
{
        struct statement *s = db_prepare(db, sql, error);

        if (!s)
                return false;
        bind_row(s, &table->entity->shape, row);
        return statement_send(s, error);
}

bool table_insert(struct db *db, const struct table *table, const void *row, struct error *error)
{
        return write_row(db, table->insert, table, row, error);
}

bool table_update(struct db *db, const struct table *table, const void *row, struct error *error)
{
        return write_row(db, table->update, table, row, error);
}

bool table_remove(struct db *db, const struct table *table, int64_t id, struct error *error)
{
        struct statement *s = db_prepare(db, table->remove, error);

        if (!s)
                return false;
        bind_int(s, 1, id);
        return statement_send(s, error);
}

void *table_row(struct statement *s, const struct shape *shape, struct arena *arena)
{
        void *row = arena_alloc(arena, shape->size);
        struct row *head = row;
        int column = 2;

        head->id = column_int(s, 0);
        head->version = column_int(s, 1);
        for (const struct field *f = shape->fields; f->name; f++, column++) {
                if (f->type == FIELD_TEXT)
                        *field_text(f, row) = arena_string(arena, column_text(s, column));
                else if (!column_is_null(s, column))
                        *field_whole(f, row) = (struct nullable_int){
                                .known = true, .value = column_int(s, column)};
        }
        return row;
}

/* Reads the first row of a bound statement, and resets it. */
static bool read_one(struct statement *s, const struct table *table, struct arena *arena,
                     void **row, struct error *error)
{
        enum db_step step = statement_step(s, error);

        *row = step == DB_ROW ? table_row(s, &table->entity->shape, arena) : NULL;
        if (step != DB_FAILED)
                statement_reset(s);
        return step != DB_FAILED;
}

bool table_get(struct db *db, const struct table *table, enum table_use use, int64_t id,
               struct arena *arena, void **row, struct error *error)
{
        struct statement *s = db_prepare(db, table->get[use], error);

        *row = NULL;
        if (!s)
                return false;
        bind_int(s, 1, id);
        return read_one(s, table, arena, row, error);
}

bool table_find(struct db *db, const struct table *table, enum table_use use,
                const struct lookup *lookup, int64_t after, const char *const *values,
                struct arena *arena, void **row, struct error *error)
{
        struct statement *s =
                db_prepare(db, table->find[lookup - table->entity->lookups][use], error);

        *row = NULL;
        if (!s)
                return false;
        bind_int(s, 1, after);
        for (int i = 0; i < LOOKUP_MEMBERS && lookup->members[i]; i++)
                bind_text(s, i + 2, values[i]);
        return read_one(s, table, arena, row, error);
}

/* Is the id the first sort? */
static bool is_by_id(const struct page *page)
{
        return !page->sort_count || !page->sorts[0].field;
}

static bool id_descends(const struct page *page)
{
        for (int i = 0; i < page->sort_count; i++)
                if (!page->sorts[i].field)
                        return page->sorts[i].descending;
        return false;
}

static bool folds(const struct sort *sort)
{
        return sort->ignores_case && sort->field->type == FIELD_TEXT;
}

static void sort_sql(struct text *sql, const struct sort *sort, bool folded)
{
        text_printf(sql, folded ? "lower(\"%s\")" : "\"%s\"", sort->field->name);
        text_string(sql, sort->descending ? " DESC NULLS LAST, " : " ASC NULLS FIRST, ");
}

static const char *page_sql(const char *columns, const struct table *table, const struct page *page,
                            struct arena *arena)
{
        struct text sql = text_open(arena, 300);

        text_printf(&sql, "SELECT %s FROM \"%s\" WHERE id %s ? ORDER BY ", columns,
                    table->entity->collection, id_descends(page) ? "<=" : ">=");
        for (int i = 0; i < page->sort_count && page->sorts[i].field; i++)
                sort_sql(&sql, &page->sorts[i], folds(&page->sorts[i]));
        /* texts that differ only in case (B, b) are sorted by case next, as in the reference */
        for (int i = 0; i < page->sort_count && page->sorts[i].field; i++)
                if (folds(&page->sorts[i]))
                        sort_sql(&sql, &page->sorts[i], false);
        /* ids are unique: later sorts do not matter */
        text_printf(&sql, "id %s LIMIT ? OFFSET ?", id_descends(page) ? "DESC" : "ASC");
        return sql.at;
}

/* Where to begin, so that we pass over no more than a block. */
struct entry {
        int64_t id, offset;
        bool beyond; /* there are not that many rows */
};

static bool find_entry(struct db *db, const struct table *table, const struct page *page,
                       struct entry *entry, struct error *error)
{
        static const char up[] = "SELECT block, CAST(sum(rows) AS BIGINT) FROM blocks WHERE name = "
                                 "? GROUP BY block ORDER BY block";
        static const char down[] = "SELECT block, CAST(sum(rows) AS BIGINT) FROM blocks WHERE name "
                                   "= ? GROUP BY block ORDER BY block DESC";
        bool descends = id_descends(page);
        struct statement *s = db_prepare(db, descends ? down : up, error);
        enum db_step step = DB_DONE;

        if (!s)
                return false;
        bind_text(s, 1, table->entity->collection);
        entry->beyond = true;
        while (entry->beyond && (step = statement_step(s, error)) == DB_ROW) {
                int64_t block = column_int(s, 0), rows = column_int(s, 1);

                entry->id = descends ? (block + 1) * TABLE_BLOCK - 1 : block * TABLE_BLOCK;
                entry->beyond = entry->offset >= rows;
                if (entry->beyond)
                        entry->offset -= rows;
        }
        if (step != DB_FAILED)
                statement_reset(s);
        return step != DB_FAILED;
}

static struct statement *page_prepare(struct db *db, const char *sql, const struct page *page,
                                      const struct entry *entry, struct error *error)
{
        struct statement *s = db_prepare_once(db, sql, error);

        if (!s)
                return NULL;
        bind_int(s, 1, entry->id);
        bind_int(s, 2, page->size);
        bind_int(s, 3, entry->offset);
        return s;
}

static const char *letters_of(const struct table *table, const struct page *page,
                              struct arena *arena)
{
        struct text letters = text_open(arena, 200);

        text_string(&letters, "0");
        for (const struct field *f = table->entity->shape.fields; f->name; f++)
                if (f->type == FIELD_TEXT)
                        text_printf(&letters, " + coalesce(length(\"%s\"), 0)", f->name);
        text_string(&letters, " AS letters");
        return arena_printf(arena,
                            "SELECT CAST(coalesce(sum(letters), 0) AS BIGINT) FROM (%s) AS page",
                            page_sql(letters.at, table, page, arena));
}

/* A row may have a megabyte: so for a page of more than a few rows we sum up the letters before
   we read any. */
static bool page_fits(struct db *db, const struct table *table, const struct page *page,
                      const struct entry *entry, struct arena *arena, struct error *error)
{
        struct statement *s;
        int64_t letters = 0;
        bool done;

        if (page->size <= TABLE_ROWS_ALWAYS)
                return true;
        s = page_prepare(db, letters_of(table, page, arena), page, entry, error);
        if (!s)
                return false;
        done = statement_number(s, &letters, error);
        statement_close(&s);
        if (done && letters > TABLE_PAGE_LETTERS)
                return error_member(error, "size",
                                    "these rows have %lld letters, more than %d; at most %d rows "
                                    "are always few enough",
                                    (long long)letters, TABLE_PAGE_LETTERS, TABLE_ROWS_ALWAYS);
        return done;
}

bool table_page(struct db *db, const struct table *table, const struct page *page,
                struct arena *arena, void **rows, size_t *count, struct error *error)
{
        struct entry entry = {.id = id_descends(page) ? INT64_MAX : 0,
                              .offset = page->number * page->size};
        enum db_step step = DB_FAILED;
        struct statement *s;

        *count = 0;
        if (is_by_id(page) && entry.offset >= TABLE_BLOCK &&
            !find_entry(db, table, page, &entry, error))
                return false;
        if (entry.beyond)
                return true;
        if (!page_fits(db, table, page, &entry, arena, error))
                return false;
        s = page_prepare(db, page_sql(table->columns, table, page, arena), page, &entry, error);
        if (!s)
                return false;
        if (statement_ask_last(s, error))
                while ((step = statement_step(s, error)) == DB_ROW)
                        rows[(*count)++] = table_row(s, &table->entity->shape, arena);
        statement_close(&s);
        return step == DB_DONE;
}
