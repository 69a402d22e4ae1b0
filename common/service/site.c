#include "service/site.h"

#include <string.h>

static const struct site_page *page_of(const struct site *site, const struct http_request *r)
{
        for (const struct site_page *page = site->pages; page->path; page++) {
                size_t len = strlen(page->path);

                if (strncmp(r->path, page->path, len) == 0 &&
                    (!r->path[len] || page->path[len - 1] == '/'))
                        return page;
        }
        return NULL;
}

static enum http_result answer_page(struct site *site, struct http_request *r,
                                    const struct site_page *page)
{
        r->uri_template = page->path;
        return method_is_offered(r, page->methods) ? page->begin(site->arg, r) : HTTP_ANSWERED;
}

static enum http_result handle(struct http_request *r, void *arg)
{
        struct site *site = arg;
        const struct file *file = file_named(site->files, r->path);
        const struct site_page *page = page_of(site, r);

        for (const struct http_header *h = site->headers; h->name; h++)
                http_answer_pass(r, h->name, h->value);
        if (page)
                return answer_page(site, r, page);
        if (file) {
                r->uri_template = file->path;
                file_answer(r, file);
        } else {
                http_answer_problem(r, 404, "there is no %s here", r->path);
        }
        return HTTP_ANSWERED;
}

static void finish(struct http_request *r, void *arg)
{
        page_of(arg, r)->finish(r);
}

static void gone(struct http_request *r, void *arg)
{
        struct site *site = arg;
        const struct site_page *page = page_of(site, r);

        if (page->gone)
                page->gone(r);
        else
                site->of_sse.gone(r, site->of_sse.arg);
}

static void ended(struct http_request *r, void *arg)
{
        struct site *site = arg;

        if (!page_of(site, r)->gone)
                site->of_sse.ended(r, site->of_sse.arg);
}

static void enter(int worker, struct loop *loop, void *arg)
{
        struct site *site = arg;

        site->of_sse.enter(worker, loop, site->of_sse.arg);
}

static void leave(int worker, void *arg)
{
        struct site *site = arg;

        site->of_sse.leave(worker, site->of_sse.arg);
}

struct http_handler site_handler(struct site *site, size_t max_body)
{
        site->of_sse = sse_streams(site->sse, max_body);
        site->streams =
                (struct http_streams){max_body, site->of_sse.take, gone, ended, enter, leave, site};
        return (struct http_handler){handle, finish, site, &site->streams};
}
