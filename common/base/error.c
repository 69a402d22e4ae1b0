#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
        va_list args;

        error->kind = kind;
        error->member[0] = '\0';
        va_start(args, format);
        vsnprintf(error->text, sizeof error->text, format, args);
        va_end(args);
        return false;
}

bool error_member(struct error *error, const char *member, const char *format, ...)
{
        va_list args;

        error->kind = ERROR_BAD_INPUT;
        snprintf(error->member, sizeof error->member, "%s", member);
        va_start(args, format);
        vsnprintf(error->text, sizeof error->text, format, args);
        va_end(args);
        return false;
}

int error_status(enum error_kind kind)
{
        static const int status[] = {
                [ERROR_NONE] = 200,       [ERROR_BAD_INPUT] = 400,     [ERROR_NOT_FOUND] = 404,
                [ERROR_CONFLICT] = 409,   [ERROR_PRECONDITION] = 412,  [ERROR_TOO_LARGE] = 413,
                [ERROR_MEDIA_TYPE] = 415, [ERROR_UNPROCESSABLE] = 422, [ERROR_UNAVAILABLE] = 503,
                [ERROR_INTERNAL] = 500,
        };

        return status[kind];
}

bool error_is_passing(enum error_kind kind)
{
        return kind == ERROR_UNAVAILABLE;
}
