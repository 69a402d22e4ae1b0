/* files - files that are part of the program, as a browser asks for them: ETag and 304 (RFC 9110,
   13.1), gzip where it is accepted, HEAD.

   scripts/embed.py writes the table at build time and compresses each file once. */
#ifndef HTTP_FILES_H
#define HTTP_FILES_H

#include "http/server.h"

/* The two forms of a file have an ETag each, because their bytes differ. */
struct file_form {
        const char *bytes;
        size_t len;
        const char *etag; /* a strong one, quotes included */
};

struct file {
        const char *path;             /* "/assets/board.js" */
        const char *type;             /* its Content-Type */
        struct file_form plain, gzip; /* gzip.bytes NULL: it does not get smaller */
};

/* The table ends with a NULL path. NULL: there is no such file. */
const struct file *file_named(const struct file *files, const char *path);
/* Answers GET and HEAD with the file, and any other method with 405. */
void file_answer(struct http_request *request, const struct file *file);

/* For a page that offers these methods only: true if the request has one of them; else 405 is
   answered. "GET, HEAD" */
bool method_is_offered(struct http_request *request, const char *methods);

#endif
