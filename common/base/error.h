/* error - what went wrong: a kind for programs, a text for people.

   What may fail returns bool or a pointer and takes `struct error *` last (never NULL). From the
   kind follow the HTTP status and whether trying again can help. A function that returns an error
   does not log it: its caller passes it on, answers with it, or logs it. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

enum error_kind {
        ERROR_NONE,
        ERROR_BAD_INPUT,     /* 400: the caller's text is wrong */
        ERROR_NOT_FOUND,     /* 404 */
        ERROR_CONFLICT,      /* 409: something else is under way with the same key */
        ERROR_PRECONDITION,  /* 412: If-Match */
        ERROR_TOO_LARGE,     /* 413: body, or the event it would make */
        ERROR_MEDIA_TYPE,    /* 415 */
        ERROR_UNPROCESSABLE, /* 422: well-formed, but contradicts what is stored */
        ERROR_UNAVAILABLE,   /* 503: it passes; trying again later can help */
        ERROR_INTERNAL,      /* 500: a bug, or the machine has nothing left */
};

struct error {
        enum error_kind kind;
        char text[384];  /* has room for a list of names to choose from */
        char member[64]; /* the JSON member at fault, or "" */
};

/* Fills the error and returns false, so that callers can `return error_set(...)`. */
bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
bool error_member(struct error *error, const char *member, const char *format, ...)
        __attribute__((format(printf, 3, 4))); /* ERROR_BAD_INPUT that names the member */

int error_status(enum error_kind kind);
bool error_is_passing(enum error_kind kind);

#endif
