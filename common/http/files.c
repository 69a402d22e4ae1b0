#include "http/files.h"

#include "http/grammar.h"
#include "http/negotiate.h"

#include <string.h>

const struct file *file_named(const struct file *files, const char *path)
{
        for (; files->path; files++)
                if (strcmp(files->path, path) == 0)
                        return files;
        return NULL;
}

bool method_is_offered(struct http_request *r, const char *methods)
{
        size_t len = strlen(r->method), token;

        for (const char *p = methods; *p; p += strspn(p, ", ")) {
                token = token_length(p);
                if (token == len && memcmp(p, r->method, len) == 0)
                        return true;
                p += token;
        }
        http_answer_problem(r, 405, "only %s", methods);
        http_answer_header(r, "Allow", methods);
        return false;
}

/* A browser asks each time whether its copy is still right: a new program may bring new files. */
static void tell_caches(struct http_request *r, const struct file *f, const char *etag)
{
        http_answer_header(r, "ETag", etag);
        http_answer_header(r, "Cache-Control", "no-cache");
        if (f->gzip.bytes)
                http_answer_header(r, "Vary", "Accept-Encoding");
}

void file_answer(struct http_request *r, const struct file *f)
{
        bool packed =
                f->gzip.bytes && coding_is_accepted(http_header_list(r, "Accept-Encoding"), "gzip");
        const struct file_form *form = packed ? &f->gzip : &f->plain;

        if (!method_is_offered(r, "GET, HEAD"))
                return;
        tell_caches(r, f, form->etag);
        if (etag_list_has(http_header_list(r, "If-None-Match"), form->etag, ETAG_WEAK)) {
                r->answer.status = 304;
                return;
        }
        if (packed)
                http_answer_header(r, "Content-Encoding", "gzip");
        r->answer.status = 200;
        r->answer.type = f->type;
        r->answer.body = form->bytes;
        r->answer.len = form->len;
}
