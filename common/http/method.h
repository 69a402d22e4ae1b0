/* method - the methods known here, as rows of one table. */
#ifndef HTTP_METHOD_H
#define HTTP_METHOD_H

int method_row(const char *method); /* -1: none of ours. Case counts. */
const char *method_name(int row);   /* for ever */

#endif
