/* retry_budget - how much may be sent again: a fifth of what is sent, and ten a second at least. A
   storm of retries would keep down an upstream that comes back (Google SRE book, chapter 22; the
   shares are Linkerd's). Time is passed in. */
#ifndef GATEWAY_PROXY_RETRY_BUDGET_H
#define GATEWAY_PROXY_RETRY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct retry_budget {
        int64_t fifths; /* of a retry */
        int64_t second; /* the last one that was granted its ten */
        int64_t least;  /* so many a second; 0: ten */
};

void retry_budget_earn(struct retry_budget *budget);
bool retry_budget_spend(struct retry_budget *budget, int64_t now_us);

#endif
