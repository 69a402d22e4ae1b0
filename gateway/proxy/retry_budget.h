/* retry_budget - how many requests may be sent again: a fifth of all, and at least ten a second.
   Without such a bound an upstream that comes back would be kept down by retries (Google SRE book,
   chapter 22; the figures are Linkerd's). Time is passed in. */
#ifndef GATEWAY_PROXY_RETRY_BUDGET_H
#define GATEWAY_PROXY_RETRY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct retry_budget {
        int64_t fifths; /* what is left, in fifths of a retry */
        int64_t second; /* the last second in which the least number was granted */
        int64_t least;  /* granted each second, however few requests there are; 0: ten */
};

/* For each new request. */
void retry_budget_earn(struct retry_budget *budget);
/* For each retry. False: there is none left. */
bool retry_budget_spend(struct retry_budget *budget, int64_t now_us);

#endif
