/* ceiling - a bare libmicrohttpd that answers one constant: the most that a server on this library
   can reach on this machine.

   ceiling PORT [THREADS]. POST is answered 201, everything else 200, with a body of 300 bytes and
   three headers; /large has one of 100 KB, for proxies to pass on. */

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        BODY = 300,
        LARGE = 100 << 10,
        MAX_CONNECTIONS = 10000 /* what several proxies keep open */
};

static struct MHD_Response *answer, *large;

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *len, void **context)
{
        static int seen;

        (void)arg, (void)version, (void)data;
        if (!*context) {
                *context = &seen;
                return MHD_YES;
        }
        if (*len) {
                *len = 0;
                return MHD_YES;
        }
        if (strcmp(url, "/large") == 0)
                return MHD_queue_response(connection, 200, large);
        return MHD_queue_response(connection, strcmp(method, "POST") == 0 ? 201 : 200, answer);
}

static struct MHD_Response *constant(size_t len)
{
        static char body[LARGE];
        struct MHD_Response *r;

        memset(body, 'x', sizeof body);
        r = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
        MHD_add_response_header(r, "Content-Type", "application/hal+json");
        MHD_add_response_header(r, "ETag", "\"1\"");
        MHD_add_response_header(r, "Location", "http://localhost:8081/orders/1");
        return r;
}

int main(int argc, char **argv)
{
        unsigned threads = argc > 2 ? (unsigned)atoi(argv[2]) : 2;
        struct MHD_Daemon *daemon;

        if (argc < 2) {
                fprintf(stderr, "usage: ceiling PORT [THREADS]\n");
                return 2;
        }
        answer = constant(BODY);
        large = constant(LARGE);
        daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)atoi(argv[1]), NULL,
                                  NULL, handle, NULL, MHD_OPTION_THREAD_POOL_SIZE, threads,
                                  MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
                                  MHD_OPTION_END);
        if (!daemon) {
                perror("ceiling");
                return 1;
        }
        pause();
        MHD_stop_daemon(daemon);
        return 0;
}
