"""hexagon - a service as ports and adapters, from who includes what: the core includes ports alone, and only an adapter a library."""
from .canvas import Canvas, Card, stack, stack_height
from .sources import TOP, Wrong, includers, includes_of, is_test, shop
from .words import COLLECTIONS, pick, title, words

# Headers of common/ that a service's own files include: what they are to it
PORTS = {
    "service/service.h": ("left", "HTTP 자원", "HTTP resources"),
    "event/event.h": ("left", "이벤트와 정책", "events and policies"),
    "data/entity.h": ("right", "행과 작업 단위", "rows and a unit of work"),
    "data/transition.h": ("right", "행의 상태 변화", "the life of a row"),
    "service/inquiry.h": ("right", "이웃에게 묻기", "a question to a neighbour"),
}
# Tools that know nothing of the outside
TOOLS = ("base/",)
# (library's header, the folders of common/ that count, which side, what it is in Korean and in English, the library)
ADAPTERS = (
    ("microhttpd.h", ("http",), "left", "HTTP 서버", "HTTP server", "libmicrohttpd"),
    ("librdkafka/rdkafka.h", ("event",), "both", "Kafka 토픽", "a Kafka topic", "librdkafka"),
    ("sqlite3.h", ("event",), "both", "내장 로그 (한 대에서)", "the embedded log (one machine)", "sqlite3"),
    ("sqlite3.h", ("data", "base"), "right", "SQLite 저장소", "a store on SQLite", "sqlite3"),
    ("libpq-fe.h", ("data",), "right", "PostgreSQL 저장소", "a store on PostgreSQL", "libpq"),
    ("curl/curl.h", ("service", "audit"), "right", "HTTP 클라이언트", "HTTP client", "libcurl"),
)
LIBRARIES = {adapter[0] for adapter in ADAPTERS}
WIDTH, SIDE, PORT, CORE = 1400, 220, 176, 248
POINT = 104                                                     # how far a hexagon's corner stands out
REACH, INSIDE = 40, 62                                          # from an adapter to the hexagon; from its corner to a port
BORDER = 16                                                     # of the domain, around its services


def ports_of(service):
    """The headers of common/ that its files include; a library's there would be no hexagon."""
    found = set()
    for path in sorted((TOP / service.name).glob("*.[ch]")):
        for header in [] if is_test(path) else includes_of(path):
            if header in LIBRARIES:
                raise Wrong("%s includes %s: the core of a service knows no library" % (path.relative_to(TOP), header))
            if "/" in header and (TOP / "common" / header).exists() and not header.startswith(TOOLS):
                if header not in PORTS:
                    raise Wrong("%s includes %s, which is no port of the picture: PORTS in scripts/picture/hexagon.py"
                                % (path.relative_to(TOP), header))
                found.add(header)
    return found


def adapters(side, language):
    for library, folders, where, korean, english, name in ADAPTERS:
        there = {path.partition("/")[0] for path in includers(library)}
        known = {folder for adapter in ADAPTERS if adapter[0] == library for folder in adapter[1]}
        if there != known:
            raise Wrong("%s is included in %s of common/, and the picture knows %s: ADAPTERS in scripts/picture/hexagon.py"
                        % (library, ", ".join(sorted(there)) or "no folder", ", ".join(sorted(known))))
        if where in (side, "both"):
            yield Card("external", ("strong", words(language)(korean, english)), ("code", name), *(("note", "common/%s/" % folder) for folder in folders),
                       adapter="%s %s" % (name, side))


def core(services, language):
    w = words(language)
    for s in services:
        entities = ", ".join(pick(COLLECTIONS, c["entity"], language, c["entity"]) for c in s.collections if c["listed"])
        yield Card("aggregate", ("head", s.name), ("note", w("애그리거트: ", "aggregate: ") + entities),
                   ("note", w("정책: 이벤트 %d가지에 반응" % len(s.policies), "policies: %d" % len(s.policies))),
                   ("code", " ".join(path.name for path in s.files)), core=s.name)


def hexagon(x, y, width, height):
    half = y + height / 2
    corners = ((x, half), (x + POINT, y), (x + width - POINT, y), (x + width, half), (x + width - POINT, y + height), (x + POINT, y + height))
    return " ".join("%g,%g" % corner for corner in corners)


def draw(folder, language):
    w = words(language)
    services = shop(folder)
    used = {port: [s.name for s in services if port in ports_of(s)] for port in PORTS}
    users = lambda port: w("사용: ", "used by ") + ", ".join(used[port])
    ports = {side: [Card("policy", ("strong", w(korean, english)), ("code", port), ("note", users(port)), port=port)
                    for port, (where, korean, english) in PORTS.items() if where == side and used[port]] for side in ("left", "right")}
    canvas = Canvas(WIDTH, *title("hexagon", language))
    cards = {side: list(adapters(side, language)) for side in ("left", "right")}
    middle = list(core(services, language))
    space = WIDTH - 2 * canvas.MARGIN
    x_left, x_right = canvas.MARGIN, canvas.MARGIN + space - SIDE
    hexa_x, hexa_width = x_left + SIDE + REACH, space - 2 * (SIDE + REACH)
    core_x = (WIDTH - CORE) / 2
    port_x = {"left": hexa_x + INSIDE, "right": hexa_x + hexa_width - INSIDE - PORT}
    tall = max(stack_height(middle, CORE, 16) + 2 * canvas.HEADING, *(2 * stack_height(part, PORT, 28) for part in ports.values()),
               *(stack_height(part, SIDE, 18) + 60 for part in cards.values()))
    top = canvas.begin + 40
    at = top + tall / 2
    heads = ((x_left, SIDE, w("들어오는 어댑터", "Driving adapters")), (core_x, CORE, w("도메인", "Domain")),
             (x_right, SIDE, w("나가는 어댑터", "Driven adapters")))
    for x, width, word in heads:
        canvas.text(x + width / 2, canvas.begin, "head", word, "middle")
    canvas.raw('<polygon class="frame" points="%s"/>' % hexagon(hexa_x, top, hexa_width, tall))
    domain = stack_height(middle, CORE, 16)
    canvas.open_box("inner", core_x - BORDER, at - domain / 2 - BORDER, CORE + 2 * BORDER, domain + 2 * BORDER)
    stack(canvas, middle, core_x, at - domain / 2, CORE, 16)
    canvas.close()
    for side, x in (("left", x_left), ("right", x_right)):
        for place in stack(canvas, ports[side], port_x[side], at - stack_height(ports[side], PORT, 28) / 2, PORT, 28):
            y = place.left[1]
            canvas.line(*((place.right, (core_x - BORDER, y)) if side == "left" else ((core_x + CORE + BORDER, y), place.left)))
        for place in stack(canvas, cards[side], x, at - stack_height(cards[side], SIDE, 18) / 2, SIDE, 18):
            y = place.left[1]
            slope = POINT * abs(y - at) / (tall / 2)             # how far the border is from the corner, at that height
            canvas.line(*((place.right, (hexa_x + slope, y)) if side == "left" else ((hexa_x + hexa_width - slope, y), place.left)))
    return canvas.svg(top + tall + canvas.MARGIN)
