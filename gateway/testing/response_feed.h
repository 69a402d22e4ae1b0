/* response_feed - for tests: calls response_parser.h with bytes in pieces, and writes all results
   as one text; for its test and its fuzzer.

   The buffer is exactly as large as its content and moves with each piece, so that a sanitizer sees
   a read beyond the end and a pointer that was kept. */
#ifndef GATEWAY_TESTING_RESPONSE_FEED_H
#define GATEWAY_TESTING_RESPONSE_FEED_H

#include "base/text.h"
#include "gateway/upstream/response_parser.h"

#include <stdlib.h>
#include <string.h>

enum { FEED_MOST_FIELDS = 64 };

struct feed {
        const struct response_limits *limits;
        bool is_head, close; /* asked with HEAD; the peer closes after the bytes */
        const char *bytes;
        size_t len;
        size_t first, piece; /* bytes at first, and at a time from then on; 0: all */
        /* response_feed.h's own */
        size_t given, have;
        char *buffer;
};

static bool feed_more(struct feed *f)
{
        size_t more = f->given ? f->piece : f->first;
        char *buffer;

        if (f->given == f->len)
                return false;
        if (!more || more > f->len - f->given)
                more = f->len - f->given;
        buffer = memory_alloc(f->have + more);
        if (f->have)
                memcpy(buffer, f->buffer, f->have);
        memcpy(buffer + f->have, f->bytes + f->given, more);
        free(f->buffer);
        f->buffer = buffer;
        f->have += more;
        f->given += more;
        return true;
}

static void feed_drop(struct feed *f, size_t used)
{
        f->have -= used;
        memmove(f->buffer, f->buffer + used, f->have);
        f->buffer = memory_grow(f->buffer, f->have ? f->have : 1);
}

static void feed_tell_fields(struct text *told, const struct response_field *fields, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const struct response_field *f = &fields[i];

                if (strlen(f->name) != f->name_len || strlen(f->value) != f->value_len)
                        abort();
                text_printf(told, f->hop ? " (%s=%s)" : " [%s=%s]", f->name, f->value);
        }
}

/* A second check: in a head that was accepted, CR and LF come in pairs, and there are no other
   control bytes but tabs. */
static void feed_check_head(const char *bytes, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)bytes[i];

                if (c == '\r' && i + 1 < len && bytes[i + 1] == '\n')
                        i++;
                else if ((c < ' ' && c != '\t') || c == 0x7f)
                        abort();
        }
}

static void feed_tell_head(struct text *told, const struct response_parser *r, size_t used)
{
        static const char *const framings[] = {"none", "length", "chunked", "rest"};

        text_printf(told, "%d/%d %s", r->status, r->minor, framings[r->framing]);
        if (r->framing == RESPONSE_LENGTH)
                text_printf(told, " %llu", (unsigned long long)r->length);
        if (r->interim)
                text_printf(told, " after %d", r->interim);
        text_printf(told, " in %zu", used);
        feed_tell_fields(told, r->fields, r->field_count);
}

static enum response_result feed_head(struct feed *f, struct response_parser *r, struct text *told)
{
        enum response_result result = RESPONSE_MORE;
        size_t used;

        while (result == RESPONSE_MORE && feed_more(f))
                result = response_parser_head(r, f->buffer, f->have, &used);
        if (result == RESPONSE_HEAD) {
                feed_check_head(f->bytes, used);
                feed_tell_head(told, r, used);
                feed_drop(f, used);
        }
        return result;
}

/* All pieces of the body are written as one text. */
static enum response_result feed_body(struct feed *f, struct response_parser *r, struct text *told)
{
        struct text body = text_open(told->arena, f->len + 1), trailers = text_open(told->arena, 0);
        enum response_result result;
        const char *out;
        size_t used, out_len, body_len = 0;

        do {
                result = response_parser_body(r, f->buffer, f->have, &used, &out, &out_len);
                for (size_t i = 0; i < out_len; i++)
                        text_string(&body, out[i] ? (char[]){out[i], '\0'} : "(NUL)");
                if (result == RESPONSE_DATA)
                        body_len += out_len;
                if (result == RESPONSE_END)
                        feed_tell_fields(&trailers, r->trailers, r->trailer_count);
                if (result != RESPONSE_BAD)
                        feed_drop(f, used);
        } while (result == RESPONSE_DATA || (result == RESPONSE_MORE && feed_more(f)));
        if (body_len != r->body)
                abort();
        text_printf(told, " {%s}%s", body.at, trailers.at);
        return result;
}

/* Counts the bytes after the end, once all of them are there. */
static void feed_tell_end(struct feed *f, struct response_parser *r, struct text *told)
{
        const char *out;
        size_t used, out_len;

        while (feed_more(f))
                ;
        if (response_parser_body(r, f->buffer, f->have, &used, &out, &out_len) != RESPONSE_END ||
            used)
                abort();
        text_string(told, r->keep ? " keep" : " drop");
        if (f->have)
                text_printf(told, " %zu left", f->have);
}

/* What the parser read, and how it ended. */
static const char *feed(struct arena *arena, struct feed f)
{
        struct response_field room[FEED_MOST_FIELDS];
        struct text told = text_open(arena, 256);
        enum response_result result;
        struct response_parser r;

        response_parser_begin(&r, f.limits, room, f.is_head);
        result = feed_head(&f, &r, &told);
        if (result == RESPONSE_HEAD)
                result = feed_body(&f, &r, &told);
        if (result == RESPONSE_MORE && f.close)
                result = response_parser_close(&r) ? RESPONSE_END : RESPONSE_BAD;
        if (result == RESPONSE_END)
                feed_tell_end(&f, &r, &told);
        else if (result == RESPONSE_BAD)
                text_printf(&told, " bad: %s", r.why);
        else
                text_string(&told, " more");
        free(f.buffer);
        return told.at;
}

#endif
