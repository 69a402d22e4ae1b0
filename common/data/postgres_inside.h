/* postgres - what postgres_db.c and the postgres_*.c beside it share; nobody else includes this.

   Inserts of one statement that come one after the other become one of many rows
   (postgres_inserts.c).

   A link is one connection, in libpq's pipeline mode all the time: what is asked is queued, a sync
   ends a pipeline, then the answers are read in their order. Every wait has an end, after which the
   link is given up: a server that does not answer costs each caller LINK_WAIT_MS once, then all of
   them nothing until the pause is over. */
#ifndef DATA_POSTGRES_H
#define DATA_POSTGRES_H

#include "data/db_adapter.h"

#include <libpq-fe.h>
#include <stddef.h>

enum {
        LINK_WAIT_MS = 8000, /* for an answer; the server's own statement_timeout is shorter */
        LINK_MIGRATION_MS = 65000,
        LINK_CONNECT_MS = 2000,
        LINK_QUEUE = 256, /* statements sent and not yet answered; then the answers are read */
        POSTGRES_PARAMETERS = 24,
};

struct inserts;

/* Parameters of many rows. */
struct wide {
        int count;
        const char **values;
        int *lengths, *formats;
};

struct pg_statement {
        struct statement base;
        struct inserts *many; /* NULL: it is not an insert that can have many rows */
        char *sql;            /* with $1 */
        char name[20];        /* on the server; "" for one use */
        unsigned asked;       /* the connection that it was prepared on, or asked to be */
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
        struct pg_statement *statement;
        bool prepares, rows;
};

struct pg_db {
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
        struct awaited awaited[LINK_QUEUE + 2];
        int awaited_count;
        char sqlstate[6]; /* of the last failure; "" when it was the connection's */
        int changes;
        struct {
                const char *sql;
                struct pg_statement *statement;
        } known[DB_STATEMENTS];
};

static inline struct pg_db *pg_of(struct db *db)
{
        return (struct pg_db *)db;
}

/* postgres_away.c, for all links of the process: it did not answer / it did / may it be asked now?
   Else ERROR_UNAVAILABLE. */
void away_begins(const char *why);
void away_ends(void);
bool away_allows(struct error *error);

/* Connects if it must. ERROR_UNAVAILABLE at once while the pause after a failure lasts, unless
   `urgent`. */
bool link_up(struct pg_db *db, bool urgent, struct error *error);
void link_down(struct pg_db *db);
/* Queues the statement. */
bool link_send(struct pg_db *db, struct pg_statement *statement, bool rows, struct error *error);
/* Reads every answer; false and the first failure. A failure is told once. */
bool link_settle(struct pg_db *db, struct error *error);
/* One or several statements without parameters, by the simple protocol. */
bool link_exec(struct pg_db *db, const char *sql, struct error *error);

/* NULL: not an insert that can have many rows. sql: with $1. */
struct inserts *inserts_new(const char *sql, const char *name);
void inserts_free(struct inserts *rows);
void inserts_forget(struct pg_db *db); /* those that wait: their transaction is over */
/* Keeps the bound row until it must be sent. */
bool inserts_add(struct pg_db *db, struct pg_statement *statement, struct error *error);
/* Sends the rows that wait for a table that this statement names; NULL: all. */
bool inserts_send(struct pg_db *db, const char *sql, struct error *error);

/* Of a URL with one of the schemes. */
bool postgres_url_check(const char *url, struct error *error);
bool postgres_commit(struct db *db, struct error *error);

#endif
