/* negotiate - media types: what the client accepts, what it sent (RFC 9110, 12.5.1 and 8.3). */
#ifndef HTTP_NEGOTIATE_H
#define HTTP_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>

/* The one of `offered` (ends with NULL, preferred first) that the Accept header prefers: by
   quality, then by the header's order, then by ours; but for a range with only a main type
   application/json comes before application/x+json. NULL: none is acceptable. No header: the
   first. */
const char *negotiate(const char *accept, const char *const *offered);

/* The one of `offered` (ends with NULL, preferred first; language tags) that the Accept-Language
   header prefers, by quality, then by the header's order: "ko-KR" asks for "ko" too (RFC 4647,
   3.4). No header, or none of them: the first. */
const char *negotiate_language(const char *accept_language, const char *const *offered);

/* Is the Content-Type this media type, whatever its parameters? "application/json" */
bool media_type_is(const char *content_type, const char *type);
/* application/json or application/<anything>+json */
bool media_type_is_json(const char *content_type);
/* Says no charset, or UTF-8, or ASCII, which is UTF-8 too. */
bool media_type_is_utf8(const char *content_type);

/* Does an Accept-Encoding header accept this content coding (RFC 9110, 12.5.3)? Without a header,
   or with one that does not name it, it does not. "gzip" */
bool coding_is_accepted(const char *accept, const char *coding);

/* Does the list of an If-Match or If-None-Match (RFC 9110, 13.1) have this entity tag, which is a
   strong one, quotes included; or "*"? Strong comparison, for If-Match: W/"3" is not "3"; weak, for
   If-None-Match: it is. */
enum etag_comparison { ETAG_STRONG, ETAG_WEAK };
bool etag_list_has(const char *list, const char *etag, enum etag_comparison comparison);

#endif
