/* services - where the console finds the daemons if nobody says otherwise; written by `make
   generate` from the list of services. */
#ifndef FRONTEND_SERVICES_H
#define FRONTEND_SERVICES_H
/* clang-format off */

#define SERVICES_HERE \
        "order=http://localhost:8081," \
        "delivery=http://localhost:8082," \
        "product=http://localhost:8083," \
        "gateway=http://localhost:8088"

#define SERVICES_DOCKER \
        "order=http://order:8080," \
        "delivery=http://delivery:8080," \
        "product=http://product:8080," \
        "gateway=http://gateway:8080"

#define ADMIN_HERE \
        "order=http://localhost:9081," \
        "delivery=http://localhost:9082," \
        "product=http://localhost:9083," \
        "frontend=http://localhost:9080," \
        "gateway=http://localhost:9088"

#define ADMIN_DOCKER \
        "order=http://order-admin:9091," \
        "delivery=http://delivery-admin:9091," \
        "product=http://product-admin:9091," \
        "frontend=http://frontend-admin:9091," \
        "gateway=http://gateway-admin:9091"

#endif
