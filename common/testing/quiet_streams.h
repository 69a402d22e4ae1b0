/* quiet_streams - http_streams for handlers that take whole bodies and answer later: only that the
   client is gone matters to them. */
#ifndef TESTING_QUIET_STREAMS_H
#define TESTING_QUIET_STREAMS_H

#include "http/server.h"

static size_t quiet_take(struct http_request *r, const char *data, size_t len, void *arg)
{
        (void)r, (void)data, (void)arg;
        return len;
}

static void quiet_ended(struct http_request *r, void *arg)
{
        (void)r, (void)arg;
}

static void quiet_enter(int worker, struct loop *loop, void *arg)
{
        (void)worker, (void)loop, (void)arg;
}

static void quiet_leave(int worker, void *arg)
{
        (void)worker, (void)arg;
}

/* whole: bodies up to so many bytes are handed over whole. */
static inline struct http_streams quiet_streams(size_t whole,
                                                void (*gone)(struct http_request *r, void *arg))
{
        return (struct http_streams){whole,       quiet_take,  gone, quiet_ended,
                                     quiet_enter, quiet_leave, NULL};
}

#endif
