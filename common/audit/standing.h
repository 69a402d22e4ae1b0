/* standing - how the books stand, by audits in a row, as JSON.

   One audit is a verdict only on a mall at rest. So an offence counts when two audits in a row
   found it while no event waited to be published or heard. It then counts until an audit no longer
   finds it, also while events wait again; a text with figures may change meanwhile. While some
   count, only those are told.

     {"at":ms,"state":"balanced|settling|unbalanced|unknown","why":null,"orders":1,"deliveries":1,
      "products":1,"movements":2,"events":9,"offences":[{"about":"order","id":17,"text":"..."}],
      "unchecked":["..."]}

   unknown: something could not be read, and `why` says what; then there is nothing more. */
#ifndef AUDIT_STANDING_H
#define AUDIT_STANDING_H

#include "audit/audit.h"
#include "base/text.h"

enum standing_state {
        STANDING_UNKNOWN,
        STANDING_SETTLING,
        STANDING_BALANCED,
        STANDING_UNBALANCED,
};

/* One thread's. */
struct standing {
        struct arena *arena; /* of the last report; NULL: there is none */
        struct audit_report report;
        bool *counts; /* each of the report's offences that are told */
        bool any;     /* one of them counts */
};

/* Audits, and writes how the books stand. waits: events waited when it began. */
enum standing_state standing_write(struct standing *standing, const struct audit_places *places,
                                   bool waits, struct text *out);
/* That nothing is known of them, and why. */
void standing_unknown(struct text *out, const char *why);
void standing_close(struct standing *standing);

#endif
