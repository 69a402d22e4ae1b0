/* keys - the Idempotency-Keys whose first request is still in progress: a second one meanwhile gets 409. */
#ifndef SERVICE_KEYS_H
#define SERVICE_KEYS_H

#include <stdbool.h>

struct keys;

struct keys *keys_open(void);
void keys_close(struct keys **keys);

/* False when that key of that path is in progress already. Any thread. */
bool keys_begin(struct keys *keys, const char *path, const char *key);
void keys_end(struct keys *keys, const char *path, const char *key);

#endif
