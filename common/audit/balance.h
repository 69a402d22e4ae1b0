/* balance - do the rows of the services agree with each other, and with what was said on the topic?

   What must be:
     orders      One without a status waits for its delivery: once the mall is at rest, there is
                 none. One in status DeliveryStarted has exactly one delivery from it; one that is
                 OutOfStock or deleted has none.
     deliveries  One of a product that is known, and of a qty above 0, has one movement that took;
   one that came before its product was registered took 0, from no inventory. It gave nothing back.
   One that is gone gave back what it took, unless the inventory is gone too. stocks      Each is
   the sum of its inventory's movements; those of an inventory that is gone sum to 0. topic Each
   order has one Orderplaced, each delivery one DeliveryStarted; of what was said to have begun, all
   is there or was canceled, and nothing that was canceled is there.

   Deliveries made by hand and stocks changed by hand are nobody's fault. The topic tells which
   deliveries were made by hand. Without it one that shows the status DeliveryStarted is from an
   order, as far as that can be: two are from the same order only if they are alike in all members;
   and an order whose only delivery shows another status, which someone may have changed, has its
   delivery.

   Where a service is another's, what there is is checked, and what is left is said:
     order       Its status follows nothing. With the topic an order must have had a delivery;
                 without, that cannot be known.
     delivery    It does not tell where a delivery is from. With the topic one of an order that
                 nobody placed is from an earlier store; else the status decides, as without the
                 topic.
     product     Without movements nothing is known of what moved, nor whether a stock is right.

   BUGS  A product that says in error that it did not know a delivery's product is believed. What
         people may do to a mall and what looks like an error: a qty or productId changed after the
         delivery was started; an order replaced (PUT) without its
         status; a delivery made by hand that turned an order of the same id OutOfStock; without the
         topic, a delivery made by hand with the status DeliveryStarted for an order that is not
         there, and a store of orders or of deliveries that began anew; where these are another's,
         that even with the topic, for nobody can tell the events of its two lives apart. */
#ifndef AUDIT_BALANCE_H
#define AUDIT_BALANCE_H

#include "audit/books.h"
#include "audit/topic.h"
#include "audit/verdict.h"

/* topic: NULL when none was read. Leaves the lists sorted by id, as it found them. */
void balance_check(struct books *books, struct topic *topic, struct verdict *verdict);

/* Its three parts, and that about the topic. */
void balance_orders(struct books *books, const struct topic *topic, struct verdict *verdict);
void balance_deliveries(struct books *books, const struct topic *topic, struct verdict *verdict);
void balance_stocks(struct books *books, struct verdict *verdict);
void balance_topic(struct books *books, const struct topic *topic, struct verdict *verdict);

#endif
