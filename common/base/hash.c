#include "base/hash.h"

uint64_t hash_bytes(const char *bytes, size_t len)
{
        uint64_t hash = 0xcbf29ce484222325u;

        for (size_t i = 0; i < len; i++)
                hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
        return hash;
}
