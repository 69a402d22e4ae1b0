/* redact - a URL as it may be shown: in an error, a log line, on a terminal. Use it wherever a URL
   that a person set is shown.

   It shows the scheme, the user, what follows the last '@' (unless a '?' comes before that), and
   parameters known to hold no secret. What may be a password, even a badly escaped one, becomes
   "***". It hides too much rather than too little. Source: RFC 3986, 3.2.1; libpq's URIs. */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

enum { REDACTED = 200 };

/* Fills `shown`, cut where it is too long, and gives it. */
const char *redact(const char *url, char shown[REDACTED]);

#endif
