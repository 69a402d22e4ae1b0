package mall.peer;

record Order(String productId, String productName, Integer qty, String customerId, String status) {}
