"""msa - the mall's parts: clients, gateway, a column for each service with its own store, the console, and the topic that joins them."""
from .canvas import Canvas, Card
from .sources import Wrong, routes, services, shop
from .words import SERVICES, pick, title, words

COLUMN, GAP, INSIDE, ROW_GAP = 280, 20, 16, 12
STEP = 40                                                       # of an arrow between two levels


def column(name, port, summary, language, collections=(), says=(), hears=(), asks=False):
    """Its cards, one for each row of the picture; None: nothing is there."""
    w = words(language)
    inquiry = w("동기 호출 (선택): 주문 전에 product의 재고 조회", "synchronous, if switched on: asks product for the stock") if asks else ""
    return [
        Card("plain", ("head", name), ("note", pick(SERVICES, name, language, summary)), ("code", "%s %d" % (w("포트", "port"), port)),
             *(("code", path) for path in collections), ("note", inquiry), ("code", "MALL_STOCK_CHECK_URL" if asks else ""), top=True),
        Card("aggregate", ("strong", w("전용 저장소", "its own store")), ("note", "SQLite %s.db" % name),
             ("note", w("또는 PostgreSQL 스키마 %s" % name, "or PostgreSQL, schema %s" % name)), top=True, store=name) if collections else None,
        Card("event", ("note", w("발행", "says")), *(("strong", event, {"event": event}) for event in says), top=True) if says else None,
        Card("heard", ("note", w("구독", "hears")), *(("strong", event, {"heard": "%s %s" % (name, event)}) for event in hears),
             top=True) if hears else None]


def columns(folder, language):
    """{daemon: its cards}"""
    found = {s.name: column(s.name, s.port, s.summary, language, [c["path"] for c in s.collections], s.says, s.hears, s.asks) for s in shop(folder)}
    # frontend has no reactions of its own: it follows the topic
    every = words(language)("모든 이벤트", "every event")
    found["frontend"] = column("frontend", services.port("frontend", folder), "", language, hears=[every])
    return found


def route_chips(names, language):
    paths = routes()
    missing = [name for name in names if name not in paths]
    if missing:
        raise Wrong("gateway/application.yml has no route for %s" % ", ".join(missing))
    return [Card("command", ("note", "%s %s" % (words(language)("라우트", "route"), name)), *(("code", path) for path in paths[name]),
                 align="middle", route=name) for name in names]


def draw(folder, language):
    w = words(language)
    parts = columns(folder, language)
    left = Canvas.MARGIN + INSIDE
    width = len(parts) * (COLUMN + GAP) - GAP + 2 * left
    canvas = Canvas(width, *title("msa", language))
    x_of = [left + at * (COLUMN + GAP) for at in range(len(parts))]
    client = Card("actor", ("strong", w("클라이언트", "clients")), ("note", w("브라우저, httpie, siege", "browser, httpie, siege")), align="middle")
    first = client.put(canvas, width / 2 - 120, canvas.begin, 240)

    chips = route_chips(parts, language)
    high = max(chip.height(COLUMN) for chip in chips)
    gate = first.end + STEP
    gate_end = gate + canvas.HEADING + high + INSIDE
    canvas.frame("frame", canvas.MARGIN, gate, width - 2 * canvas.MARGIN, gate_end - gate, "gateway",
                 "%s %d · %s" % (w("포트", "port"), services.port("gateway", folder), pick(SERVICES, "gateway", language, "")), daemon="gateway")
    for chip, x in zip(chips, x_of):
        chip.put(canvas, x, gate + canvas.HEADING, COLUMN, high)
    canvas.close()
    canvas.line(first.bottom, (width / 2, gate))

    inner = COLUMN - 2 * INSIDE
    heights = [max((card.height(inner) for card in row if card), default=0) for row in zip(*parts.values())]
    top = gate_end + STEP
    tall = sum(heights) + ROW_GAP * (len(heights) - 1) + 2 * INSIDE
    topic = top + tall + STEP + 8
    for (name, cards), x in zip(parts.items(), x_of):
        canvas.open_box("frame", x, top, COLUMN, tall, daemon=name)
        y = top + INSIDE
        for card, height in zip(cards, heights):
            if card:
                card.put(canvas, x + INSIDE, y, inner, height)
            y += height + ROW_GAP
        canvas.close()
        canvas.line((x + COLUMN / 2, gate_end), (x + COLUMN / 2, top))
        if cards[2]:
            canvas.line((x + COLUMN / 3, top + tall), (x + COLUMN / 3, topic))
        if cards[3]:
            canvas.line((x + COLUMN * 2 / 3, topic), (x + COLUMN * 2 / 3, top + tall), look="weak")
    bus = Card("event", ("head", w("토픽 mall", "topic mall")),
               ("note", w("Kafka 또는 내장 로그 (한 대에서 실행할 때) · 행과 이벤트는 함께 커밋되고, 이벤트는 한 번만 적용됩니다",
                          "Kafka, or on one machine an embedded log · a row and its events commit together, and each event is applied once")),
               align="middle", topic="mall")
    return canvas.svg(bus.put(canvas, canvas.MARGIN, topic, width - 2 * canvas.MARGIN).end + canvas.MARGIN)
