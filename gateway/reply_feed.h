/* reply_feed - a caller of reply.h for its test and its fuzzer: feeds bytes in pieces, tells what came out as one text.

   The buffer is exactly as large as what is in it and moves with each piece, so that a sanitizer sees a byte too far
   and a pointer that was kept. */
#ifndef GATEWAY_REPLY_FEED_H
#define GATEWAY_REPLY_FEED_H

#include "base/text.h"
#include "gateway/reply.h"

#include <stdlib.h>
#include <string.h>

enum { FEED_MOST_FIELDS = 64 };

struct feed {
        const struct reply_limits *limits;
        bool is_head, close; /* asked with HEAD; the peer closes behind the bytes */
        const char *bytes;
        size_t len;
        size_t first, piece; /* bytes at first, and at a time from then on */
        /* inside */
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

static void feed_tell_fields(struct text *told, const struct reply_field *fields, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const struct reply_field *f = &fields[i];

                if (strlen(f->name) != f->name_len || strlen(f->value) != f->value_len)
                        abort();
                text_printf(told, f->hop ? " (%s=%s)" : " [%s=%s]", f->name, f->value);
        }
}

/* A second opinion: whatever was accepted, CR and LF come in pairs and are all its control bytes but tabs. */
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

static void feed_tell_head(struct text *told, const struct reply *r, size_t used)
{
        static const char *const framings[] = {"none", "length", "chunked", "rest"};

        text_printf(told, "%d/%d %s", r->status, r->minor, framings[r->framing]);
        if (r->framing == REPLY_LENGTH)
                text_printf(told, " %llu", (unsigned long long)r->length);
        if (r->interim)
                text_printf(told, " behind %d", r->interim);
        text_printf(told, " in %zu", used);
        feed_tell_fields(told, r->fields, r->field_count);
}

static enum reply_result feed_head(struct feed *f, struct reply *r, struct text *told)
{
        enum reply_result result = REPLY_MORE;
        size_t used;

        while (result == REPLY_MORE && feed_more(f))
                result = reply_head(r, f->buffer, f->have, &used);
        if (result == REPLY_HEAD) {
                feed_check_head(f->bytes, used);
                feed_tell_head(told, r, used);
                feed_drop(f, used);
        }
        return result;
}

/* A piece can come in pieces: the body is one text. */
static enum reply_result feed_body(struct feed *f, struct reply *r, struct text *told)
{
        struct text body = text_open(told->arena, f->len + 1), trailers = text_open(told->arena, 0);
        enum reply_result result;
        const char *out;
        size_t used, out_len, body_len = 0;

        do {
                result = reply_body(r, f->buffer, f->have, &used, &out, &out_len);
                for (size_t i = 0; i < out_len; i++)
                        text_string(&body, out[i] ? (char[]){out[i], '\0'} : "(NUL)");
                if (result == REPLY_DATA)
                        body_len += out_len;
                if (result == REPLY_END)
                        feed_tell_fields(&trailers, r->trailers, r->trailer_count);
                if (result != REPLY_BAD)
                        feed_drop(f, used);
        } while (result == REPLY_DATA || (result == REPLY_MORE && feed_more(f)));
        if (body_len != r->body)
                abort();
        text_printf(told, " {%s}%s", body.at, trailers.at);
        return result;
}

/* Surplus counts when all of it is there. */
static void feed_tell_end(struct feed *f, struct reply *r, struct text *told)
{
        const char *out;
        size_t used, out_len;

        while (feed_more(f))
                ;
        if (reply_body(r, f->buffer, f->have, &used, &out, &out_len) != REPLY_END || used)
                abort();
        text_string(told, r->keep ? " keep" : " drop");
        if (f->have)
                text_printf(told, " %zu behind", f->have);
}

/* What was read, and how it ended. */
static const char *feed(struct arena *arena, struct feed f)
{
        struct reply_field room[FEED_MOST_FIELDS];
        struct text told = text_open(arena, 256);
        enum reply_result result;
        struct reply r;

        reply_begin(&r, f.limits, room, f.is_head);
        result = feed_head(&f, &r, &told);
        if (result == REPLY_HEAD)
                result = feed_body(&f, &r, &told);
        if (result == REPLY_MORE && f.close)
                result = reply_close(&r) ? REPLY_END : REPLY_BAD;
        if (result == REPLY_END)
                feed_tell_end(&f, &r, &told);
        else if (result == REPLY_BAD)
                text_printf(&told, " bad: %s", r.why);
        else
                text_string(&told, " more");
        free(f.buffer);
        return told.at;
}

#endif
