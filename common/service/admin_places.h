/* admin_places - the admin listeners of other daemons: finds all pods of each, asks all of them at
   once, and says who answered what.

   A name of the list may have many addresses, one a pod (a headless Service). If it has addresses
   of both IP versions, one version is used: the one in which somebody answers, because a pod that
   has both would else be asked twice. Whoever is away, or hangs, holds up nobody beyond the
   deadlines: ADMIN_NAMES_MS for names, then that of the fetcher for each round of questions. */
#ifndef SERVICE_ADMIN_PLACES_H
#define SERVICE_ADMIN_PLACES_H

#include "base/error.h"
#include "base/json.h"
#include "service/fetch.h"

enum { ADMIN_NAMES_MS = 1000 };

struct admin_places;

/* list: NAME=URL,... as places_read takes it; a name may be there several times. token_file: its
   text is sent as the bearer's token, read anew for each question; NULL: none. Both live as long as
   the places do. NULL and ERROR_BAD_INPUT where the list is none. */
struct admin_places *admin_places_open(const char *list, const char *token_file, int timeout_ms,
                                       struct error *error);
void admin_places_close(struct admin_places **places);

bool admin_places_know(const struct admin_places *places, const char *service);

/* One of a service's pods, in an arena. */
struct admin_place {
        const char *service;
        const char *listed;      /* the list's URL, by whose name it was found */
        const char *url;         /* "http://10.0.0.3:9091", where it is */
        const char *pod;         /* its name; NULL: unknown */
        const char *why;         /* it is away; NULL: it answered its GET /faults */
        const struct json *said; /* the answer to the last question, NULL: none */
        int status;              /* of that answer; 0: none */
        bool is_ipv6;
};

struct admin_found {
        struct admin_place *at; /* those of a service beside each other, in the order of the list */
        size_t count;
};

/* Asks GET /faults of all pods of a service; NULL: of all services. Waits. Any thread. */
struct admin_found admin_places_look(struct admin_places *places, const char *service,
                                     struct arena *arena);

/* A question to some of them; sets their status, said and, if there is no answer, why. */
struct admin_question {
        const char *method, *path; /* "POST", "/faults" */
        const char *sent;          /* JSON; NULL: none */
        size_t sent_len;
        const char *pod; /* only of that name; NULL: all */
        bool also_away;  /* those too that did not answer when we looked */
};
/* How many it was put to. */
size_t admin_places_ask(struct admin_places *places, const struct admin_found *found,
                        const struct admin_question *question, struct arena *arena);

#endif
