/* recover - after a restore from a backup: a store takes back the rows that it lost, from its own
   events, which the topic still has, and is renewed (data/renew.h).

   How is in mallctl/recovery.h. Orders and deliveries come back under the ids that they had. What
   others said since then, the service hears again itself, once its group begins at the topic's
   beginning: it recognises what it knew before.

   FAILS  where the bus cannot be read, an event of the store cannot be read, a daemon is at work on
          the store, or the URL is no service's store; nothing was changed then
   BUGS   what was changed by PUT or PATCH is not on the topic, and is lost. Of another service than
          order and delivery the ids jump, and its rows are as in the backup. */
#include "mallctl/command.h"

#include "audit/topic.h"
#include "base/redact.h"
#include "data/renew.h"
#include "mallctl/flags.h"
#include "mallctl/recovery.h"
#include "mallctl/restored.h"

#include <stdio.h>

static bool renew(struct recovery *r, struct renewal *renewal)
{
        renewal->given = renew_highest(r->db, r->error);
        return renewal->given >= 0 && renew_ids(r->db, renewal->given, 0, renewal, r->error);
}

/* Has the store's service a connection beside this one? PostgreSQL lets several in. While it takes
   orders and cancels them, what it says now would be taken for what was lost. */
static bool nobody_is_at_work(struct recovery *r, const char *service)
{
        static const char sql[] =
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                "application_name = current_setting('application_name') AND pid <> "
                "pg_backend_pid()";
        struct statement *s;
        int64_t others = 0;

        if (!db_is_shared(r->db))
                return true;
        s = db_prepare(r->db, sql, r->error);
        if (!s || !statement_number(s, &others, r->error))
                return false;
        return !others || error_set(r->error, ERROR_CONFLICT,
                                    "%s is still at work on the database, with %lld sessions: stop "
                                    "it first",
                                    service, (long long)others);
}

/* The topic is heard within the transaction, which takes as long as the topic is. A daemon's
   sessions end after seconds, for the sake of others that wait; here nobody is at work. */
static bool may_take_long(struct recovery *r)
{
        return !db_is_shared(r->db) ||
               db_exec(r->db,
                       "SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN "
                       "('idle_in_transaction_session_timeout', 'transaction_timeout', "
                       "'statement_timeout')",
                       r->error);
}

/* Alone: a service that starts meanwhile waits. */
static bool work(struct recovery *r, const char *service, const struct config *config,
                 struct renewal *renewal)
{
        const struct bus_config bus = {.url = config_text(config, "bus"),
                                       .client = "recover",
                                       .quiet = true, /* the error says enough */
                                       .properties = config_text(config, "bus-properties")};
        char shown[REDACTED];

        if (!db_begin(r->db, true, r->error) || !may_take_long(r) || !nobody_is_at_work(r, service))
                return false;
        if (!recovery_begin(r))
                return error_set(r->error, ERROR_NOT_FOUND,
                                 "%.100s: there is no store of a service",
                                 redact(config_text(config, "db"), shown));
        if (r->kind && (!recovery_hear(r, &bus) || !recovery_write(r)))
                return false;
        return renew(r, renewal) && db_commit(r->db, r->error);
}

static void tell(const struct recovery *r, const struct renewal *renewal)
{
        if (r->kind)
                printf("%s: of %zu events of its own on the topic, %zu %s were taken back and %zu "
                       "removed\n",
                       r->source, r->read, r->taken, r->kind->rows, r->removed);
        printf("%s: ids went up to %lld, they go on above %lld\n", r->source,
               (long long)renewal->given, (long long)renewal->from);
}

static int recover(const char *url, const char *service, const struct config *config)
{
        struct error e = {0};
        struct recovery r = {.arena = arena_open(),
                             .scratch = arena_open(),
                             .lost = rows_open(sizeof(struct lost)),
                             .ended = rows_open(sizeof(int64_t)),
                             .error = &e};
        struct renewal renewal = {0};
        bool done = false;

        r.db = restored_is_there(url, &e) ? db_open(url, service, DB_WRITER, &e) : NULL;
        if (r.db) {
                done = work(&r, service, config, &renewal);
                if (!done)
                        db_rollback(r.db);
        }
        db_close(&r.db);
        if (done)
                tell(&r, &renewal);
        else
                fprintf(stderr, "mallctl: %s\n", e.text);
        rows_close(&r.ended);
        rows_close(&r.lost);
        arena_close(&r.scratch);
        arena_close(&r.arena);
        return done ? 0 : 1;
}

static const struct setting settings[] = {
        {"db", SETTING_TEXT, NULL, .spring = "MALL_DB_URL",
         .help = "the restored store: sqlite:PATH or postgresql://..."},
        {"service", SETTING_TEXT, NULL, .help = "whose schema it is, on PostgreSQL"},
        {"bus", SETTING_TEXT, "log:data/mall.log", .spring = "MALL_BUS_URL",
         .help = "log:PATH or kafka://HOST:PORT/TOPIC"},
        {"bus-properties", SETTING_TEXT, NULL,
         .help = "Kafka: the file of librdkafka's properties that the daemons have, for TLS and "
                 "SASL"},
        {NULL},
};

static const char usage[] =
        "usage: mallctl recover --db DB-URL [--service SERVICE] [--bus URL]\n\n"
        "After a restore from a backup, while the service is stopped: its store takes back the "
        "orders or deliveries that it lost,\n"
        "from its own events on the topic, and its ids jump, as `renew` makes them "
        "(docs/backup.md).\n";

static int run(const struct config *config)
{
        const char *url = config_text(config, "db"), *service = config_text(config, "service");
        struct error e;

        if (config_arguments(config)[0])
                return flags_misunderstood("recover", "recover takes flags only");
        if (!url || !db_url_check(url, &e))
                return flags_misunderstood("recover", url ? e.text : "--db is missing");
        if (db_url_is_shared(url) && !service)
                return flags_misunderstood("recover", "on PostgreSQL --service says whose schema");
        if (!topic_url_is_right(config_text(config, "bus"), &e))
                return flags_misunderstood("recover", e.text);
        return recover(url, service ? service : "store", config);
}

int recover_main(char **arguments)
{
        return flags_main("recover", settings, usage, run, arguments);
}
