/* form_texts - the texts of the forms. */

import { add } from './i18n.js';

add({
    ko: {
        'forms.title': '직접 해 보기', 'forms.same': '같은 일을 하는 명령', 'forms.timeline': '타임라인 보기', 'forms.missing': '값을 입력하세요.', 'forms.digits': '숫자만 입력하세요.',
        'forms.follows': '이어서 일어나는 이벤트가 여기에 나타납니다.',
        'forms.productId': '상품 번호', 'forms.productName': '상품 이름', 'forms.stock': '재고', 'forms.qty': '수량', 'forms.customerId': '고객 번호',
        'forms.orderId': '주문 번호', 'forms.inventoryId': '재고 번호',
        'forms.register.title': '상품 등록', 'forms.register.note': '팔 상품과 처음 재고를 등록합니다.', 'forms.register.do': '상품 등록',
        'forms.register.done': '상품을 등록했습니다. 재고 번호는 {id}입니다.',
        'forms.order.title': '주문', 'forms.order.note': '주문하면 배송이 시작되고 재고가 줄어듭니다.', 'forms.order.do': '주문하기',
        'forms.order.done': '주문 {id}번을 접수했습니다.',
        'forms.cancel.title': '주문 취소', 'forms.cancel.note': '취소하면 배송이 취소되고 재고가 돌아옵니다.', 'forms.cancel.do': '주문 취소',
        'forms.cancel.done': '주문 {id}번을 취소했습니다.',
        'forms.change.title': '재고 변경', 'forms.change.note': '재고를 이 값으로 바꿉니다.', 'forms.change.do': '재고 변경',
        'forms.change.done': '재고 {id}번을 바꾸었습니다.',
    },
    en: {
        'forms.title': 'Try it', 'forms.same': 'The command that does the same', 'forms.timeline': 'See its timeline', 'forms.missing': 'Enter a value.', 'forms.digits': 'Enter digits only.',
        'forms.follows': 'The events that follow are shown here.',
        'forms.productId': 'Product no.', 'forms.productName': 'Name', 'forms.stock': 'Stock', 'forms.qty': 'Quantity', 'forms.customerId': 'Customer no.',
        'forms.orderId': 'Order no.', 'forms.inventoryId': 'Inventory no.',
        'forms.register.title': 'Register', 'forms.register.note': 'Registers a product with its first stock.', 'forms.register.do': 'Register the product',
        'forms.register.done': 'Registered. The number of its inventory is {id}.',
        'forms.order.title': 'Order', 'forms.order.note': 'A delivery starts, and the stock goes down.', 'forms.order.do': 'Place the order',
        'forms.order.done': 'Order {id} is placed.',
        'forms.cancel.title': 'Cancel', 'forms.cancel.note': 'The delivery is called back, and the stock comes back.', 'forms.cancel.do': 'Cancel the order',
        'forms.cancel.done': 'Order {id} is canceled.',
        'forms.change.title': 'Stock', 'forms.change.note': 'Sets the stock to this value.', 'forms.change.do': 'Change the stock',
        'forms.change.done': 'Inventory {id} is changed.',
    },
});
