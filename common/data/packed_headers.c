#include "data/packed_headers.h"

#include <endian.h>
#include <string.h>

static const uint32_t none = UINT32_MAX;

static void add_length(struct text *packed, const char *bytes, size_t len)
{
        uint32_t length = htole32(bytes ? (uint32_t)len : none);

        text_add(packed, (const char *)&length, sizeof length);
}

void packed_headers_add(struct text *packed, enum packed_layout layout, const char *name,
                        const char *value, size_t len)
{
        size_t name_len = strlen(name);

        if (layout == PACKED_FOR_EVENTLOG)
                add_length(packed, name, name_len);
        else
                text_add(packed, name, name_len + 1);
        add_length(packed, value, len);
        if (layout == PACKED_FOR_EVENTLOG)
                text_add(packed, name, name_len);
        if (value)
                text_add(packed, value, len);
}

static bool take(const char **at, const char *end, size_t len, const char **bytes)
{
        if ((size_t)(end - *at) < len)
                return false;
        *bytes = *at;
        *at += len;
        return true;
}

static bool take_length(const char **at, const char *end, uint32_t *length)
{
        const char *bytes;

        if (!take(at, end, sizeof *length, &bytes))
                return false;
        memcpy(length, bytes, sizeof *length);
        *length = le32toh(*length);
        return true;
}

static bool take_string(const char **at, const char *end, const char **string, uint32_t *len)
{
        const char *nul = *at < end ? memchr(*at, '\0', (size_t)(end - *at)) : NULL;

        if (!nul)
                return false;
        *len = (uint32_t)(nul - *at);
        return take(at, end, (size_t)*len + 1, string);
}

bool packed_headers_next(const char **blob, const char *end, enum packed_layout layout,
                         struct packed_header *h)
{
        const char *at = *blob;
        uint32_t name_len, len;

        if (!(layout == PACKED_FOR_EVENTLOG ? take_length(&at, end, &name_len)
                                            : take_string(&at, end, &h->name, &name_len)))
                return false;
        if (!take_length(&at, end, &len) ||
            (layout == PACKED_FOR_EVENTLOG && !take(&at, end, name_len, &h->name)))
                return false;
        h->name_len = name_len;
        h->len = len == none ? 0 : len;
        if (!take(&at, end, h->len, &h->value))
                return false;
        if (len == none)
                h->value = NULL;
        *blob = at;
        return true;
}

bool packed_headers_count(const char *blob, size_t len, enum packed_layout layout, size_t *count)
{
        const char *at = blob, *end = blob + len;
        struct packed_header h;

        for (*count = 0; packed_headers_next(&at, end, layout, &h); ++*count)
                ;
        return at == end;
}
