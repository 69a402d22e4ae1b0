#include "base/arena.h"
#include "base/redact.h"
#include "base/text.h"
#include "data/db_adapter.h"

#include <string.h>

static const struct db_ops *const adapters[] = {&sqlite_db_ops, &postgres_db_ops};

static const struct db_ops *adapter_of(const char *url)
{
        for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++) {
                const char *const schemes[] = {adapters[i]->scheme, adapters[i]->other_scheme};

                for (size_t n = 0; n < sizeof schemes / sizeof *schemes && schemes[n]; n++)
                        if (strncmp(url, schemes[n], strlen(schemes[n])) == 0 &&
                            url[strlen(schemes[n])])
                                return adapters[i];
        }
        return NULL;
}

bool db_url_check(const char *url, struct error *error)
{
        const struct db_ops *ops = adapter_of(url);
        char shown[REDACTED];

        if (!ops)
                return error_set(
                        error, ERROR_BAD_INPUT,
                        "MALL_DB_URL=%s: a store is sqlite:PATH or postgresql://USER@HOST/DATABASE",
                        redact(url, shown));
        return !ops->check || ops->check(url, error);
}

bool db_url_is_shared(const char *url)
{
        return adapter_of(url) && adapter_of(url)->shared;
}

struct db *db_open(const char *url, const char *service, enum db_mode mode, struct error *error)
{
        return db_url_check(url, error) ? adapter_of(url)->open(url, service, mode, error) : NULL;
}

void db_close(struct db **at)
{
        struct db *db = *at;

        *at = NULL;
        if (db)
                db->ops->close(db);
}

bool db_is_shared(const struct db *db)
{
        return db->ops->shared;
}

unsigned db_connection(const struct db *db)
{
        return db->ops->connection ? db->ops->connection(db) : 1;
}

bool db_migration_begins(struct db *db, struct error *error)
{
        return !db->ops->migration_begins || db->ops->migration_begins(db, error);
}

void db_migration_ended(struct db *db)
{
        if (db->ops->migration_ended)
                db->ops->migration_ended(db);
}

bool db_begin(struct db *db, bool alone, struct error *error)
{
        return db->ops->begin(db, alone, error);
}

bool db_begin_reading(struct db *db, struct error *error)
{
        return db->ops->begin_reading(db, error);
}

bool db_commit(struct db *db, struct error *error)
{
        return db->ops->commit(db, error);
}

void db_rollback(struct db *db)
{
        db->ops->rollback(db);
}

bool db_in_transaction(const struct db *db)
{
        return db->ops->in_transaction(db);
}

bool db_savepoint(struct db *db, struct error *error)
{
        return db_run(db, "SAVEPOINT unit", error);
}

bool db_savepoint_release(struct db *db, struct error *error)
{
        return db_run(db, "RELEASE unit", error);
}

void db_savepoint_undo(struct db *db)
{
        struct error ignored;

        db_settle(db, &ignored);
        db_run(db, "ROLLBACK TO unit", &ignored);
        db_run(db, "RELEASE unit", &ignored);
}

bool db_transaction_is_void(const struct db *db)
{
        return db->ops->transaction_is_void && db->ops->transaction_is_void(db);
}

bool db_lost_a_race(const struct db *db)
{
        return db->ops->lost_a_race(db);
}

struct statement *db_prepare(struct db *db, const char *sql, struct error *error)
{
        return db->ops->prepare(db, sql, false, error);
}

struct statement *db_prepare_once(struct db *db, const char *sql, struct error *error)
{
        return db->ops->prepare(db, sql, true, error);
}

void statement_close(struct statement **at)
{
        struct statement *s = *at;

        *at = NULL;
        if (s)
                s->db->ops->finish(s);
}

static const char *adapted(const struct db_ops *ops, const char *sql, struct arena *arena)
{
        const struct {
                const char *word, *stands_for;
        } words[] = {{"{id}", ops->id},
                     {"{text}", ops->text},
                     {"{bytes}", ops->bytes},
                     {"{clustered}", ops->clustered}};
        struct text out = text_open(arena, strlen(sql) + 200);

        while (*sql) {
                size_t plain = strcspn(sql, "{"), i = 0;

                text_add(&out, sql, plain);
                sql += plain;
                while (i < sizeof words / sizeof *words &&
                       strncmp(sql, words[i].word, strlen(words[i].word)) != 0)
                        i++;
                if (i < sizeof words / sizeof *words) {
                        text_string(&out, words[i].stands_for);
                        sql += strlen(words[i].word);
                } else if (*sql) {
                        text_char(&out, *sql++);
                }
        }
        return out.at;
}

bool db_exec(struct db *db, const char *sql, struct error *error)
{
        struct arena *arena;
        bool done;

        if (!strchr(sql, '{'))
                return db->ops->exec(db, sql, error);
        arena = arena_open();
        done = db->ops->exec(db, adapted(db->ops, sql, arena), error);
        arena_close(&arena);
        return done;
}

void bind_int(struct statement *s, int parameter, int64_t value)
{
        s->db->ops->bind_int(s, parameter, value);
}

void bind_text(struct statement *s, int parameter, const char *value)
{
        s->db->ops->bind_text(s, parameter, value);
}

void bind_bytes(struct statement *s, int parameter, const void *value, size_t len)
{
        s->db->ops->bind_bytes(s, parameter, value, len);
}

void bind_null(struct statement *s, int parameter)
{
        s->db->ops->bind_text(s, parameter, NULL);
}

enum db_step statement_step(struct statement *s, struct error *error)
{
        return s->db->ops->step(s, error);
}

void statement_reset(struct statement *s)
{
        s->db->ops->reset(s);
}

bool statement_run(struct statement *s, struct error *error)
{
        enum db_step step;

        while ((step = statement_step(s, error)) == DB_ROW)
                ;
        if (step != DB_FAILED)
                statement_reset(s);
        return step == DB_DONE;
}

bool statement_number(struct statement *s, int64_t *number, struct error *error)
{
        enum db_step step = statement_step(s, error);

        if (step == DB_ROW)
                *number = column_int(s, 0);
        if (step != DB_FAILED)
                statement_reset(s);
        return step == DB_ROW;
}

bool db_run(struct db *db, const char *sql, struct error *error)
{
        struct statement *s = db_prepare(db, sql, error);

        return s && statement_run(s, error);
}

bool statement_send(struct statement *s, struct error *error)
{
        return s->db->ops->send ? s->db->ops->send(s, error) : statement_run(s, error);
}

bool statement_ask(struct statement *s, struct error *error)
{
        return !s->db->ops->ask || s->db->ops->ask(s, error);
}

bool statement_ask_last(struct statement *s, struct error *error)
{
        return !s->db->ops->ask_last || s->db->ops->ask_last(s, error);
}

bool db_settle(struct db *db, struct error *error)
{
        return !db->ops->settle || db->ops->settle(db, error);
}

int db_changes(struct db *db)
{
        return db->ops->changes(db);
}

bool column_is_null(struct statement *s, int column)
{
        return s->db->ops->is_null(s, column);
}

int64_t column_int(struct statement *s, int column)
{
        return s->db->ops->as_int(s, column);
}

const char *column_text(struct statement *s, int column)
{
        return s->db->ops->as_text(s, column);
}

const void *column_bytes(struct statement *s, int column, size_t *len)
{
        return s->db->ops->as_bytes(s, column, len);
}
