#include "mallctl/restored.h"

#include "data/db.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool restored_is_there(const char *url, struct error *error)
{
        const char *path = url + strlen("sqlite:");

        return db_url_is_shared(url) || access(path, R_OK | W_OK) == 0 ||
               error_set(error, ERROR_NOT_FOUND, "%.100s: %s", path, strerror(errno));
}
