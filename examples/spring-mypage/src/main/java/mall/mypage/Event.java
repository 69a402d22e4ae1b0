package mall.mypage;

/** What mypage reads of an event's value; an event of order has its id in id, those of delivery and product in orderId. */
record Event(String eventType, Long timestamp, Long id, String orderId, String productId, String productName, Integer qty,
             String customerId) {}
