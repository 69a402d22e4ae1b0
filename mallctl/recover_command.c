/* recover - after a restore from a backup: a store takes back the rows that it lost, from its own
   events, which the topic still has, and is renewed (data/renew.h).

   A row and the event that says it commit together, so the topic knows each order and each
   delivery that was made since the backup, and each that was removed. Orders and deliveries come
   back under the ids that they had. What others said since then, the service hears again itself,
   once its group begins at the topic's beginning: it recognises what it knew before.

   FAILS  where the bus cannot be read, an event of the store cannot be read, a daemon is at work on
          the store, or the URL is no service's store; nothing was changed then
   BUGS   what was changed by PUT or PATCH is not on the topic, and is lost. Of another service than
          order and delivery the ids jump, and its rows are as in the backup. */
#include "mallctl/command.h"

#include "audit/rows.h"
#include "audit/topic.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/redact.h"
#include "data/record.h"
#include "data/renew.h"
#include "data/table.h"
#include "mallctl/flags.h"
#include "mallctl/restored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 5 };

/* Whose rows come back: what says that one began and that it ended, and how one is written. The
   members are the event's and the columns' names; the last column is the order's store. */
static const struct kind {
        const char *service, *rows, *begun, *ended;
        const char *find, *remove, *insert;
        const char *members[COLUMNS];
        bool has_order; /* it has a ledger of the orders that it served, too */
} kinds[] = {
        {.service = "order",
         .rows = "orders",
         .begun = "Orderplaced",
         .ended = "OrderCanceled",
         .find = "SELECT count(*) FROM orders WHERE id = ?",
         .remove = "DELETE FROM orders WHERE id = ?",
         .insert = "INSERT INTO orders (id, version, \"productId\", \"productName\", qty, "
                   "\"customerId\", status) VALUES (?, 0, ?, ?, ?, ?, ?)",
         .members = {"productId", "productName", "qty", "customerId", "status"}},
        {.service = "delivery",
         .rows = "deliveries",
         .begun = "DeliveryStarted",
         .ended = "DeliveryCanceled",
         .find = "SELECT count(*) FROM deliveries WHERE id = ?",
         .remove = "DELETE FROM deliveries WHERE id = ?",
         .insert = "INSERT INTO deliveries (id, version, \"orderId\", qty, \"productId\", status, "
                   "\"customerId\", \"orderSource\") VALUES (?, 0, ?, ?, ?, ?, ?, ?)",
         .members = {"orderId", "qty", "productId", "status", "customerId"},
         .has_order = true},
};

/* A row of which the store knows nothing. */
struct lost {
        int64_t id, at;
        const struct json *body;
        const char *order_source; /* NULL: none */
};

struct recovery {
        struct db *db;
        const struct kind *kind; /* NULL: a service without such rows */
        const char *source;
        struct arena *arena, *scratch;
        struct rows lost;  /* struct lost */
        struct rows ended; /* int64_t: ids of rows that were removed */
        size_t read, taken, removed;
        struct error *error;
        bool failed;
};

/* ---- what the topic says ---- */

static int64_t id_in(const struct json *body)
{
        int64_t id = json_whole(json_member(body, "id"), 0);

        return id > 0 ? id : 0;
}

static bool knows(struct recovery *r, int64_t id, bool *known)
{
        struct statement *s = db_prepare(r->db, r->kind->find, r->error);
        int64_t there = 0;

        if (!s)
                return false;
        bind_int(s, 1, id);
        if (!statement_number(s, &there, r->error))
                return false;
        *known = there > 0;
        return true;
}

/* A row of the store would be left out without a word. */
static bool not_understood(struct recovery *r, const struct record *record)
{
        return error_set(
                r->error, ERROR_BAD_INPUT,
                "an event of %.100s cannot be read, partition %d, offset %lld: nothing has "
                "changed",
                r->source, (int)record->partition, (long long)record->offset);
}

static bool keep_lost(struct recovery *r, const struct record *record, int64_t id)
{
        struct lost *lost;
        const struct json *body;
        struct error ignored;
        const char *order_source = record_header(record, "ce_ordersource", r->arena);
        bool known = false;

        if (!knows(r, id, &known))
                return false;
        if (known)
                return true;
        body = json_read(r->arena, arena_copy(r->arena, record->value, record->value_len),
                         record->value_len, &ignored);
        if (!body)
                return not_understood(r, record);
        lost = rows_add(&r->lost);
        lost->id = id;
        lost->at = record->timestamp_ms;
        lost->order_source = order_source;
        lost->body = body;
        return true;
}

/* An event of this store. */
static bool hear(struct recovery *r, const struct record *record, const char *type)
{
        struct error ignored;
        const struct json *body = json_read(r->scratch, record->value, record->value_len, &ignored);
        int64_t id = body ? id_in(body) : 0;
        bool has_ended = strcmp(type, r->kind->ended) == 0;

        r->read++;
        if (!has_ended && strcmp(type, r->kind->begun) != 0)
                return true;
        if (!id)
                return not_understood(r, record);
        if (!has_ended)
                return keep_lost(r, record, id);
        *(int64_t *)rows_add(&r->ended) = id;
        return true;
}

static bool take(void *arg, const struct record *record)
{
        struct recovery *r = arg;
        const char *source = record_header(record, "ce_source", r->scratch);
        const char *type = record_header(record, "ce_type", r->scratch);

        if (source && type && record->value && strcmp(source, r->source) == 0)
                r->failed = !hear(r, record, type);
        arena_reset(r->scratch);
        return !r->failed;
}

/* A row that was removed right before the backup, whose event still waits in the outbox. */
static bool hear_outbox(struct recovery *r)
{
        struct statement *s = db_prepare(
                r->db, "SELECT value FROM outbox WHERE value IS NOT NULL AND topic IS NULL",
                r->error);
        enum db_step step = DB_FAILED;

        while (s && (step = statement_step(s, r->error)) == DB_ROW) {
                struct error ignored;
                size_t len;
                const char *value = column_bytes(s, 0, &len);
                const struct json *body = json_read(r->scratch, value, len, &ignored);
                const struct json *type = json_member(body, "eventType");

                if (type && type->text && strcmp(type->text, r->kind->ended) == 0 && id_in(body))
                        *(int64_t *)rows_add(&r->ended) = id_in(body);
                arena_reset(r->scratch);
        }
        if (step == DB_DONE)
                statement_reset(s);
        return step == DB_DONE;
}

/* ---- what the store gets ---- */

static bool count(struct recovery *r, const char *table, int64_t id, int rows)
{
        static const char block[] =
                "INSERT INTO blocks (name, block, slot, rows) VALUES (?, ?, 0, ?)"
                " ON CONFLICT (name, block, slot) DO UPDATE SET rows = blocks.rows + excluded.rows";
        static const char total[] =
                "INSERT INTO sequences (name, slot, last, rows) VALUES (?, 0, 0, ?)"
                " ON CONFLICT (name, slot) DO UPDATE SET rows = sequences.rows + excluded.rows";
        struct statement *s = db_prepare(r->db, block, r->error);

        if (!s)
                return false;
        bind_text(s, 1, table);
        bind_int(s, 2, id / TABLE_BLOCK);
        bind_int(s, 3, rows);
        if (!statement_run(s, r->error) || !(s = db_prepare(r->db, total, r->error)))
                return false;
        bind_text(s, 1, table);
        bind_int(s, 2, rows);
        return statement_run(s, r->error);
}

static void bind_member(struct statement *s, int parameter, const struct json *value, bool is_qty)
{
        bool is_known = value && (value->type == JSON_NUMBER || value->type == JSON_STRING);

        if (is_qty && is_known && value->type == JSON_NUMBER)
                bind_int(s, parameter, json_whole(value, 0));
        else if (!is_qty && is_known)
                bind_text(s, parameter, value->text);
        else
                bind_null(s, parameter);
}

static bool insert(struct recovery *r, const struct lost *lost)
{
        const struct kind *k = r->kind;
        struct statement *s = db_prepare(r->db, k->insert, r->error);

        if (!s)
                return false;
        bind_int(s, 1, lost->id);
        for (int i = 0; i < COLUMNS; i++)
                bind_member(s, i + 2, json_member(lost->body, k->members[i]),
                            strcmp(k->members[i], "qty") == 0);
        if (k->has_order)
                bind_text(s, COLUMNS + 2, lost->order_source);
        return statement_run(s, r->error) && count(r, k->rows, lost->id, 1);
}

/* delivery's ledger: that order has had its delivery. */
static bool note_dispatch(struct recovery *r, const struct lost *lost)
{
        static const char next_shared[] = "SELECT nextval('dispatches_ids')";
        static const char next_alone[] =
                "SELECT 1 + max(coalesce((SELECT max(last) FROM sequences WHERE name = "
                "'dispatches'), 0), coalesce((SELECT max(id) FROM dispatches), 0))";
        static const char sql[] =
                "INSERT INTO dispatches (id, version, \"orderSource\", \"orderId\", canceled, "
                "\"at\") VALUES (?, 0, ?, ?, 0, ?) ON CONFLICT DO NOTHING";
        const struct json *order = json_member(lost->body, "orderId");
        struct statement *s;
        int64_t id = 0;

        if (!lost->order_source || !order || order->type != JSON_STRING)
                return true; /* it was made by hand */
        s = db_prepare(r->db, db_is_shared(r->db) ? next_shared : next_alone, r->error);
        if (!s || !statement_number(s, &id, r->error) || !(s = db_prepare(r->db, sql, r->error)))
                return false;
        bind_int(s, 1, id);
        bind_text(s, 2, lost->order_source);
        bind_int(s, 3, strtoll(order->text, NULL, 10));
        bind_int(s, 4, lost->at);
        if (!statement_run(s, r->error))
                return false;
        return !db_changes(r->db) || count(r, "dispatches", id, 1);
}

/* The ledger knows the order of a delivery that was removed, too: it gets no other one. */
static bool take_back(struct recovery *r)
{
        for (size_t i = 0; i < r->lost.count; i++) {
                const struct lost *lost = rows_at(&r->lost, i);
                bool known = false;

                if (r->kind->has_order && !note_dispatch(r, lost))
                        return false;
                if (rows_find(&r->ended, lost->id))
                        continue;
                if (!knows(r, lost->id, &known)) /* the event may be there twice */
                        return false;
                if (known)
                        continue;
                if (!insert(r, lost))
                        return false;
                r->taken++;
        }
        return true;
}

static bool remove_ended(struct recovery *r)
{
        for (size_t i = 0; i < r->ended.count; i++) {
                const int64_t *id = rows_at(&r->ended, i);
                struct statement *s = db_prepare(r->db, r->kind->remove, r->error);

                if (!s)
                        return false;
                bind_int(s, 1, *id);
                if (!statement_run(s, r->error))
                        return false;
                if (!db_changes(r->db))
                        continue;
                if (!count(r, r->kind->rows, *id, -1))
                        return false;
                r->removed++;
        }
        return true;
}

/* ---- the command ---- */

static bool read_topic(struct recovery *r, const struct config *config)
{
        struct bus_config bus = {.url = config_text(config, "bus"),
                                 .client = "recover",
                                 .quiet = true, /* the error says enough */
                                 .properties = config_text(config, "bus-properties")};
        struct bus_through through = {.take = take, .arg = r};

        return bus_read_through(&bus, &through, r->error) && !r->failed;
}

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

static bool source_of(struct recovery *r)
{
        struct statement *s =
                db_prepare(r->db, "SELECT value FROM meta WHERE name = 'source'", r->error);

        if (!s || statement_step(s, r->error) != DB_ROW)
                return false;
        r->source = arena_string(r->arena, column_text(s, 0));
        statement_reset(s);
        return true;
}

/* "/order/UUID": the store's service. */
static void find_kind(struct recovery *r)
{
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
                size_t len = strlen(kinds[i].service);

                if (r->source[0] == '/' && strncmp(r->source + 1, kinds[i].service, len) == 0 &&
                    r->source[1 + len] == '/')
                        r->kind = &kinds[i];
        }
}

/* Alone: a service that starts meanwhile waits. */
static bool work(struct recovery *r, const char *service, const struct config *config,
                 struct renewal *renewal)
{
        char shown[REDACTED];

        if (!db_begin(r->db, true, r->error) || !nobody_is_at_work(r, service))
                return false;
        if (!source_of(r))
                return error_set(r->error, ERROR_NOT_FOUND,
                                 "%.100s: there is no store of a service",
                                 redact(config_text(config, "db"), shown));
        find_kind(r);
        if (r->kind) {
                if (!hear_outbox(r) || !read_topic(r, config))
                        return false;
                rows_sort(&r->ended, rows_by_id);
                if (!take_back(r) || !remove_ended(r))
                        return false;
        }
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
