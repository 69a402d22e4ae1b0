/* exchange - one request from its first line to the last byte of its answer: the library's
   callbacks. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/connection.h"

/* MHD_OPTION_URI_LOG_CALLBACK: the request line is there, raw; gives the exchange for the other
   two. */
void *exchange_begin(void *server, const char *target, struct MHD_Connection *mhd);

/* The access handler. The first call sees the head and may refuse it, which closes the connection;
   further calls bring the body; the last call, and those after a resume, take the answer. */
enum MHD_Result exchange_go_on(void *server, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *len, void **context);

/* MHD_OPTION_NOTIFY_COMPLETED: answered and sent, or given up. */
void exchange_end(void *server, struct MHD_Connection *mhd, void **context,
                  enum MHD_RequestTerminationCode how);

/* The client hung up. */
void exchange_gone(struct exchange *exchange);

#endif
