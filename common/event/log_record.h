/* log_record - a record's headers as one blob of the log file.

   Each: length of the name (4 bytes, little endian), of the value (the same; all ones: NULL), the name, the value. */
#ifndef EVENT_LOG_RECORD_H
#define EVENT_LOG_RECORD_H

#include "event/bus.h"

/* malloc'ed in *room, which grows as needed; the blob's length, 0 without headers */
size_t log_headers_pack(const struct record *record, char **room, size_t *room_len);

/* false: the blob is damaged */
bool log_headers_unpack(const char *blob, size_t len, struct arena *arena, struct record *record);

#endif
