/* postgres_inside - for the postgres_*.c files only:

   postgres_db.c (the adapter), postgres_statement.c (its statements), postgres_link.c (the
   connection), postgres_inserts.c (many rows in one statement), postgres_commit.c (a COMMIT whose
   answer is lost), postgres_away.c (a server that does not answer) and postgres_url.c.

   The connection is in libpq's pipeline mode all the time: statements are queued, a sync ends a
   pipeline, then the answers are read in order. Every wait has an end, after which the
   connection is given up: a server that does not answer costs each caller POSTGRES_WAIT_MS once,
   then no time until the pause is over. */
#ifndef DATA_POSTGRES_INSIDE_H
#define DATA_POSTGRES_INSIDE_H

#include "data/db_adapter.h"

#include <libpq-fe.h>
#include <stddef.h>

enum {
        POSTGRES_WAIT_MS = 8000, /* for an answer; the server's own statement_timeout is shorter */
        POSTGRES_MIGRATION_MS = 65000,
        POSTGRES_CONNECT_MS = 2000,
        POSTGRES_QUEUE = 256, /* statements sent and not yet answered; then the answers are read */
        POSTGRES_PARAMETERS = 24,
};

struct postgres_inserts;

/* The parameters of a statement of many rows. */
struct wide {
        int count;
        const char **values;
        int *lengths, *formats;
};

struct postgres_statement {
        struct statement base;
        struct postgres_inserts *many; /* NULL: one that never has many rows */
        char *sql;                     /* with $1 */
        char name[20];                 /* on the server; "" for one use */
        unsigned asked;                /* the connection on which it is, or will be, prepared */
        bool prepared;
        int parameters; /* the number of bound ones */
        const char *values[POSTGRES_PARAMETERS];
        int lengths[POSTGRES_PARAMETERS], formats[POSTGRES_PARAMETERS];
        char numbers[POSTGRES_PARAMETERS][24];
        const struct wide *wide; /* parameters of many rows, instead of those above; NULL: one
                                    row */
        PGresult *result;        /* NULL: not run */
        unsigned asked_in;       /* the transaction in which it was, and nobody has begun to read */
        int row;
};

/* An answer that has not come yet. */
struct awaited {
        struct postgres_statement *statement;
        bool prepares, rows;
};

struct postgres_db {
        struct db base;
        char *url, *service;
        char token[40]; /* names this connection in `writers` (postgres_commit.c) */
        int64_t commits;
        enum db_mode mode;
        PGconn *conn;                     /* NULL: none */
        unsigned connection;              /* counts them from 1 */
        int waiting;                      /* rows that wait to be written (postgres_inserts.c) */
        bool migrating;                   /* only this connection works, and may take long */
        bool open;                        /* a transaction has begun; it ends with the connection */
        unsigned transaction;             /* counts those that began or were undone, from 1 */
        struct postgres_statement *begun; /* what began the last one; it answers with its number */
        struct awaited awaited[POSTGRES_QUEUE + 2];
        int awaited_count;
        char sqlstate[6]; /* of the last failure; "": the connection failed */
        int changes;
        struct {
                const char *sql;
                struct postgres_statement *statement;
        } known[DB_STATEMENTS];
};

static inline struct postgres_db *postgres_of(struct db *db)
{
        return CONTAINER_OF(db, struct postgres_db, base);
}

/* postgres_away.c, for all connections of the process: it did not answer; it did; may we ask it
   now? If not: ERROR_UNAVAILABLE. */
void postgres_away_begins(const char *why);
void postgres_away_ends(void);
bool postgres_away_allows(struct error *error);

/* Connects if there is no connection. ERROR_UNAVAILABLE at once while the pause after a failure
   lasts, unless `urgent`. */
bool postgres_link_up(struct postgres_db *db, bool urgent, struct error *error);
void postgres_link_down(struct postgres_db *db);
/* Queues the statement; its rows are not wanted. */
bool postgres_link_send(struct postgres_db *db, struct postgres_statement *statement,
                        struct error *error);
/* The same; after the answer its `result` has the rows. */
bool postgres_link_ask(struct postgres_db *db, struct postgres_statement *statement,
                       struct error *error);
/* Reads every answer; false and the first failure. A failure is reported once. */
bool postgres_link_settle(struct postgres_db *db, struct error *error);
/* One or several statements without parameters, by the simple protocol. */
bool postgres_link_exec(struct postgres_db *db, const char *sql, struct error *error);

/* NULL: not an insert or update that may have many rows. sql: with $1. */
struct postgres_inserts *postgres_inserts_new(const char *sql, const char *name);
void postgres_inserts_free(struct postgres_inserts *rows);
/* Drops the rows that wait: their transaction is over. */
void postgres_inserts_forget(struct postgres_db *db);
/* Keeps the bound row until it must be sent. */
bool postgres_inserts_add(struct postgres_db *db, struct postgres_statement *statement,
                          struct error *error);
/* Sends the rows that wait, of the tables that this statement names; NULL: of all. */
bool postgres_inserts_send(struct postgres_db *db, const char *sql, struct error *error);

/* postgres_statement.c, for postgres_db_ops */
struct statement *postgres_prepare(struct db *base, const char *sql, bool once,
                                   struct error *error);
void postgres_finish(struct statement *s);
void postgres_bind_int(struct statement *base, int parameter, int64_t value);
void postgres_bind_text(struct statement *s, int parameter, const char *value);
void postgres_bind_bytes(struct statement *s, int parameter, const void *value, size_t len);
void postgres_reset(struct statement *base);
enum db_step postgres_step(struct statement *base, struct error *error);
bool postgres_send(struct statement *base, struct error *error);
bool postgres_ask(struct statement *base, struct error *error);
bool postgres_is_null(struct statement *s, int column);
int64_t postgres_int(struct statement *base, int column);
const char *postgres_text(struct statement *s, int column);
const void *postgres_bytes(struct statement *base, int column, size_t *len);
void postgres_statement_free(struct postgres_statement *s);
/* Connects if there is no connection, but not within a transaction: that was lost with its
   connection. */
bool postgres_ready(struct postgres_db *db, struct error *error);

/* Of a URL with one of the schemes. */
bool postgres_url_check(const char *url, struct error *error);
bool postgres_commit(struct db *db, struct error *error);

#endif
