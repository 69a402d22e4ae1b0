/* table_texts - the texts of the tables, and the words of each status and reason. */

import { add } from './i18n.js';

add({
    ko: {
        'tables.title': '목록', 'tables.orders': '주문', 'tables.deliveries': '배송', 'tables.inventories': '재고', 'tables.movements': '재고 이동',
        'tables.id': '번호', 'tables.product': '상품', 'tables.productId': '상품 번호', 'tables.qty': '수량', 'tables.customer': '고객', 'tables.status': '상태',
        'tables.order': '주문', 'tables.stock': '재고', 'tables.moved': '증감', 'tables.reason': '사유', 'tables.act': '할 일',
        'tables.newer': '더 최근', 'tables.older': '더 이전', 'tables.place': '{page}/{pages}', 'tables.fresh': '새 항목',
        'tables.timelineOf': '주문 {order} 타임라인', 'tables.silence': '응답 없음',
        'tables.fault': '응답 {status}', 'tables.fault.why': '지금은 읽을 수 없습니다. 마지막으로 읽은 내용이며, 곧 다시 읽습니다.',
        'tables.orders.empty': '주문이 없습니다', 'tables.deliveries.empty': '배송이 없습니다', 'tables.inventories.empty': '등록된 상품이 없습니다', 'tables.movements.empty': '재고 이동이 없습니다',
        'tables.orders.act': '취소', 'tables.orders.act.of': '주문 {id} 취소', 'tables.inventories.act': '변경', 'tables.inventories.act.of': '재고 {id} 변경',
        'status.placed': '접수', 'status.DeliveryStarted': '배송 시작', 'status.OutOfStock': '재고 부족', 'status.DeliveryCanceled': '배송 취소', 'status.canceled': '주문 취소',
        'status.calledBack': '배송 취소', 'status.taken': '배송 시작', 'status.givenBack': '배송 취소', 'status.removed': '삭제', 'status.registered': '등록', 'status.changed': '변경', 'status.none': '없음',
    },
    en: {
        'tables.title': 'Tables', 'tables.orders': 'Orders', 'tables.deliveries': 'Deliveries', 'tables.inventories': 'Inventories', 'tables.movements': 'Movements',
        'tables.id': 'No.', 'tables.product': 'Product', 'tables.productId': 'Product no.', 'tables.qty': 'Qty', 'tables.customer': 'Customer', 'tables.status': 'Status',
        'tables.order': 'Order', 'tables.stock': 'Stock', 'tables.moved': 'Change', 'tables.reason': 'Reason', 'tables.act': 'Action',
        'tables.newer': 'Newer', 'tables.older': 'Older', 'tables.place': '{page}/{pages}', 'tables.fresh': 'New rows',
        'tables.timelineOf': 'Timeline of order {order}', 'tables.silence': 'No answer',
        'tables.fault': 'Answer {status}', 'tables.fault.why': 'This cannot be read now. It shows what was read last, and will be read again soon.',
        'tables.orders.empty': 'No orders', 'tables.deliveries.empty': 'No deliveries', 'tables.inventories.empty': 'No products', 'tables.movements.empty': 'No movements',
        'tables.orders.act': 'Cancel', 'tables.orders.act.of': 'Cancel order {id}', 'tables.inventories.act': 'Change', 'tables.inventories.act.of': 'Change inventory {id}',
        'status.placed': 'Placed', 'status.DeliveryStarted': 'Delivering', 'status.OutOfStock': 'Out of stock', 'status.DeliveryCanceled': 'Called back', 'status.canceled': 'Canceled',
        'status.calledBack': 'Called back', 'status.taken': 'Taken', 'status.givenBack': 'Given back', 'status.removed': 'Removed', 'status.registered': 'Registered', 'status.changed': 'Changed', 'status.none': 'None',
    },
});
