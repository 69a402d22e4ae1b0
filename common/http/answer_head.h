/* answer_head - the fields of an answer's head, given to the library as one. */
#ifndef HTTP_ANSWER_HEAD_H
#define HTTP_ANSWER_HEAD_H

#include "http/server.h"

struct MHD_Response;
struct served;

/* Adds Content-Type (NULL: none), the lines of who serves (NULL: nobody says so) and the answer's
   other fields; before anything else is added to the response. */
void answer_head_add(struct MHD_Response *response, const struct http_answer *answer,
                     const char *type, const struct served *served, struct arena *arena);

#endif
