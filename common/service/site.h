/* site - a daemon for browsers: files that are part of the program, and a table of pages, some of
   which answer later or as a stream.

   Every answer has the site's own headers. A path that is none of its is 404, a method that a page
   does not have 405. */
#ifndef SERVICE_SITE_H
#define SERVICE_SITE_H

#include "http/files.h"
#include "http/sse.h"

struct site_page {
        const char *path;    /* "/topology"; with a slash at its end: all below it */
        const char *methods; /* "GET, HEAD" */
        /* arg: the site's. HTTP_LATER only if the two below are there, or it is a stream. */
        enum http_result (*begin)(void *arg, struct http_request *request);
        void (*finish)(struct http_request *request);
        void (*gone)(struct http_request *request); /* NULL: it is a stream */
};

struct site {
        const struct file *files;          /* ends with a NULL path */
        const struct site_page *pages;     /* ends with a NULL path */
        const struct http_header *headers; /* of each answer; ends with a NULL name */
        struct sse *sse;
        void *arg;
        struct http_streams streams, of_sse; /* the site's own */
};

/* The site lives as long as the server. max_body: the server's. */
struct http_handler site_handler(struct site *site, size_t max_body);

#endif
