/* What gateway.c gives to call.c; nobody else includes this. */
#ifndef GATEWAY_GATEWAY_INSIDE_H
#define GATEWAY_GATEWAY_INSIDE_H

#include "gateway/call.h"
#include "gateway/gateway.h"

const struct gateway_config *gateway_config_of(const struct gateway *gateway);
int gateway_max_in_flight(const struct gateway *gateway); /* of a route that does not say */
uint64_t gateway_draw(struct lane *lane); /* a random number, no secret */

#endif
