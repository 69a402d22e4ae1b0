/* fault_desk - shows the faults of the daemons, and switches them at all pods of a service.

   A switch that some pods take and others do not is a success that says so, place by place. If no
   pod takes it, the answer is that of the first pod that refuses it, or 502 where none answers.
   Each switch is a line of the log. All of these wait. */
#ifndef SERVICE_FAULT_DESK_H
#define SERVICE_FAULT_DESK_H

#include "service/admin_places.h"
#include "service/errands.h"

/* What a client wants switched; lives in the errand's arena. */
struct fault_order {
        struct admin_places *places;
        const char *client;  /* who wants it */
        const char *service; /* NULL: all services */
        const char *fault;   /* JSON: to be switched on */
        size_t fault_len;
        const char *id, *pod; /* to end one fault; NULL: all; pod: where that is */
};

/* "services": [...], of GET /faults. */
void fault_desk_list(struct admin_places *places, struct text *out);

/* The errand's arg is a struct fault_order. */
void fault_desk_begin(struct errand *errand); /* a fault, at all pods of the service */
void fault_desk_end(struct errand *errand);

#endif
