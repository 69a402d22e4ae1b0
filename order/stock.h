/* stock - asks product whether there is enough, before an order is accepted. Off unless
   MALL_STOCK_CHECK_URL is set.

   The answer is no promise: product's stock follows the events, and two orders at the same time may
   both find enough. OutOfStock is still what keeps the stock from going below zero. */
#ifndef ORDER_STOCK_H
#define ORDER_STOCK_H

#include "service/inquiry.h"

extern const struct inquiry_question stock_question;
extern const struct setting stock_settings[];

#endif
