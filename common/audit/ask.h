/* ask - one answer of a service, as JSON.

   It may come from any server. So it is bounded: a minute, 16 MiB of text, 100,000 values. A page
   of 1000 rows has some 20,000 values; cJSON takes about 100 bytes for each. What is not set below
   is a GET with no body. */
#ifndef AUDIT_ASK_H
#define AUDIT_ASK_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#include <cJSON.h>
#include <stdatomic.h>

struct ask {
        void *easy;            /* CURL * */
        struct arena *scratch; /* of one answer */
        const char *url;
        const char *method;       /* NULL: GET */
        const char *body;         /* of the request; NULL: none */
        void *headers;            /* struct curl_slist *: more than curl sends by itself, as the
                                     body's Content-Type; NULL: no more */
        long most_ms;             /* until the whole answer is there; 0: a minute */
        const _Atomic bool *stop; /* set: asking ends; NULL: never */
        struct error *error;
        bool too_much; /* set where asking for fewer rows may help */
};

/* False and an error: no answer came, or a longer one. Any status is an answer. */
bool ask(struct ask *a, struct text *body, long *status);

/* The error for an answer of that status; always false. */
bool ask_refused(struct ask *a, long status, const struct text *body);

/* For cJSON_Delete. NULL and an error: it is no JSON, or it has too many values. */
cJSON *ask_parse(struct ask *a, const struct text *body);

#endif
