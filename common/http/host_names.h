/* host_names - by which names a page of a stranger cannot come to this server.

   DNS rebinding: a page's own name suddenly leads to our address. To the browser it is one site
   then, and Origin and Host agree. But they still say that page's name. So we change something at a
   browser's wish only by names that no stranger can make lead here. */
#ifndef HTTP_HOST_NAMES_H
#define HTTP_HOST_NAMES_H

#include <stdbool.h>

/* host: a name or an address, maybe with a port, as in a Host field. */

/* It is one that nobody can own: an address, localhost, a name without a dot (a container's) or
   below .localhost, .svc, .cluster.local. */
bool host_is_nobodys(const char *host);
/* list: "shop.example,.elb.amazonaws.com"; with a dot before it, all names below count. */
bool host_is_listed(const char *host, const char *list);

#endif
