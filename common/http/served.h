/* served - the two lines of an answer's head that say who answers:

     X-Served-By: order-8081
     X-Served-Version: 1.0.0 */
#ifndef HTTP_SERVED_H
#define HTTP_SERVED_H

#include <stddef.h>

struct served;

/* NULL where there is no pod: then answers do not say who gives them, and all of this does
   nothing. */
struct served *served_open(const char *pod, const char *version);
void served_close(struct served **served);

const char *served_lines(const struct served *served); /* each with its line end; "": none */
size_t served_size(const struct served *served); /* bytes of an answer's head, with what the library
                                                    takes beside them */

#endif
