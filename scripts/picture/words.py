"""words - what the pictures call the things of this mall, in Korean and in English. What is not here keeps the name that it has in the code."""


def words(language):
    """w("주문", "order") is the one of the language."""
    return lambda korean, english: korean if language == "ko" else english


# of a picture: its title, and the sentences below it
TITLES = {
    "eventstorming": (("이벤트스토밍 모델", "Event storming"),
        ("서비스마다 레인이 하나이며 왼쪽에서 오른쪽으로 읽습니다. 액터의 커맨드나 구독한 이벤트에 대한 정책이 애그리거트를 변경하고, 그 결과가 이벤트로 발행됩니다.",
         "A lane for each service, read from left to right: a command of an actor, or the policy of an event that was "
         "heard, changes the aggregate, and what became of it is announced as an event.")),
    "msa": (("MSA 구성도", "The mall as microservices"),
        ("클라이언트는 게이트웨이만 호출합니다. 서비스마다 전용 저장소가 있으며, 서비스들은 토픽 mall의 이벤트로 연동합니다.",
         "Clients speak to the gateway alone. Each service has a store of its own, and the services work together by "
         "the events of topic mall.")),
    "hexagon": (("헥사고날 아키텍처", "Hexagonal architecture"),
        ("가운데는 도메인입니다. 도메인은 포트(보라색)만 알고, 라이브러리는 어댑터(분홍색)만 압니다. 서비스는 모두 같은 어댑터를 쓰므로 도메인만 다릅니다.",
         "The domain is in the middle. It knows only ports (lilac); only adapters (pink) know a library. All services "
         "share the adapters and differ in their domain.")),
    "cluster": (("클러스터 구성도", "The cluster"),
        ("실습 환경(deploy/k8s/overlays/lab)의 모든 오브젝트를 네임스페이스별로 나타냅니다. 로드 밸런서는 게이트웨이만 외부에 공개합니다.",
         "Every object of the lab (deploy/k8s/overlays/lab), by namespace. The load balancer shows the gateway alone to "
         "the outside.")),
    "pipeline": (("파이프라인 구성도", "The pipelines"),
        ("git push 하나로 변경된 서비스만 빌드, 테스트, 푸시, 배포합니다. 이미지마다 CodeBuild 프로젝트와 ECR 저장소가 하나씩 있습니다.",
         "A git push builds, tests, pushes and deploys what it changed. Each image has a CodeBuild project and an ECR "
         "repository of its own.")),
}
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
    "order": ("주문", "Order"), "delivery": ("배송", "Delivery"), "inventory": ("재고", "Inventory"),
    "movement": ("재고 변동 내역", "Movement"),
}


def title(picture, language):
    """(title, lead, language), as Canvas takes them."""
    return (*(pair[language == "en"] for pair in TITLES[picture]), language)


def pick(table, key, language, otherwise):
    """The word of a table, or else what the code calls it."""
    return table[key][language == "en"] if key in table else otherwise
