/* Many rows of a shared store with one question. */
#include "base/text.h"
#include "data/sql_array.h"
#include "data/table.h"

#include <stdio.h>
#include <string.h>

/* The rows of some ids, and whether each of them is short; the texts of a long one are left out.
   OFFSET 0 keeps PostgreSQL from working out the lengths once for each column. */
const char *table_get_many_sql(const struct entity *e, const char *columns, struct arena *arena)
{
        struct text sql = text_open(arena, 500);

        text_string(&sql, "SELECT id, version");
        for (const struct field *f = e->shape.fields; f->name; f++)
                text_printf(&sql,
                            f->type == FIELD_TEXT ? ", CASE WHEN short THEN \"%s\" END"
                                                  : ", \"%s\"",
                            f->name);
        text_printf(&sql, ", short FROM (SELECT %s, 0", columns);
        for (const struct field *f = e->shape.fields; f->name; f++)
                if (f->type == FIELD_TEXT)
                        text_printf(&sql, " + coalesce(octet_length(\"%s\"), 0)", f->name);
        text_printf(&sql, " <= %d AS short FROM \"%s\" WHERE id = ANY(?) OFFSET 0) AS found",
                    TABLE_LONG_ROW, e->collection);
        return sql.at;
}

enum { ID_ROOM = 21 }; /* with a comma */

/* "{1,2,3}" */
static void write_ids(struct table_item *const *items, int count, char *to)
{
        for (int i = 0; i < count; i++)
                to += sprintf(to, "%c%lld", i ? ',' : '{', (long long)items[i]->id);
        strcpy(to, "}");
}

/* Each asker gets a copy of its own. */
static void hand_out(struct statement *s, const struct table *table,
                     struct table_item *const *items, int count)
{
        int64_t id = column_int(s, 0);
        int fields = 2;

        for (const struct field *f = table->entity->shape.fields; f->name; f++)
                fields++;
        for (int i = 0; i < count; i++) {
                if (items[i]->id != id)
                        continue;
                items[i]->is_long = !column_int(s, fields);
                if (!items[i]->is_long)
                        items[i]->row = table_row(s, &table->entity->shape, items[i]->arena);
        }
}

bool table_get_many(struct db *db, const struct table *table, struct table_item *const *items,
                    int count, struct error *error)
{
        struct statement *s = db_prepare(db, table->get_many, error);
        char ids[TABLE_MANY * ID_ROOM + 2];
        enum db_step step;

        if (!s)
                return false;
        write_ids(items, count, ids);
        for (int i = 0; i < count; i++) {
                items[i]->row = NULL;
                items[i]->is_long = false;
        }
        bind_text(s, 1, ids);
        while ((step = statement_step(s, error)) == DB_ROW)
                hand_out(s, table, items, count);
        if (step == DB_DONE)
                statement_reset(s);
        return step == DB_DONE;
}

static bool is_number(const struct entity *e, const char *member)
{
        const struct field *f = shape_field(&e->shape, member);

        return !f || f->type != FIELD_TEXT;
}

/* The inner SELECT is table_find's, once for each wish: so it has its plan, and never reads more of
   the table than it does. */
const char *table_find_many_sql(const struct entity *e, const char *columns,
                                const char *const *members, struct arena *arena)
{
        struct text sql = text_open(arena, 500);

        text_string(&sql, "SELECT found.*, asked.number FROM unnest(");
        for (int i = 0; i < LOOKUP_MEMBERS && members[i]; i++)
                text_printf(&sql, "%s?%d::%s[]", i ? ", " : "", i + 1,
                            is_number(e, members[i]) ? "bigint" : "text");
        text_string(&sql, ") WITH ORDINALITY AS asked (");
        for (int i = 0; i < LOOKUP_MEMBERS && members[i]; i++)
                text_printf(&sql, "value%d, ", i);
        text_printf(&sql, "number) CROSS JOIN LATERAL (SELECT %s FROM \"%s\" WHERE true", columns,
                    e->collection);
        for (int i = 0; i < LOOKUP_MEMBERS && members[i]; i++)
                text_printf(&sql, " AND \"%s\" = asked.value%d", members[i], i);
        text_string(&sql, " ORDER BY id LIMIT 1 FOR UPDATE) AS found");
        return sql.at;
}

static void bind_wishes(struct statement *s, struct table_wish *const *wishes, size_t count,
                        struct arena *arena)
{
        for (int i = 0; i < LOOKUP_MEMBERS && wishes[0]->values[i]; i++) {
                struct text array = text_open(arena, count * 24);

                for (size_t n = 0; n < count; n++)
                        sql_array_add(&array, wishes[n]->values[i]);
                text_char(&array, '}');
                bind_text(s, i + 1, array.at);
        }
}

bool table_ask_many(struct db *db, const struct table *table, int which,
                    struct table_wish *const *wishes, size_t count, struct arena *arena,
                    struct error *error)
{
        struct statement *s = db_prepare(db, table->find_many[which], error);

        if (!s)
                return false;
        bind_wishes(s, wishes, count, arena);
        return statement_ask(s, error);
}

bool table_read_many(struct db *db, const struct table *table, int which,
                     struct table_wish *const *wishes, struct arena *arena, struct error *error)
{
        struct statement *s = db_prepare(db, table->find_many[which], error);
        const struct shape *shape = &table->entity->shape;
        enum db_step step;
        int number = 2;

        if (!s)
                return false;
        for (const struct field *f = shape->fields; f->name; f++)
                number++;
        while ((step = statement_step(s, error)) == DB_ROW)
                wishes[column_int(s, number) - 1]->row = table_row(s, shape, arena);
        if (step == DB_DONE)
                statement_reset(s);
        return step == DB_DONE;
}
