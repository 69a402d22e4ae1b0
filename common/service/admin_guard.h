/* admin_guard - who may ask the admin listener.

   A page in somebody's browser must not be able to break the mall, though the listener is on that
   person's loopback. Three ways are closed:
   - A page of another site sends what needs no permission: POST with a form, no-cors. We take
     application/json alone, for which a browser asks first (OPTIONS), and we never permit it. And
     we refuse whatever has an Origin: no page is served here, so no Origin is ours.
   - DNS rebinding: the page's own name suddenly leads to 127.0.0.1. To the browser it is one site
     then, and GET sends no Origin. But Host is still that name. So we answer only to names that
     nobody can own (http/host_names.h).
   - A link or an image: GET changes nothing.
   A token closes all of them too, and then any Host is right. */
#ifndef SERVICE_ADMIN_GUARD_H
#define SERVICE_ADMIN_GUARD_H

#include "http/server.h"

enum { ADMIN_TOKEN_MOST = 1000 };

/* Reads the token: visible ASCII, blanks and line ends around it do not count. False and
   ERROR_BAD_INPUT where the file says no token. */
bool admin_token_read(const char *path, char token[static ADMIN_TOKEN_MOST + 1],
                      struct error *error);

/* False: was answered, with 401 or 403. token "": none is asked for. */
bool admin_may_ask(struct http_request *request, const char *token);

/* Only this machine reaches that address. */
bool admin_address_is_loopback(const char *address);

#endif
