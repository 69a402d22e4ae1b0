#include "gateway/proxy/retry_budget.h"

enum { RETRY = 5, LEAST = 10, MOST = 1000 * RETRY };

void retry_budget_earn(struct retry_budget *b)
{
        if (b->fifths < MOST)
                b->fifths++;
}

bool retry_budget_spend(struct retry_budget *b, int64_t now_us)
{
        int64_t second = now_us / 1000000, least = (b->least ? b->least : LEAST) * RETRY;

        if (second != b->second && b->fifths < least)
                b->fifths = least;
        b->second = second;
        if (b->fifths < RETRY)
                return false;
        b->fifths -= RETRY;
        return true;
}
