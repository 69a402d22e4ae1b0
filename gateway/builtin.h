/* builtin - the application.yml that is compiled in. */
#ifndef GATEWAY_BUILTIN_H
#define GATEWAY_BUILTIN_H

extern const char builtin_routes[];

#endif
