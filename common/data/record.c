#include "data/record.h"

#include "base/utf8.h"

#include <string.h>

const char *record_header(const struct record *record, const char *name, struct arena *arena)
{
        for (size_t i = 0; i < record->header_count; i++) {
                const struct record_header *h = &record->headers[i];

                if (strcmp(h->name, name) == 0 && h->value)
                        return utf8_is_valid(h->value, h->len) ? arena_copy(arena, h->value, h->len)
                                                               : NULL;
        }
        return NULL;
}
