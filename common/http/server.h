/* server - HTTP/1.1 in front of a handler: libmicrohttpd with its gaps closed.

   A request's memory, its body with it, ends with its answer. What it does so that no handler has
   to: strict framing (400 or 501 and close: length with coding, two lengths, a folded line, a blank
   before a colon, bare LF, NUL, no Host ...), limits (413, 414, 431, 503), absolute deadlines for
   header and body, HEAD, the access line, http_server_requests_seconds, traceparent, `Connection:
   close` while draining. Errors are application/problem+json (RFC 9457).

   Threads: handlers run on the server's threads; a handler that must wait (for a commit) returns
   HTTP_LATER and frees the thread; http_resume may come from any thread. Sources: RFC 9110, RFC
   9112, W3C Trace Context. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/arena.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/text.h"
#include "http/headers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;

enum { HTTP_ANSWER_HEADERS = 200 };

struct http_request;
struct loop;

enum { HTTP_PULL_LATER = 0, HTTP_PULL_END = -1, HTTP_PULL_BROKEN = -2 };

/* All in the request's arena. A body of NULL is none (Content-Length: 0, or no length on 204 and
   304). */
struct http_answer {
        int status;
        const char *type; /* Content-Type; NULL: none */
        const char *body;
        size_t len;
        /* Instead of a body, one that comes in pieces: puts at most `room` bytes there and says how
           many, or one of HTTP_PULL_*: later (http_go_on will be called), the end, or broken off
           (the client's connection is then aborted, for a clean end would be a lie). Not called for
           HEAD. */
        long (*pull)(struct http_request *request, char *to, size_t room);
        int64_t pull_len; /* -1: unknown */
        struct http_header *headers;
        int header_count, header_room;
        bool close; /* Connection: close, after this answer */
};

struct http_request {
        struct arena *arena; /* ends with the request */
        const char *method;
        const char *target; /* as sent, raw; in origin form (RFC 9112, 3.2.1) */
        const char
                *path; /* raw, without the query; %00, bad escapes and dot segments were refused */
        const char *query; /* raw, behind the '?'; NULL: none */
        const char *body;  /* NUL-terminated; "" when empty */
        size_t body_len;
        bool partial; /* only the body's beginning is here, the rest comes by http_streams.take */
        int64_t body_total;   /* as the client announced it; -1: unknown (chunked) */
        const char *peer;     /* the client's address as text, "127.0.0.1", "::1" */
        bool peer_trusted;    /* in MALL_TRUSTED_PROXIES */
        const char *client;   /* for whom it asks: the peer itself, or whom trusted peers name in
                                 X-Forwarded-For (client.h) */
        int client_hops;      /* proxies between it and the peer */
        const char *trace_id; /* 32 hex digits, from traceparent or made */
        const char
                *traceparent; /* the whole header for the next hop: same trace, a span of our own */
        const char *uri_template;  /* set by the handler for the metric: "/orders/{id}"; default
                                      "UNKNOWN" */
        struct http_answer answer; /* filled by the handler */
        void *state;               /* the handler's own, for between HTTP_LATER and its finish */
        struct http_server *server;
        struct loop *loop; /* of the thread that serves it */
        int worker;        /* that thread's number, from 0 */
};

enum http_result {
        HTTP_ANSWERED, /* request->answer is filled */
        HTTP_LATER,    /* http_resume will be called, once; may already have been */
};

struct http_handler {
        /* A whole request with its body is there. */
        enum http_result (*handle)(struct http_request *request, void *arg);
        /* After http_resume, again on a server thread: fill request->answer. Once for each
           HTTP_LATER, also when the client is gone by then and nobody will read the answer. */
        void (*finish)(struct http_request *request, void *arg);
        void *arg;
        const struct http_streams *streams; /* NULL: bodies are handed over whole */
};

/* For a handler that passes on what it gets: bodies in pieces, on the request's worker thread.
   Needs HTTP_LATER. */
struct http_streams {
        size_t whole; /* bodies up to so many bytes are still handed over whole */
        /* How many bytes were taken; fewer than len: wait for http_go_on. len 0: the body is
           complete. */
        size_t (*take)(struct http_request *request, const char *data, size_t len, void *arg);
        /* The client hung up while it waits; the request still ends as ever. */
        void (*gone)(struct http_request *request, void *arg);
        /* After HTTP_LATER: answered, or broken off; whatever comes of the request is no longer
           wanted. */
        void (*ended)(struct http_request *request, void *arg);
        /* On each worker's thread, first and last of all. */
        void (*enter)(int worker, struct loop *loop, void *arg);
        void (*leave)(int worker, void *arg);
        void *arg;
};

struct http_config {
        const char *address; /* "0.0.0.0", "::", "127.0.0.1" */
        int port;            /* 0: any free one, see http_server_port */
        int threads;
        size_t max_body, max_target, max_header, max_fields; /* bytes; number of fields */
        struct allowance *memory; /* of all requests under way, outlives the server; what does not
                                     fit is 503. NULL: no bound */
        int header_ms, body_ms;   /* absolute deadlines */
        int max_connections; /* more wait; where one of them is idle, the longest idle gives way */
        int max_client_connections;  /* of one address, more are closed at once; 0: any number */
        const char *trusted_proxies; /* "10.0.0.0/8,::1/128" */
        struct metrics *metrics;     /* may be NULL */
        struct http_handler handler;
};

struct http_server *http_server_open(const struct http_config *config, struct error *error);
int http_server_port(const struct http_server *server);

/* From now on every answer says `Connection: close`; still accepting. */
void http_server_drain(struct http_server *server);
/* The listener closes, requests in flight end (at most wait_ms; suspended ones must be resumed
   meanwhile by those who hold them), idle connections are closed. Gives how many requests did not
   end: their clients were told 503, and the server and all that its handler uses must stay as they
   are until the process ends, for who holds them still does. */
int http_server_close(struct http_server **server, int wait_ms);
int http_server_in_flight(const struct http_server *server); /* requests, not connections */

/* The field's value, of the first line of that name; "" where there is none: what a client may
   leave out is never NULL. Names ignore case. */
const char *http_header(const struct http_request *request, const char *name)
        __attribute__((returns_nonnull));
/* The same of a field that is a list: all its lines, joined by commas (RFC 9110, 5.3). */
const char *http_header_list(const struct http_request *request, const char *name)
        __attribute__((returns_nonnull));
/* For where a field without a value is not the same as none. */
bool http_has_header(const struct http_request *request, const char *name);
/* "127.0.0.1:8081", "[::1]:8081": where the client reached us; for one that said no Host. In the
   request's arena. */
const char *http_own_address(const struct http_request *request) __attribute__((returns_nonnull));
/* All fields in the order received (the gateway forwards them), as long as the client is there;
   false from `each` ends. */
void http_each_header(const struct http_request *request,
                      bool (*each)(void *arg, const char *name, const char *value), void *arg);
/* A query parameter, unescaped ('+' is a blank); the nth of that name; NULL when there is none.
   ERROR_BAD_INPUT is not possible: bad escapes were refused. */
const char *http_query(const struct http_request *request, const char *name, int nth);
/* Whether a parameter's name, as sent, is that one. */
bool http_query_is(const char *text, size_t len, const char *name);
/* Percent-decodes into the arena; NULL on a bad escape or %00. */
const char *http_unescape(struct arena *arena, const char *text, size_t len, bool plus_is_blank);

void http_answer_header(struct http_request *request, const char *name,
                        const char *value); /* copies the value, cleans it */
/* As they are: checked already, and living as long as the request. */
void http_answer_pass(struct http_request *request, const char *name, const char *value);
void http_answer_body(struct http_request *request, int status, const char *type,
                      const struct text *body);
/* application/problem+json with type about:blank, title, status, detail, instance and, where the
   error names one, `member`. */
void http_answer_error(struct http_request *request, const struct error *error);
void http_answer_problem(struct http_request *request, int status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Continues a request whose handler returned HTTP_LATER. The caller must not touch it afterwards.
   Any thread. */
void http_resume(struct http_request *request);

/* How many bytes the head of the answer may have, at 64 bytes a field beside its text; what does
   not fit would close the connection without a word. */
size_t http_answer_room(const struct http_request *request);
/* Goes on after a take that took less, or HTTP_PULL_LATER. On the worker's thread; harmless when
   nothing waits. */
void http_go_on(struct http_request *request);
/* A field behind the body, before HTTP_PULL_END; left out where the client gets no chunks.
   Copied. */
void http_answer_trailer(struct http_request *request, const char *name, const char *value);

const char *http_status_text(int status); /* "Not Found" */

#endif
