/* entity - what a thing is: one table of its fields.

   The same table serves JSON in, HAL out, the columns, the event payload, the profile and the
   OpenAPI schema. A row is a plain struct that begins with `struct row`; text is NULL for null,
   numbers are `struct nullable_int`. */
#ifndef DATA_ENTITY_H
#define DATA_ENTITY_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct unit;

/* A number that may be null. */
struct nullable_int {
        bool known;
        int64_t value;
};

static inline struct nullable_int some_int(int64_t value)
{
        return (struct nullable_int){true, value};
}

struct row {
        int64_t id;      /* from 1; 0: not stored yet */
        int64_t version; /* counts its changes; the ETag */
};

enum field_type { FIELD_TEXT, FIELD_INT32, FIELD_INT64 };

enum field_flag {
        FIELD_NOT_NEGATIVE = 1, /* a value below 0 is refused, over HTTP and in events */
        FIELD_HIDDEN = 2, /* not in HTTP bodies; a column; in events a header (event_form.h) */
};

struct field {
        const char *name; /* the member and the column */
        enum field_type type;
        size_t offset; /* of a `const char *` or a `struct nullable_int` */
        unsigned flags;
        int since; /* number of the migration that brought the column; 0 or 1: it came with the
                      table */
};

struct shape {
        const struct field *fields; /* ends with a NULL name */
        size_t size;                /* of the struct */
};

enum { LOOKUP_MEMBERS = 2 };

/* Only for tests that want to see what happens then (VARIANT=nodedup): identities and unique
   lookups find nothing. */
#ifdef MALL_WITHOUT_DEDUP
enum { WITHOUT_DEDUP = 1 };
#else
enum { WITHOUT_DEDUP = 0 };
#endif

/* A way to find rows; gets an index. */
struct lookup {
        const char *name; /* "findByOrderId": also a search over HTTP; NULL: for reactions only */
        const char *members[LOOKUP_MEMBERS]; /* NULL ends them */
        bool unique;
};

/* A gauge that tells something of the rows, as they were some seconds ago (figures.h). */
struct figure {
        struct metric_family family; /* its one label is for `by`, if there is one */
        const char *by; /* a text member: the rows are counted for each of its values; NULL: all
                           rows are one number */
        const char *of; /* a number member: with `by`, it is told of each row, summed up where
                           several have one value of `by`; NULL: rows are counted */
};

struct event_type;

/* A way from one status of a row to another (transition.h). */
struct transition {
        const char *from, *to;
        const struct event_type *says; /* NULL: nothing */
};

struct entity {
        const char *item;       /* "order": the rel of an item */
        const char *collection; /* "orders": path, rel and table */
        struct shape shape;
        const struct lookup *lookups; /* ends without members; NULL: none */
        const char *const
                *commands;      /* further links of an item: "order", "order cancel"; NULL: none */
        const char *plain_post; /* POST /orders/order answers the plain row; NULL: none */
        bool read_only;         /* over HTTP */
        bool internal;          /* not over HTTP at all */
        bool unlisted;          /* not in / nor /profile */
        int since;              /* number of the migration that brought the table; 0 is 1 */
        const struct figure *figures; /* ends without a family's name; NULL: none */
        /* What unit_create, unit_update and unit_delete announce of a row, which must fit into such
           events; NULL: nothing. */
        const struct event_type *says_created, *says_changed, *says_removed;
        /* The life of a row that has a member "status": over HTTP it begins where the first
           transition does, its status changes along them, and no other visible member changes.
           Ends with a NULL from; NULL: any change. */
        const struct transition *transitions;

        /* Whether HTTP takes a value below 0 in fields without FIELD_NOT_NEGATIVE, where a setting
           decides; `check` is to refuse it then. NULL: it does. */
        bool (*takes_negative)(const struct config *config);

        /* What more HTTP does in the unit of work that writes a row; each may be NULL. check comes
           before anything is written, the others after the row is written and announced. */
        void (*check)(struct unit *unit, const void *row);
        void (*created)(struct unit *unit, void *row);
        void (*changed)(struct unit *unit, const void *before, void *after);
        void (*removed)(struct unit *unit, const void *row);
};

/* An event that the service announces: its payload is a row of that shape. */
struct event_type {
        const char *name; /* "Orderplaced" */
        const struct shape *shape;
        const char *key; /* the member whose value is the record's key; "id": the row's id */
};

/* The events that the entity says, each once, from 0 on. NULL: there are no more. */
const struct event_type *entity_says(const struct entity *entity, size_t which);

/* NULL when there is none of that name. */
const struct field *shape_field(const struct shape *shape, const char *name);
/* For json_wanted: has the shape such a member? */
bool shape_has(const void *shape, const char *name, size_t len);

/* The places of a field in a row. */
const char **field_text(const struct field *field, void *row);
const char *field_text_of(const struct field *field, const void *row);
struct nullable_int *field_whole(const struct field *field, void *row);
struct nullable_int field_whole_of(const struct field *field, const void *row);

/* Coerces as docs/contract.md says; false and ERROR_BAD_INPUT that names the member. */
bool field_read(const struct field *field, const struct json *value, void *row,
                struct error *error);
/* Reads the visible members that the object has; the others keep their values. */
bool shape_read(const struct shape *shape, const struct json *object, void *row,
                struct error *error);
void shape_clear_visible(const struct shape *shape, void *row);
/* Equal in every visible member? */
bool shape_same(const struct shape *shape, const void *a, const void *b);

void field_write(const struct field *field, const void *row, struct text *out); /* the JSON value */
/* "productId":"1001","qty":5 - the visible members without braces */
void shape_write(const struct shape *shape, const void *row, struct text *out);

#endif
