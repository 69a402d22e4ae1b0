/* hash - FNV-1a, 64 bits (draft-eastlake-fnv): tells texts apart; an attacker can make two that
   hash alike. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const char *bytes, size_t len);

#endif
