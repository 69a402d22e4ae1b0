/* random - bytes that nobody can guess, from the kernel. A kernel that gives none ends the process. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

/* At most 256 at once, which getrandom(2) never cuts short. */
void random_bytes(void *bytes, size_t size);

#endif
