"""words - what the pictures call the things of this mall, in Korean and in English. What is not here keeps the name that it has in the code."""


def words(language):
    """w("주문", "order") is the one of the language."""
    return lambda korean, english: korean if language == "ko" else english


# (service, event that it hears): what it then does
POLICIES = {
    ("order", "DeliveryStarted"): ("주문 상태를 DeliveryStarted로 변경", "set the order's status to DeliveryStarted"),
    ("order", "OutOfStock"): ("주문 상태를 OutOfStock으로 변경", "set the order's status to OutOfStock"),
    ("order", "DeliveryCanceled"): ("주문 상태를 DeliveryCanceled로 변경", "set the order's status to DeliveryCanceled"),
    ("delivery", "Orderplaced"): ("배송 시작", "start the delivery"),
    ("delivery", "OrderCanceled"): ("배송 취소", "cancel the order's deliveries"),
    ("delivery", "OutOfStock"): ("배송 취소 (재고 부족)", "cancel the delivery that got no stock"),
    ("product", "DeliveryStarted"): ("재고 차감", "take the stock"),
    ("product", "DeliveryCanceled"): ("재고 복구", "give the stock back"),
}
# (service, method): the command of a person, and who that is
COMMANDS = {
    ("order", "POST"): ("주문하기", "place an order"),
    ("order", "DELETE"): ("주문 취소하기", "cancel the order"),
    ("delivery", "POST"): ("수동으로 배송 등록", "enter a delivery by hand"),
    ("delivery", "DELETE"): ("수동으로 배송 취소", "cancel a delivery by hand"),
    ("product", "POST"): ("상품 등록", "register a product"),
    ("product", "PATCH"): ("재고 수정", "change the stock"),
}
METHODS = {"POST": ("등록", "create"), "PATCH": ("수정", "change"), "DELETE": ("삭제", "remove")}
CUSTOMERS = ("order",)                                          # whose commands come from a customer; the others' from an operator
SERVICES = {
    "order": ("주문 접수와 주문 상태 추적", "takes orders and follows what becomes of them"),
    "delivery": ("주문 배송, 주문 취소 시 배송 취소", "sends out what was ordered, calls back what was canceled"),
    "product": ("재고 관리 (0 미만으로 내려가지 않음)", "keeps stock, which never goes below zero"),
    "frontend": ("콘솔: 쇼핑몰의 현황을 실시간으로 표시", "the console: shows what happens while it happens"),
    "gateway": ("모든 요청의 입구, 경로에 따라 서비스로 전달", "the front door: passes each request on by its path"),
}
COLLECTIONS = {
    "order": ("주문", "Order"), "delivery": ("배송", "Delivery"), "inventory": ("재고", "Inventory"), "movement": ("재고 변동 내역", "Movement"),
}


def pick(table, key, language, otherwise):
    """The word of a table, or else what the code calls it."""
    return table[key][language == "en"] if key in table else otherwise
