/* write_unit - the part of a write that runs on the writer thread, as a unit of work. Between
   write.c, which reads the request and answers it, and this. */
#ifndef SERVICE_WRITE_UNIT_H
#define SERVICE_WRITE_UNIT_H

#include "data/store.h"
#include "service/admission.h"
#include "service/write.h"

/* One write, from the HTTP thread to the writer thread and back. In the request's arena. */
struct write {
        struct http_request *request;
        const struct resource *resource;
        enum write_kind kind;
        int64_t id;
        const struct json *body;
        void *row; /* read from the body (create, replace); in the end the row as it is answered */
        const char *type; /* of the answer; NULL: no Accept header, hence no body */
        const char *if_match, *if_none_match; /* NULL: not there */
        const char *key;                      /* Idempotency-Key; NULL: none */
        int64_t hash;                         /* of the body */
        int status;
        struct applicant applicant; /* its verdict holds where a row is created */
        struct read_job looking;    /* whether a PUT finds its row */
        struct job job;
        struct error error;
};

/* A job's run; arg: the struct write. */
void write_run(struct unit *unit, void *arg);

/* The path that an Idempotency-Key belongs to. */
const char *write_key_path(const struct write *write);

#endif
