#include "base/random.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

void random_bytes(void *bytes, size_t size)
{
        if (getrandom(bytes, size, 0) != (ssize_t)size)
                abort();
}
