/* services - where the daemons' admin listeners are if nobody says otherwise; written by `make
   generate` from the list of services. */
#ifndef MALLCTL_SERVICES_H
#define MALLCTL_SERVICES_H
/* clang-format off */

#define ADMIN_HERE \
        "order=http://localhost:9081," \
        "delivery=http://localhost:9082," \
        "product=http://localhost:9083," \
        "frontend=http://localhost:9080," \
        "gateway=http://localhost:9088"

/* strings: all daemons */
#define DAEMONS "order", "delivery", "product", "frontend", "gateway"

#endif
