/* wire_lines - for fuzz harnesses only: a mutator that changes whole lines of a conversation, while
   the fuzzer itself changes bytes. Most mistakes of clients are a field too many, too few, twice or
   of an older version. */
#ifndef TESTING_WIRE_LINES_H
#define TESTING_WIRE_LINES_H

#include "testing/fuzz.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
#pragma weak LLVMFuzzerMutate

static const char *const wire_lines[] = {
        "Host: h\r\n",
        "X-Forwarded-For: 1.2.3.4\r\n",
        "X-Forwarded-For: 10.0.0.1, 1.2.3.4\r\n",
        "X-Forwarded-Host: a.b\r\n",
        "X-Forwarded-Host: ,\r\n",
        "X-Forwarded-Port: 80\r\n",
        "X-Forwarded-Proto: https\r\n",
        "X-Forwarded-Prefix: /p\r\n",
        "Forwarded: for=1.2.3.4\r\n",
        "Connection: close\r\n",
        "Connection: keep-alive\r\n",
        "Connection: X-Role, X-Route\r\n",
        "Content-Length: 2\r\n",
        "Content-Length: *\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Expect: 100-continue\r\n",
        "Idempotency-Key: k\r\n",
        "Idempotency-Key: k\r\n",
        "Idempotency-Key: k\r\n",
        "If-Match: \"0\"\r\n",
        "If-Match: *\r\n",
        "If-None-Match: W/\"0\"\r\n",
        "Content-Type: application/json\r\n",
        "Content-Type: application/json-patch+json\r\n",
        "Accept: application/hal+json\r\n",
        "Accept: */*;q=0\r\n",
        "Origin: http://a\r\n",
        "Access-Control-Request-Method: POST\r\n",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
        "\r\n",
};

static const char *const wire_methods[] = {"GET ",    "GET http://h", "GET http://localhost:8081",
                                           "POST ",   "PUT ",         "PATCH ",
                                           "DELETE ", "HEAD ",        "OPTIONS ",
                                           "TRACE "};

enum {
        WIRE_LINES = sizeof wire_lines / sizeof *wire_lines,
        WIRE_METHODS = sizeof wire_methods / sizeof *wire_methods
};

/* Puts the text in place of `old` bytes at `at`. Nothing changes if there is no room. */
static inline size_t wire_replace(uint8_t *data, size_t size, size_t most, size_t at, size_t old,
                                  const char *text)
{
        size_t len = strlen(text);

        if (size - old + len > most)
                return size;
        memmove(data + at + len, data + at + old, size - at - old);
        memcpy(data + at, text, len);
        return size - old + len;
}

/* Where a line begins, any but the first. */
static inline size_t wire_line(const uint8_t *data, size_t size, unsigned pick)
{
        size_t begins[64], count = 0;

        for (size_t i = 1; i < size && count < 64; i++)
                if (data[i] == '\n' && data[i - 1] == '\r')
                        begins[count++] = i + 1;
        return count ? begins[pick % count] : size;
}

static inline size_t wire_rest(const uint8_t *data, size_t size, size_t at)
{
        const uint8_t *end = at < size ? memchr(data + at, '\n', size - at) : NULL;

        return end ? (size_t)(end + 1 - data) - at : 0;
}

/* How often something is repeated: most limits are at one of a few magnitudes. */
static inline size_t wire_count(uint8_t *data, size_t size, size_t most, unsigned pick)
{
        static const char *const counts[] = {"1", "100", "700", "10000", "100000", "500000"};
        size_t begins[16], count = 0, digits;

        for (size_t i = 0; i + 1 < size && count < 16; i++)
                if (data[i] == '`' && data[i + 1] >= '1' && data[i + 1] <= '9')
                        begins[count++] = i + 1;
        if (!count)
                return LLVMFuzzerMutate(data, size, most);
        count = begins[pick % count];
        for (digits = 0;
             count + digits < size && data[count + digits] >= '0' && data[count + digits] <= '9';
             digits++)
                ;
        return wire_replace(data, size, most, count, digits, counts[(pick >> 4) % 6]);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
        unsigned pick = seed >> 8;
        size_t at = wire_line(data, size, pick >> 8);
        uint8_t *version = memmem(data, size, "HTTP/1.1\r\n", 10);

        switch (seed % 12) {
        case 0:
        case 1:
        case 2:
                return wire_replace(data, size, most, at, 0, wire_lines[pick % WIRE_LINES]);
        case 3:
                return wire_replace(data, size, most, at, wire_rest(data, size, at),
                                    wire_lines[pick % WIRE_LINES]);
        case 4:
                return wire_replace(data, size, most, at, wire_rest(data, size, at), "");
        case 5:
                return version ? (version[7] = '0', size) : LLVMFuzzerMutate(data, size, most);
        case 6:
                return wire_replace(
                        data, size, most, 0,
                        memchr(data, ' ', size)
                                ? (size_t)((uint8_t *)memchr(data, ' ', size) + 1 - data)
                                : 0,
                        wire_methods[pick % WIRE_METHODS]);
        case 7:
                return wire_count(data, size, most, pick);
        default:
                return LLVMFuzzerMutate(data, size, most);
        }
}

#endif
