#include "service/document.h"

#include "base/arena.h"

#include <stdarg.h>
#include <stdlib.h>

void document_init(void)
{
        cJSON_InitHooks(&(cJSON_Hooks){memory_alloc, free});
}

cJSON *object_of(const struct member *members)
{
        cJSON *object = cJSON_CreateObject();

        for (const struct member *m = members; m->name; m++)
                if (m->value)
                        cJSON_AddItemToObject(object, m->name, m->value);
        return object;
}

cJSON *list_of(cJSON *const *values)
{
        cJSON *list = cJSON_CreateArray();

        for (; *values; values++)
                cJSON_AddItemToArray(list, *values);
        return list;
}

cJSON *string_of(const char *text)
{
        return text ? cJSON_CreateString(text) : cJSON_CreateNull();
}

cJSON *string_from(const char *format, ...)
{
        struct arena *arena = arena_open();
        cJSON *string;
        va_list args;

        va_start(args, format);
        string = cJSON_CreateString(arena_vprintf(arena, format, args));
        va_end(args);
        arena_close(&arena);
        return string;
}
