#include "http/served.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define BY "X-Served-By"
#define VERSION "X-Served-Version"

enum { BESIDE = 128 };

struct served {
        size_t len;
        char lines[];
};

struct served *served_open(const char *pod, const char *version)
{
        struct served *s;
        char *end;

        if (!pod)
                return NULL;
        s = memory_alloc(sizeof *s + sizeof BY ": \r\n" VERSION ": \r\n" + strlen(pod) +
                         strlen(version));
        end = stpcpy(stpcpy(s->lines, BY ": "), pod);
        end = stpcpy(stpcpy(stpcpy(end, "\r\n" VERSION ": "), version), "\r\n");
        s->len = (size_t)(end - s->lines);
        return s;
}

void served_close(struct served **served)
{
        free(*served);
        *served = NULL;
}

const char *served_lines(const struct served *s)
{
        return s ? s->lines : "";
}

size_t served_size(const struct served *s)
{
        return s ? s->len + BESIDE : 0;
}
