#include "service/respond.h"

#include "base/digits.h"
#include "http/base_url.h"
#include "http/negotiate.h"
#include "service/hal.h"
#include "service/resource.h"

#include <string.h>

void etag_of(const void *row, char etag[ETAG_LENGTH])
{
        char digits[DIGITS_MOST], *end = digits + sizeof digits;
        const char *first = digits_before(end, ((const struct row *)row)->version);
        size_t len = (size_t)(end - first);

        *etag++ = '"';
        memcpy(etag, first, len);
        memcpy(etag + len, "\"", 2);
}

void answer_allow(struct http_request *r, int status, const char *methods)
{
        struct text none = text_open(r->arena, 0);

        if (status == 405)
                http_answer_problem(r, 405, "%s is not possible here, only %s", r->method, methods);
        else
                http_answer_body(r, status, NULL, &none);
        http_answer_header(r, "Allow", methods);
        if (strstr(methods, "PATCH"))
                http_answer_header(r, "Accept-Patch",
                                   "application/json, application/merge-patch+json, "
                                   "application/json-patch+json");
}

const char *hal_type(struct http_request *r)
{
        static const char *const types[] = {"application/hal+json", "application/json", NULL};
        const char *type = negotiate(http_header_list(r, "Accept"), types);

        if (!type)
                http_answer_problem(r, 406, "this can be application/hal+json or application/json");
        return type;
}

void answer_item(struct http_request *r, const struct resource *resource, const void *row,
                 int status, const char *type)
{
        struct text body = text_open(r->arena, 500);
        char etag[ETAG_LENGTH];

        hal_item(&body, resource->links, row, base_url(r));
        http_answer_body(r, status, type, &body);
        etag_of(row, etag);
        http_answer_header(r, "ETag", etag);
}

void answer_head(struct http_request *r, const struct text *links)
{
        struct text none = text_open(r->arena, 0);

        http_answer_body(r, 204, NULL, &none);
        if (links)
                http_answer_header(r, "Link", links->at);
}

static void answer_row(struct http_request *r, const struct resource *resource, const void *row)
{
        const char *type = hal_type(r), *seen = http_header_list(r, "If-None-Match");
        struct text links = text_open(r->arena, 200);
        char etag[ETAG_LENGTH];

        if (!type)
                return;
        etag_of(row, etag);
        if (etag_list_has(seen, etag, ETAG_WEAK)) {
                answer_item(r, resource, row, 304, NULL); /* for its length */
        } else if (strcmp(r->method, "HEAD") == 0) {
                hal_item_link_header(&links, resource->entity, ((const struct row *)row)->id,
                                     base_url(r));
                answer_head(r, &links);
                http_answer_header(r, "ETag", etag);
        } else {
                answer_item(r, resource, row, 200, type);
        }
}

void answer_found(struct http_request *r, const struct resource *resource, bool done,
                  const void *row, const struct error *error)
{
        if (!done)
                http_answer_error(r, error);
        else if (row)
                answer_row(r, resource, row);
        else
                http_answer_problem(r, 404, "there is no such %s", resource->entity->item);
}
