/* Statements on PostgreSQL: their parameters, running them, and reading their rows. */
#include "base/arena.h"
#include "data/postgres_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct postgres_statement *statement_of(struct statement *s)
{
        return CONTAINER_OF(s, struct postgres_statement, base);
}

/* ? and ?1 become $1. */
static char *with_dollars(const char *sql)
{
        char *out = memory_alloc(strlen(sql) * 2 + 1), *end = out;
        int number = 0;
        char quote = 0;

        for (; *sql; sql++) {
                if (*sql == '?' && !quote) {
                        number = sql[1] >= '1' && sql[1] <= '9' ? (int)strtol(sql + 1, NULL, 10)
                                                                : number + 1;
                        end += sprintf(end, "$%d", number);
                        while (sql[1] >= '0' && sql[1] <= '9')
                                sql++;
                        continue;
                }
                if (*sql == '\'' || *sql == '"')
                        quote = quote == *sql ? 0 : quote ? quote : *sql;
                *end++ = *sql;
        }
        return out;
}

void postgres_statement_free(struct postgres_statement *s)
{
        if (!s)
                return;
        PQclear(s->result);
        postgres_inserts_free(s->many);
        free(s->sql);
        free(s);
}

static struct postgres_statement *statement_new(struct postgres_db *db, const char *sql)
{
        struct postgres_statement *s = memory_alloc(sizeof *s);

        s->base.db = &db->base;
        s->sql = with_dollars(sql);
        s->row = -1;
        return s;
}

struct statement *postgres_prepare(struct db *base, const char *sql, bool once, struct error *error)
{
        struct postgres_db *db = postgres_of(base);
        size_t i = db_statement_place(sql);

        (void)error; /* an error in it shows when it runs */
        if (once)
                return &statement_new(db, sql)->base;
        while (db->known[i].sql && db->known[i].sql != sql)
                i = (i + 1) & (DB_STATEMENTS - 1);
        if (!db->known[i].sql) {
                db->known[i].sql = sql;
                db->known[i].statement = statement_new(db, sql);
                snprintf(db->known[i].statement->name, sizeof db->known[i].statement->name, "s%zu",
                         i);
                db->known[i].statement->many = postgres_inserts_new(db->known[i].statement->sql,
                                                                    db->known[i].statement->name);
        }
        return &db->known[i].statement->base;
}

void postgres_finish(struct statement *s)
{
        postgres_statement_free(statement_of(s));
}

static void bind(struct postgres_statement *s, int parameter, const char *value, int len,
                 int format)
{
        if (parameter > POSTGRES_PARAMETERS)
                abort();
        if (parameter > s->parameters)
                s->parameters = parameter;
        s->values[parameter - 1] = value;
        s->lengths[parameter - 1] = len;
        s->formats[parameter - 1] = format;
}

void postgres_bind_int(struct statement *base, int parameter, int64_t value)
{
        struct postgres_statement *s = statement_of(base);

        bind(s, parameter, s->numbers[parameter - 1], 0, 0);
        snprintf(s->numbers[parameter - 1], sizeof s->numbers[0], "%lld", (long long)value);
}

void postgres_bind_text(struct statement *s, int parameter, const char *value)
{
        bind(statement_of(s), parameter, value, 0, 0);
}

void postgres_bind_bytes(struct statement *s, int parameter, const void *value, size_t len)
{
        bind(statement_of(s), parameter, value, (int)len, 1);
}

void postgres_reset(struct statement *base)
{
        struct postgres_statement *s = statement_of(base);

        PQclear(s->result);
        s->result = NULL;
        s->asked_in = 0;
        s->row = -1;
}

/* If the connection broke in a transaction, the transaction is gone: a new connection does
   nothing until the next one begins. */
bool postgres_ready(struct postgres_db *db, struct error *error)
{
        if (!db->conn && (db->open || db->migrating))
                return error_set(error, ERROR_UNAVAILABLE, "the connection to PostgreSQL broke");
        return postgres_link_up(db, false, error);
}

bool postgres_ask(struct statement *base, struct error *error)
{
        struct postgres_statement *s = statement_of(base);
        struct postgres_db *db = postgres_of(base->db);

        db->changes = 0;
        s->row = -1;
        s->asked_in = db->transaction;
        return postgres_ready(db, error) && postgres_inserts_send(db, s->sql, error) &&
               postgres_link_ask(db, s, error);
}

/* An answer that did not come with those before it is asked for again: where they failed, and with
   them the transaction, so will this. One of another transaction is not what is asked for. */
static bool begin_to_read(struct postgres_statement *s, struct error *error)
{
        struct postgres_db *db = postgres_of(s->base.db);
        bool is_asked = s->asked_in == db->transaction;

        if (is_asked && !s->result && db->awaited_count && !postgres_link_settle(db, error))
                return false;
        return (is_asked && s->result) ||
               (postgres_ask(&s->base, error) && postgres_link_settle(db, error));
}

enum db_step postgres_step(struct statement *base, struct error *error)
{
        struct postgres_statement *s = statement_of(base);

        if (s->row < 0 && !begin_to_read(s, error)) {
                postgres_reset(base);
                return DB_FAILED;
        }
        s->asked_in = 0;
        if (!s->result) /* a statement without rows */
                return DB_DONE;
        return ++s->row < PQntuples(s->result) ? DB_ROW : DB_DONE;
}

bool postgres_send(struct statement *base, struct error *error)
{
        struct postgres_statement *s = statement_of(base);
        struct postgres_db *db = postgres_of(base->db);

        if (s->many)
                return postgres_inserts_add(db, s, error);
        return postgres_inserts_send(db, s->sql, error) && postgres_link_send(db, s, error);
}

bool postgres_is_null(struct statement *s, int column)
{
        return PQgetisnull(statement_of(s)->result, statement_of(s)->row, column);
}

/* Results are binary: numbers of 1 to 8 bytes, big-endian. */
int64_t postgres_int(struct statement *base, int column)
{
        struct postgres_statement *s = statement_of(base);
        const unsigned char *bytes = (const unsigned char *)PQgetvalue(s->result, s->row, column);
        int len = PQgetlength(s->result, s->row, column);
        uint64_t value = len > 1 && bytes[0] & 0x80 ? ~0ull : 0;

        for (int i = 0; i < len; i++)
                value = value << 8 | bytes[i];
        return (int64_t)value;
}

const char *postgres_text(struct statement *s, int column)
{
        return postgres_is_null(s, column)
                       ? NULL
                       : PQgetvalue(statement_of(s)->result, statement_of(s)->row, column);
}

const void *postgres_bytes(struct statement *base, int column, size_t *len)
{
        struct postgres_statement *s = statement_of(base);

        *len = (size_t)PQgetlength(s->result, s->row, column);
        return postgres_text(base, column);
}
