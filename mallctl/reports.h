/* reports - a directory that keeps what an audit said, a file each: audit-20261130T054500Z.txt. The
   newest stay. A file is there under its name only when it is whole. */
#ifndef MALLCTL_REPORTS_H
#define MALLCTL_REPORTS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Makes the last part of the directory's path where it is not there. */
bool reports_keep(const char *directory, const char *text, size_t len, size_t keep,
                  struct error *error);

#endif
