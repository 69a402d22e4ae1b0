#include "http/method.h"

#include <stddef.h>
#include <string.h>

static const char *const methods[] = {"GET",  "POST",    "PUT",   "PATCH", "DELETE",
                                      "HEAD", "OPTIONS", "TRACE", NULL};

int method_row(const char *method)
{
        for (int i = 0; methods[i]; i++)
                if (strcmp(method, methods[i]) == 0)
                        return i;
        return -1;
}

const char *method_name(int row)
{
        return methods[row];
}
