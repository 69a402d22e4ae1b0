/* server - HTTP/1.1 in front of a handler: libmicrohttpd with its gaps closed.

   A request's memory, its body with it, ends with its answer. The server does this for its
   handlers: strict framing (400 or 501 and close: length with coding, two lengths, a folded line, a
   blank before a colon, bare LF, NUL, no Host ...), limits (413, 414, 431, 503), absolute deadlines
   for header and body, HEAD, the access line, http_server_requests_seconds, traceparent,
   `Connection: close` while draining, X-Served-By and X-Served-Version. Errors are
   application/problem+json (RFC 9457).

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

enum {
        HTTP_ANSWER_HEADERS = 200,
        HTTP_POD_MOST = 253,
        HTTP_VERSION_MOST = 64,
        HTTP_FIELD_ROOM = 64, /* bytes that the library takes for a field beside its text */
};

struct faults;
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
        /* For a body that comes in pieces: puts at most `room` bytes there and returns how many, or
           one of HTTP_PULL_*: later (the handler calls http_go_on), the end, or broken (we reset
           the client's connection, because an orderly close would look like the end). Not called
           for HEAD. */
        long (*pull)(struct http_request *request, char *to, size_t room);
        int64_t pull_len; /* -1: unknown */
        struct http_header *headers;
        int header_count, header_room;
        bool close;     /* Connection: close, after this answer */
        bool passed_on; /* another server made it: we do not say that we did */
};

struct http_request {
        struct arena *arena; /* ends with the request */
        const char *method;
        const char *target; /* as sent, raw; in origin form (RFC 9112, 3.2.1) */
        /* raw, without the query; %00, bad escapes and dot segments were refused */
        const char *path;
        const char *query; /* raw, after the '?'; NULL: none */
        const char *body;  /* NUL-terminated; "" when empty */
        size_t body_len;
        bool partial; /* only the body's beginning is here, the rest comes by http_streams.take */
        int64_t body_total;   /* as the client announced it; -1: unknown (chunked) */
        const char *peer;     /* the client's address as text, "127.0.0.1", "::1" */
        bool peer_trusted;    /* in MALL_TRUSTED_PROXIES */
        const char *client;   /* who asks: the peer itself, or the client that trusted peers name in
                                 X-Forwarded-For (client.h) */
        int client_hops;      /* proxies between it and the peer */
        const char *trace_id; /* 32 hex digits, from traceparent or made */
        const char *span_id;  /* 16 hex digits, our own span's */
        /* the whole header for the next hop: same trace, a span of our own */
        const char *traceparent;
        const char *base;          /* base_url() keeps it here; NULL: nobody asked yet */
        const char *uri_template;  /* set by the handler for the metric: "/orders/{id}"; default
                                      "UNKNOWN" */
        bool untraced;             /* set by the handler: no span is recorded of it */
        bool routine;              /* set by the handler: a probe or a scrape, which comes all the
                                      time. It is not counted, and its access line is at debug */
        struct http_answer answer; /* filled by the handler */
        void *state;               /* the handler's own, between HTTP_LATER and finish */
        struct http_server *server;
        struct loop *loop; /* of the thread that serves it */
        int worker;        /* that thread's number, from 0 */
};

enum http_result {
        HTTP_ANSWERED, /* request->answer is filled */
        HTTP_LATER,    /* the handler calls http_resume once, or has called it */
};

struct http_handler {
        /* A whole request with its body is there. */
        enum http_result (*handle)(struct http_request *request, void *arg);
        /* After http_resume, again on a server thread: fills request->answer. Called once for each
           HTTP_LATER, even if the client is gone and nobody reads the answer. */
        void (*finish)(struct http_request *request, void *arg);
        void *arg;
        const struct http_streams *streams; /* NULL: bodies are handed over whole */
};

/* For a proxy: bodies pass in pieces, on the request's worker thread. The handler must return
   HTTP_LATER. */
struct http_streams {
        size_t whole; /* bodies up to so many bytes are still handed over whole */
        /* Returns how many bytes it took; if fewer than len, we wait for http_go_on
           (back-pressure). len 0: the body is complete. */
        size_t (*take)(struct http_request *request, const char *data, size_t len, void *arg);
        /* The client hung up while the request waits; it still ends as any other. */
        void (*gone)(struct http_request *request, void *arg);
        /* After HTTP_LATER: the request is answered or broken off; nobody reads its answer any
           more. */
        void (*ended)(struct http_request *request, void *arg);
        /* On each worker's thread, first and last of all. */
        void (*enter)(int worker, struct loop *loop, void *arg);
        void (*leave)(int worker, void *arg);
        void *arg;
        /* Bytes that the head of an answer may need: a request that leaves less room for it is
           refused (431) before anything is done. 0: what an answer of our own needs. */
        size_t answer_head;
};

struct http_config {
        const char *address; /* "0.0.0.0", "::", "127.0.0.1" */
        int port;            /* 0: any free one, see http_server_port */
        int threads;
        size_t max_body, max_target, max_header, max_fields; /* bytes; number of fields */
        struct allowance *memory;    /* of all requests under way, outlives the server; 503 if it is
                                        used up. NULL: no bound */
        int header_ms, body_ms;      /* absolute deadlines */
        int max_connections;         /* more wait; the one that is idle longest gives way */
        int max_client_connections;  /* of one address, more are closed at once; 0: any number */
        const char *trusted_proxies; /* "10.0.0.0/8,::1/128" */
        /* Who answers: every answer says so in X-Served-By and X-Served-Version. Neither has
           control characters or is longer than HTTP_..._MOST, and they live as long as the
           server. NULL: not said. */
        const char *pod, *version;
        struct faults *faults;   /* what fails on purpose; outlives the server; NULL: nothing */
        struct metrics *metrics; /* may be NULL */
        struct http_handler handler;
};

struct http_server *http_server_open(const struct http_config *config, struct error *error);
int http_server_port(const struct http_server *server);

/* From now on every answer says `Connection: close`; still accepting. */
void http_server_drain(struct http_server *server);
/* Closes the listener, waits at most wait_ms for the requests in flight (their handlers must resume
   them meanwhile), and closes idle connections. Returns how many requests did not end: their
   clients were told 503. If there are any, server and handler must stay as they are until the
   process ends, because those requests still use them. */
int http_server_close(struct http_server **server, int wait_ms);
int http_server_in_flight(const struct http_server *server); /* requests, not connections */

/* The value of the first field of that name; "" if there is none, never NULL. Names ignore case. */
const char *http_header(const struct http_request *request, const char *name)
        __attribute__((returns_nonnull));
/* The same for a list: the values of all fields of that name, joined by commas (RFC 9110, 5.3). */
const char *http_header_list(const struct http_request *request, const char *name)
        __attribute__((returns_nonnull));
/* For callers to whom an empty field is not the same as none. */
bool http_has_header(const struct http_request *request, const char *name);
/* "127.0.0.1:8081", "[::1]:8081": the address at which the client reached us, if it sent no Host.
   In the request's arena. */
const char *http_own_address(const struct http_request *request) __attribute__((returns_nonnull));
/* Adds all fields in the order received (the gateway forwards them), as long as the client is
   there. */
void http_headers(const struct http_request *request, struct headers *to);
/* A query parameter, unescaped ('+' is a blank); the nth of that name; NULL when there is none.
   Requests with bad escapes were refused before. */
const char *http_query(const struct http_request *request, const char *name, int nth);
/* Whether a parameter's name, as sent, is that one. */
bool http_query_is(const char *text, size_t len, const char *name);
/* Percent-decodes into the arena; NULL on a bad escape or %00. */
const char *http_unescape(struct arena *arena, const char *text, size_t len, bool plus_is_blank);

/* copies the value, cleans it */
void http_answer_header(struct http_request *request, const char *name, const char *value);
/* Name and value as they are: already checked, and they live as long as the request. */
void http_answer_pass(struct http_request *request, const char *name, const char *value);
/* The same for a field whose lengths are known. */
void http_answer_field(struct http_request *request, const struct http_header *field);
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

/* How many bytes the head of the answer may have, at HTTP_FIELD_ROOM a field beside its text. If it
   has more, the library closes the connection without an answer. */
size_t http_answer_room(const struct http_request *request);
/* Goes on after a `take` that took less, or after HTTP_PULL_LATER. On the worker's thread; does
   nothing if nothing waits. */
void http_go_on(struct http_request *request);
/* A trailer, before HTTP_PULL_END; left out if the body is not chunked. Copied. */
void http_answer_trailer(struct http_request *request, const char *name, const char *value);

const char *http_status_text(int status); /* "Not Found" */

#endif
