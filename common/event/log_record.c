#include "event/log_record.h"

#include <endian.h>
#include <string.h>

static const uint32_t none = UINT32_MAX;

static char *put_number(char *at, uint32_t number)
{
        number = htole32(number);
        memcpy(at, &number, sizeof number);
        return at + sizeof number;
}

static char *put_bytes(char *at, const char *bytes, size_t len)
{
        if (len)
                memcpy(at, bytes, len);
        return at + len;
}

size_t log_headers_pack(const struct record *r, char **room, size_t *room_len)
{
        size_t size = 0;
        char *at;

        for (size_t i = 0; i < r->header_count; i++)
                size += 2 * sizeof(uint32_t) + strlen(r->headers[i].name) + r->headers[i].len;
        if (size > *room_len)
                *room = memory_grow(*room, *room_len = size);
        at = *room;
        for (size_t i = 0; i < r->header_count; i++) {
                const struct record_header *h = &r->headers[i];
                size_t name_len = strlen(h->name);

                at = put_number(at, (uint32_t)name_len);
                at = put_number(at, h->value ? (uint32_t)h->len : none);
                at = put_bytes(at, h->name, name_len);
                at = put_bytes(at, h->value, h->value ? h->len : 0);
        }
        return size ? (size_t)(at - *room) : 0;
}

/* Where the header behind this one begins; NULL when the blob ends too early. */
static const char *header_sizes(const char *at, const char *end, uint32_t *name_len, uint32_t *value_len)
{
        uint32_t pair[2];
        uint64_t bytes;

        if ((size_t)(end - at) < sizeof pair)
                return NULL;
        memcpy(pair, at, sizeof pair);
        *name_len = le32toh(pair[0]);
        *value_len = le32toh(pair[1]);
        bytes = (uint64_t)*name_len + (*value_len == none ? 0 : *value_len);
        at += sizeof pair;
        return bytes <= (size_t)(end - at) ? at + bytes : NULL;
}

bool log_headers_unpack(const char *blob, size_t len, struct arena *arena, struct record *r)
{
        const char *end = blob + len;
        uint32_t name_len, value_len;
        struct record_header *h;
        size_t count = 0;

        for (const char *at = blob; at != end; count++)
                if (!(at = header_sizes(at, end, &name_len, &value_len)))
                        return false;
        h = arena_alloc(arena, count * sizeof *h);
        r->headers = h;
        r->header_count = count;
        for (const char *at = blob; at != end; h++) {
                const char *next = header_sizes(at, end, &name_len, &value_len);
                const char *name = at + 2 * sizeof(uint32_t);

                h->name = arena_copy(arena, name, name_len);
                h->len = value_len == none ? 0 : value_len;
                h->value = value_len == none ? NULL : arena_copy(arena, name + name_len, value_len);
                at = next;
        }
        return true;
}
