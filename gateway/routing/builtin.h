/* builtin - the routes that hold where no application.yml is found: the build makes
   builtin_routes.c of gateway/application.yml. */
#ifndef GATEWAY_ROUTING_BUILTIN_H
#define GATEWAY_ROUTING_BUILTIN_H

extern const char builtin_routes[];

#endif
