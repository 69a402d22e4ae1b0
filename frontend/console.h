/* console - what the frontend's parts share. One a process. */
#ifndef FRONTEND_CONSOLE_H
#define FRONTEND_CONSOLE_H

#include "audit/standing_gauges.h"
#include "event/lookout.h"
#include "service/daemon.h"
#include "service/dead_watch.h"
#include "service/errands.h"
#include "service/event_stream.h"
#include "service/fault_desk.h"
#include "service/fresh.h"
#include "service/pods.h"
#include "service/roll_call.h"
#include "service/site.h"

/* What an event means to an order: `kind` of a recent_event. */
enum meaning {
        MEANS_OTHER, /* belongs to an order by its trace alone */
        MEANS_STOCK, /* the same */
        MEANS_PLACED,
        MEANS_ORDER_CANCELED,
        MEANS_STARTED,
        MEANS_DELIVERY_CANCELED,
        MEANS_OUT_OF_STOCK,
};

struct console {
        struct process *process;
        struct arena *arena;  /* as long as the process */
        struct place *places; /* the services, the gateway, and itself */
        struct bus_config bus;
        struct recent *recent;
        struct pods *pods;
        struct lookout *lookout;
        struct event_streams events;
        struct fetcher *callers, *passers; /* of /topology, and of /movements */
        struct fresh *topology, *books;
        struct standing standing;      /* the books' */
        struct standing_gauges gauges; /* the same */
        bool may_break;                /* MALL_CONSOLE_FAULTS: whether it changes anything */
        struct admin_places *admin;
        struct fresh *faults;
        struct dead_watch *dead;
        struct errands *errands; /* what a browser changes, by both */
        struct site site;
};

/* GET /timeline/{order} */
enum http_result timeline_answer(void *console, struct http_request *request);

/* For the fresh_config: GET /topology, GET /books. */
void topology_make(void *console, struct text *out);
void books_make(void *console, struct text *out);

/* The step for /faults; GET, DELETE /faults, with its finish and gone; and what is below it. */
bool switches_open(struct process *process, struct error *error);
void switches_close(struct process *process);
enum http_result faults_answer(void *console, struct http_request *request);
void faults_finish(struct http_request *request);
void faults_gone(struct http_request *request);
enum http_result fault_answer(void *console, struct http_request *request);
/* The step for /dead; GET /dead; and what is below it, with an errand's finish and gone. */
bool dead_open(struct process *process, struct error *error);
void dead_close(struct process *process);
enum http_result dead_answer(void *console, struct http_request *request);
enum http_result dead_one_answer(void *console, struct http_request *request);

/* Before anything is changed at a browser's wish: whether that is allowed, the page is of this
   site, no stranger can make the site's name lead here, and the body is JSON of at most so many
   bytes; else it is answered. */
bool change_is_allowed(const struct console *console, struct http_request *request, size_t most);

/* Of a service; NULL: nobody said where it is. */
const char *url_of(const struct console *console, const char *service);

#endif
