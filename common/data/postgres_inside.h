/* postgres - what postgres_db.c and the postgres_*.c beside it share; nobody else includes this.

   Inserts of one statement that come one after the other become one of many rows
   (postgres_inserts.c).

   A link is one connection, in libpq's pipeline mode all the time: what is asked is queued, a sync
   ends a pipeline, then the answers are read in their order. Every wait has an end, after which the
   link is given up: a server that does not answer costs each caller POSTGRES_WAIT_MS once, then all
   of them nothing until the pause is over. */
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

/* Parameters of many rows. */
struct wide {
        int count;
        const char **values;
        int *lengths, *formats;
};

struct postgres_statement {
        struct statement base;
        struct postgres_inserts *many; /* NULL: it is not an insert that can have many rows */
        char *sql;                     /* with $1 */
        char name[20];                 /* on the server; "" for one use */
        unsigned asked;                /* the connection that it was prepared on, or asked to be */
        bool prepared;
        int parameters; /* as many as were bound */
        const char *values[POSTGRES_PARAMETERS];
        int lengths[POSTGRES_PARAMETERS], formats[POSTGRES_PARAMETERS];
        char numbers[POSTGRES_PARAMETERS][24];
        const struct wide *wide; /* its parameters, instead of those above; NULL: not */
        PGresult *result;        /* NULL: not run */
        int row;
};

/* One answer that is to come. */
struct awaited {
        struct postgres_statement *statement;
        bool prepares, rows;
};

struct postgres_db {
        struct db base;
        char *url, *service;
        char token[40]; /* this connection's name for its commits (postgres_commit.c) */
        int64_t commits;
        enum db_mode mode;
        PGconn *conn;        /* NULL: none */
        unsigned connection; /* counts them from 1 */
        int waiting;         /* rows that are to be inserted and were not sent */
        bool migrating;      /* things may take long, and only this connection may do them */
        bool open;           /* a transaction has begun; it is over if the connection is */
        struct awaited awaited[POSTGRES_QUEUE + 2];
        int awaited_count;
        char sqlstate[6]; /* of the last failure; "" when it was the connection's */
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

/* postgres_away.c, for all links of the process: it did not answer / it did / may it be asked now?
   Else ERROR_UNAVAILABLE. */
void postgres_away_begins(const char *why);
void postgres_away_ends(void);
bool postgres_away_allows(struct error *error);

/* Connects if it must. ERROR_UNAVAILABLE at once while the pause after a failure lasts, unless
   `urgent`. */
bool postgres_link_up(struct postgres_db *db, bool urgent, struct error *error);
void postgres_link_down(struct postgres_db *db);
/* Queues the statement. */
bool postgres_link_send(struct postgres_db *db, struct postgres_statement *statement, bool rows,
                        struct error *error);
/* Reads every answer; false and the first failure. A failure is told once. */
bool postgres_link_settle(struct postgres_db *db, struct error *error);
/* One or several statements without parameters, by the simple protocol. */
bool postgres_link_exec(struct postgres_db *db, const char *sql, struct error *error);

/* NULL: not an insert that can have many rows. sql: with $1. */
struct postgres_inserts *postgres_inserts_new(const char *sql, const char *name);
void postgres_inserts_free(struct postgres_inserts *rows);
void postgres_inserts_forget(
        struct postgres_db *db); /* those that wait: their transaction is over */
/* Keeps the bound row until it must be sent. */
bool postgres_inserts_add(struct postgres_db *db, struct postgres_statement *statement,
                          struct error *error);
/* Sends the rows that wait for a table that this statement names; NULL: all. */
bool postgres_inserts_send(struct postgres_db *db, const char *sql, struct error *error);

/* Of a URL with one of the schemes. */
bool postgres_url_check(const char *url, struct error *error);
bool postgres_commit(struct db *db, struct error *error);

#endif
