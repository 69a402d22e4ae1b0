/* builtin - the application.yml that is compiled in. */
#ifndef GATEWAY_ROUTING_BUILTIN_H
#define GATEWAY_ROUTING_BUILTIN_H

extern const char builtin_routes[];

#endif
