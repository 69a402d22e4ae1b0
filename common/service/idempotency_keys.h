/* idempotency_keys - the Idempotency-Keys whose first request is still in progress. A second
   request with such a key gets 409. */
#ifndef SERVICE_IDEMPOTENCY_KEYS_H
#define SERVICE_IDEMPOTENCY_KEYS_H

#include <stdbool.h>

struct idempotency_keys;

struct idempotency_keys *idempotency_keys_open(void);
void idempotency_keys_close(struct idempotency_keys **keys);

/* False when that key of that path is in progress already. Any thread. */
bool idempotency_keys_begin(struct idempotency_keys *keys, const char *path, const char *key);
void idempotency_keys_end(struct idempotency_keys *keys, const char *path, const char *key);

#endif
