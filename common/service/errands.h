/* errands - requests whose answers take waiting, for others or for a disk: a few threads run them,
   so that no server's thread waits. A request that is taken is run to its end, also when its client
   hangs up in the meantime. */
#ifndef SERVICE_ERRANDS_H
#define SERVICE_ERRANDS_H

#include "http/server.h"

#include <pthread.h>
#include <sys/queue.h>

struct errands;

struct errand {
        struct arena *arena;                /* its own: the request's is the server's */
        void (*run)(struct errand *errand); /* on a thread of the errands */
        void *arg;
        /* What run answers: a status with a body, or with the detail of a problem. */
        int status;
        const char *type; /* of the body; NULL: application/json */
        struct text body;
        const char *problem; /* NULL: the body counts */
        /* errands.c's own */
        pthread_mutex_t lock;
        struct http_request *request; /* NULL: resumed */
        bool gone;                    /* the client is; the errand may run still */
        int holders;                  /* the request and the thread; the last one frees it */
        STAILQ_ENTRY(errand) beside;
};

/* name: of the threads. At most `most` errands wait or run, more get 503. */
struct errands *errands_open(const char *name, int threads, int most);
void errands_close(struct errands **errands); /* after the server */

/* An errand for errand_begin, which frees it; its `body` is open. */
struct errand *errand_new(void (*run)(struct errand *errand));
/* What the handler returns. */
enum http_result errand_begin(struct errands *errands, struct errand *errand,
                              struct http_request *request);
/* http_handler.finish and http_streams.gone for such requests. */
void errand_finish(struct http_request *request);
void errand_gone(struct http_request *request);

#endif
