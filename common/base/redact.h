/* redact - a URL as it may be shown: in an error, a log line, on a terminal. Whatever shows a URL
   that a person set uses it.

   Shown are the scheme, the user, what stands behind the last '@' unless a '?' comes before it, and
   parameters that are known to hold no secret; what may be a password, also a badly escaped one, is
   "***". It hides too much rather than too little. Source: RFC 3986, 3.2.1; libpq's URIs. */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

enum { REDACTED = 200 };

/* Fills `shown`, cut where it is too long, and gives it. */
const char *redact(const char *url, char shown[REDACTED]);

#endif
