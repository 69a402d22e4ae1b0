/* db_adapter - between db.c and its adapters only: one table of functions for each kind of store.

   An adapter's own structs hold a struct db and a struct statement (CONTAINER_OF). */
#ifndef DATA_DB_ADAPTER_H
#define DATA_DB_ADAPTER_H

#include "base/container.h"
#include "data/db.h"

struct db_ops {
        const char *scheme, *other_scheme; /* the latter may be NULL */
        bool shared;
        /* what {id}, {text}, {bytes}, {clustered} stand for */
        const char *id, *text, *bytes, *clustered;
        bool (*check)(const char *url, struct error *error); /* NULL: any will do */
        struct db *(*open)(const char *url, const char *service, enum db_mode mode,
                           struct error *error);
        void (*close)(struct db *db);
        unsigned (*connection)(const struct db *db);                  /* NULL: one for ever */
        bool (*migration_begins)(struct db *db, struct error *error); /* NULL: nothing to do */
        void (*migration_ended)(struct db *db);
        bool (*begin)(struct db *db, bool alone, struct error *error);
        bool (*begin_reading)(struct db *db, struct error *error);
        bool (*commit)(struct db *db, struct error *error);
        void (*rollback)(struct db *db);
        bool (*in_transaction)(const struct db *db);
        bool (*transaction_is_void)(const struct db *db); /* NULL: never */
        bool (*lost_a_race)(const struct db *db);
        bool (*exec)(struct db *db, const char *sql, struct error *error);
        int (*changes)(struct db *db);
        bool (*settle)(struct db *db, struct error *error);

        struct statement *(*prepare)(struct db *db, const char *sql, bool once,
                                     struct error *error);
        void (*finish)(struct statement *statement); /* one of prepare(once) */
        void (*bind_int)(struct statement *statement, int parameter, int64_t value);
        void (*bind_text)(struct statement *statement, int parameter, const char *value);
        void (*bind_bytes)(struct statement *statement, int parameter, const void *value,
                           size_t len);
        enum db_step (*step)(struct statement *statement, struct error *error);
        void (*reset)(struct statement *statement);
        bool (*send)(struct statement *statement, struct error *error);
        bool (*ask)(struct statement *statement, struct error *error); /* NULL: step asks */
        bool (*ask_last)(struct statement *statement, struct error *error);
        bool (*is_null)(struct statement *statement, int column);
        int64_t (*as_int)(struct statement *statement, int column);
        const char *(*as_text)(struct statement *statement, int column);
        const void *(*as_bytes)(struct statement *statement, int column, size_t *len);
};

struct db {
        const struct db_ops *ops;
};

/* Power of two; distinct texts a connection prepares are a few dozen. */
enum { DB_STATEMENTS = 128 };

/* Where to begin looking for a statement in an open-addressed table of so many; the key is its
   text's address. */
static inline size_t db_statement_place(const char *sql)
{
        return ((uintptr_t)sql >> 3) * 0x9E3779B97F4A7C15u >> 57;
}

struct statement {
        struct db *db;
};

extern const struct db_ops sqlite_db_ops;
extern const struct db_ops postgres_db_ops;

#endif
