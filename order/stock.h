/* stock - the question to product whether there is enough, before an order is accepted. Off unless
   MALL_STOCK_CHECK_URL is set.

   It is a courtesy, not the promise: product's stock follows the events, and of two orders at a
   time both may find enough. What keeps the stock above zero is still OutOfStock. */
#ifndef ORDER_STOCK_H
#define ORDER_STOCK_H

#include "service/inquiry.h"

extern const struct inquiry_question stock_question;
extern const struct setting stock_settings[];

#endif
