/* What the topic, and the outbox, say of a store's rows. */
#include "mallctl/recovery.h"

#include "data/outbox_rows.h"
#include "data/record.h"

#include <string.h>

static const struct recovered kinds[] = {
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

static void find_kind(struct recovery *r)
{
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
                size_t len = strlen(kinds[i].service);

                if (r->source[0] == '/' && strncmp(r->source + 1, kinds[i].service, len) == 0 &&
                    r->source[1 + len] == '/')
                        r->kind = &kinds[i];
        }
}

bool recovery_begin(struct recovery *r)
{
        struct statement *s =
                db_prepare(r->db, "SELECT value FROM meta WHERE name = 'source'", r->error);

        if (!s || statement_step(s, r->error) != DB_ROW)
                return false;
        r->source = arena_string(r->arena, column_text(s, 0));
        statement_reset(s);
        find_kind(r);
        return true;
}

bool recovery_knows(struct recovery *r, int64_t id, bool *known)
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

static int64_t id_in(const struct json *body)
{
        int64_t id = json_whole(json_member(body, "id"), 0);

        return id > 0 ? id : 0;
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

        if (!recovery_knows(r, id, &known))
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
static bool hear_waiting(void *arg, const struct outbox_record *record)
{
        struct recovery *r = arg;
        struct error ignored;
        const struct json *body, *type;

        if (!record->value || record->topic)
                return true;
        body = json_read(r->scratch, record->value, record->value_len, &ignored);
        type = json_member(body, "eventType");
        if (type && type->text && strcmp(type->text, r->kind->ended) == 0 && id_in(body))
                *(int64_t *)rows_add(&r->ended) = id_in(body);
        return true;
}

bool recovery_hear(struct recovery *r, const struct bus_config *bus)
{
        struct bus_through through = {.take = take, .arg = r};

        if (!outbox_rows_each(r->db, hear_waiting, r, r->scratch, r->error) ||
            !bus_read_through(bus, &through, r->error) || r->failed)
                return false;
        rows_sort(&r->ended, rows_by_id);
        return true;
}
