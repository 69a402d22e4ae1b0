#include "data/packed_record.h"

#include <endian.h>
#include <string.h>

struct record_head {
        uint64_t number, at;
        uint32_t key, value, headers;
} __attribute__((packed));

static const uint32_t null_length = UINT32_MAX;

size_t packed_record_most(const struct packed_record *r)
{
        enum { NULS = 3 };

        return sizeof(struct record_head) + NULS + r->key_len + r->value_len + r->headers_len;
}

static uint32_t length_of(const char *bytes, size_t len)
{
        return htole32(bytes ? (uint32_t)len : null_length);
}

static void add_bytes(struct text *packed, const char *bytes, size_t len)
{
        if (!bytes)
                return;
        text_add(packed, bytes, len);
        text_char(packed, '\0');
}

void packed_record_add(struct text *packed, const struct packed_record *r)
{
        const struct record_head head = {htole64((uint64_t)r->number), htole64((uint64_t)r->at),
                                         length_of(r->key, r->key_len),
                                         length_of(r->value, r->value_len),
                                         length_of(r->headers, r->headers_len)};

        text_add(packed, (const char *)&head, sizeof head);
        add_bytes(packed, r->key, r->key_len);
        add_bytes(packed, r->value, r->value_len);
        add_bytes(packed, r->headers, r->headers_len);
}

/* The bytes that one length counts; false where the blob ends before them. */
static bool next_bytes(const char **at, const char *end, uint32_t length, const char **bytes,
                       size_t *len)
{
        *bytes = NULL;
        *len = 0;
        length = le32toh(length);
        if (length == null_length)
                return true;
        if ((size_t)(end - *at) <= length || (*at)[length])
                return false;
        *bytes = *at;
        *len = length;
        *at += length + 1;
        return true;
}

bool packed_record_next(const char **blob, const char *end, struct packed_record *r)
{
        const char *at = *blob;
        struct record_head head;

        if ((size_t)(end - at) < sizeof head)
                return false;
        memcpy(&head, at, sizeof head);
        at += sizeof head;
        r->number = (int64_t)le64toh(head.number);
        r->at = (int64_t)le64toh(head.at);
        if (!next_bytes(&at, end, head.key, &r->key, &r->key_len) ||
            !next_bytes(&at, end, head.value, &r->value, &r->value_len) ||
            !next_bytes(&at, end, head.headers, &r->headers, &r->headers_len))
                return false;
        *blob = at;
        return true;
}
