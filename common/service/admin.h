/* admin - the admin listener: faults are switched on and off here (docs/faults.md), on a port of
   its own that is off by default (MALL_ADMIN_PORT).

   GET /faults shows them, POST /faults begins one, DELETE /faults/{id} ends it, DELETE /faults ends
   all; /openapi.json describes it. It opens before the daemon's steps and closes after them, so it
   answers while the daemon starts, drains, or waits for a bus that hangs. It shares nothing with
   the main port: neither its handler, nor its memory, nor its faults. The daemon that hands out
   faults must not suffer from them. Its requests are logged, but neither traced nor measured.

   Who may ask: MALL_ADMIN_ADDRESS is loopback by default. With MALL_ADMIN_TOKEN_FILE each request
   needs `Authorization: Bearer TOKEN` (RFC 6750); the file is read at the start only. No page in a
   browser may ask, admin_guard.h says how. */
#ifndef SERVICE_ADMIN_H
#define SERVICE_ADMIN_H

#include "service/daemon.h"

struct admin;

/* What can fail on purpose in every daemon: HTTP, probes, resources. */
extern const uint32_t admin_fault_kinds;

/* The daemon's faults, and where to open them; NULL where MALL_ADMIN_PORT is not set. */
struct faults *admin_faults(struct process *process);

/* ERROR_BAD_INPUT where a setting is wrong. The process must have faults. */
struct admin *admin_open(struct process *process, struct error *error);
void admin_close(struct admin **admin); /* NULL: nothing; waits 500 ms for requests under way */
int admin_port(const struct admin *admin);

#endif
