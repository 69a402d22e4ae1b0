/* connection - one client connection and the one request at a time that it carries. Private to the
   server.

   A connection belongs to one of the server's threads, except for its atomic members: the deadline
   thread and http_server_close read `phase` and `deadline_ms`, and the thread that resumes a
   request moves `turn`. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "base/clock.h"
#include "base/container.h"
#include "base/trace.h"
#include "http/framing.h"
#include "http/loop.h"
#include "http/server.h"
#include "http/trusted_proxies.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

struct deadlines;
struct listener;
struct access;
struct served;
struct span;
struct injected;

enum { IDLE_MS = 75000 }; /* until the next request; the gateway drops an idle connection sooner */

/* What a connection is at: each phase has its deadline. Read by other threads. */
enum phase {
        PHASE_FRESH,  /* connected; no request has begun */
        PHASE_IDLE,   /* answered, waiting for the next request */
        PHASE_HEADER, /* the request line is there */
        PHASE_BODY,   /* the head is there, the body is not */
        PHASE_BUSY,   /* with the handler, running or waiting to be resumed */
        PHASE_WRITING /* the answer is on its way */
};

/* Whose turn a request is that the handler answers later: the handler's thread and the worker's
   pass it on. */
enum turn {
        TURN_RUNNING, /* handle() runs, or its thread is not back with us yet */
        TURN_WAITING, /* the request waits: http_resume wakes the worker */
        TURN_RESUMED, /* finish() may be called */
        TURN_FINISHED /* finish() was called */
};

/* How far a request is, as its worker's thread sees it. */
enum exchange_state {
        EXCHANGE_LINE,      /* The request line is there. */
        EXCHANGE_GATHERING, /* The head was checked, and the body is gathered for the handler. */
        EXCHANGE_STREAMING, /* The handler has the body's beginning and takes the rest in pieces. */
        EXCHANGE_HANDED,    /* The handler has all of the request and runs. */
        EXCHANGE_POLLED,    /* It answers later; the library asks for that in each of its rounds. */
        EXCHANGE_PARKED,    /* The same, but the library does not ask: we suspended the request. */
        EXCHANGE_RESUMED,   /* http_resume was called: the library takes the answer next. */
        EXCHANGE_DELAYED, /* There is an answer, which a fault holds back: we suspended the request.
                           */
        EXCHANGE_ANSWERED,  /* The library has the answer and sends it. */
        EXCHANGE_ABANDONED, /* The client is gone, and with it the library's part; the handler still
                               holds the request. */
};

/* How long we still wait for a peer that sends or reads a body in pieces: less with the time that
   passes, more with each byte. */
struct body_patience {
        int64_t left_ms, since_ms;
};

/* One request. `request` is first: the public pointer is the private one. */
struct exchange {
        struct http_request request;
        struct MHD_Connection *mhd;
        struct request_line line; /* in the library's buffer */
        char *target;             /* as sent, in the arena; cut where it is too long */
        enum exchange_state state;
        bool is_later; /* the handler said HTTP_LATER */
        bool asleep;   /* in a body of either side: we suspended it until http_go_on */
        int polls;     /* how often the library may still ask for the answer before the request is
                          parked */
        struct MHD_Response *response; /* the library's, while it sends */
        size_t streamed, pulled; /* bytes of a partial body so far, and of an answer in pieces */
        struct body_patience patience;
        struct framing framing;
        struct text body;
        struct trace trace;
        struct span *span; /* of the trace; NULL: not recorded */
        int64_t started_us;
        int method;    /* its row in the table of methods, -1: none of ours */
        int status;    /* of the answer; 0: none was made */
        int cut_short; /* the status to send when the library only lets us close */
        _Atomic int turn;
        struct task resume;
        struct injected *injected; /* what faults do to it; NULL: none struck */
};

/* One of the server's threads: a loop, and the library's daemon on it. */
struct http_worker {
        struct http_server *server;
        struct loop *loop;
        struct MHD_Daemon *daemon;
        struct watch watch; /* the daemon's own epoll */
        bool touched;       /* the daemon has something to do */
        int polled;         /* requests that wait and are not parked */
        bool moved; /* there is an answer or a piece of a body that the library goes on with */
        int number;
        struct task enter, leave;
        _Atomic int connections;
};

struct connection {
        struct http_server *server;
        struct http_worker *worker;
        char peer[PEER_TEXT];
        bool peer_trusted;
        /* under the server's lock */
        LIST_ENTRY(connection) beside;
        int fd; /* -1: closed, while an abandoned request goes on */
        /* the worker's thread's */
        struct exchange exchange;
        struct arena *arena; /* of one request after another; nearly empty between two */
        int holders;         /* the library, and the handler of an abandoned request */
        /* The client closed its half. The library does not look for that while a request waits, and
           may miss it right after a request: so we watch, too. */
        struct watch hangup;
        struct timer hung_up_timer;
        bool hung_up;
        /* any thread's */
        _Atomic int phase;
        _Atomic int64_t deadline_ms; /* monotonic; INT64_MAX: none */
        _Atomic unsigned pieces;     /* of bodies, so far */
        atomic_bool overdue;         /* the deadline thread shut it down */
        atomic_bool dismissed;       /* shut down because idle; a request may have come just then */
        /* Answered before the body was read: after the close we read on for a while, or the client
           loses our answer. */
        atomic_bool linger;
        /* the deadline thread's */
        unsigned pieces_seen;
        int stuck; /* how many looks in a row the library left bytes unread */
};

struct http_server {
        struct http_config config;
        struct http_worker *workers;
        int worker_count;
        struct listener *listener;
        struct deadlines *deadlines;
        struct trusted_proxies *proxies;
        struct access *access;
        struct served *served;
        atomic_bool draining;   /* every answer says close */
        atomic_bool stopping;   /* the handler is not called any more */
        _Atomic int64_t now_ms; /* set every 100 ms, near enough for deadlines; stands still while
                                   the process stands still */
        pthread_mutex_t lock;   /* of the list */
        LIST_HEAD(connections, connection) connections;
};

/* MHD_OPTION_NOTIFY_CONNECTION */
void connection_notify(void *worker, struct MHD_Connection *mhd, void **context,
                       enum MHD_ConnectionNotificationCode what);

/* A new phase; ms from now it is overdue, -1: never. */
void connection_enter(struct connection *connection, enum phase phase, int ms);

static inline struct connection *connection_of(struct exchange *exchange)
{
        return CONTAINER_OF(exchange, struct connection, exchange);
}

/* The last of the holders frees it. */
void connection_let_go(struct connection *connection);

/* How many connections of the server are in a phase from `least` to `most`. */
int connection_count(struct http_server *server, enum phase least, enum phase most);
/* Sends an answer, past the library, to each client whose request is with its handler, and changes
   nothing else. Returns how many there are. */
int connection_cut_short(struct http_server *server, int status);
/* Ends the one that has waited longest for its next request, if any does. */
void connection_end_longest_idle(struct http_server *server);
/* Ends those that have no request under way. */
void connection_end_idle(struct http_server *server);

#endif
