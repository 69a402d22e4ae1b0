"""eventstorming - the board: a lane for each service, and in it a row for each command of a person and each policy.

A row is read from left to right: who or what begins it, what is done, to which aggregate, what is announced of it. Read models are at the right.
"""
from .canvas import Canvas, Card, stack, stack_height
from .sources import console_paths, shop
from .words import COLLECTIONS, COMMANDS, CUSTOMERS, METHODS, POLICIES, SERVICES, pick, title, words

COLUMNS = (168, 236, 148, 176, 216)                             # who or what, command or policy, aggregate, event, read model
GAP, ROW_GAP, LANE_GAP, INSIDE = 38, 12, 22, 20


def column_places():
    x, places = Canvas.MARGIN + INSIDE, []
    for width in COLUMNS:
        places.append(x)
        x += width + GAP
    return places


WIDTH = column_places()[-1] + COLUMNS[-1] + INSIDE + Canvas.MARGIN
X = column_places()


def speaker_of(event, services):
    return next((service.name for service in services if event in service.says), None)


def rows_of(service, services, language):
    """(card of who or what begins it, card of what is done, cards of what is announced)"""
    w = words(language)
    events = lambda says: [Card("event", ("strong", event), event=event, by=service.name) for event in sorted(says, key=service.says.index)]
    actor = w("고객", "customer") if service.name in CUSTOMERS else w("운영자", "operator")
    for method, path, says in service.commands():
        meaning = pick(COMMANDS, (service.name, method), language, METHODS[method][language == "en"])
        yield (Card("actor", ("body", actor), align="middle"),
               Card("command", ("strong", meaning), ("code", "%s %s" % (method, path)), command="%s %s" % (method, path)), events(says))
    for policy in service.policies:
        speaker = speaker_of(policy.event, services)
        meaning = pick(POLICIES, (service.name, policy.event), language, policy.words or policy.function.replace("_", " "))
        yield (Card("heard", ("strong", policy.event), ("note", w("%s 발행" % speaker, "from %s" % speaker)) if speaker else None,
                    heard=policy.event, by=service.name),
               Card("policy", ("body", meaning), policy="%s %s" % (service.name, policy.event)), events(policy.says))


def row_height(row):
    begins, does, says = row
    return max(begins.height(COLUMNS[0]), does.height(COLUMNS[1]), stack_height(says, COLUMNS[3]))


def read_models(service):
    return [Card("read", ("code", path), read=path) for path in service.reads()]


def lane(canvas, service, services, y, language):
    """Its end."""
    rows = list(rows_of(service, services, language))
    heights = [row_height(row) for row in rows]
    inside = max(sum(heights) + ROW_GAP * (len(rows) - 1), stack_height(read_models(service), COLUMNS[4]))
    height = canvas.HEADING + inside + INSIDE
    canvas.frame("frame", canvas.MARGIN, y, WIDTH - 2 * canvas.MARGIN, height, service.name,
                 pick(SERVICES, service.name, language, service.summary), daemon=service.name)
    top = y + canvas.HEADING
    entities = [c["entity"] for c in service.collections if c["listed"]]
    aggregate = Card("aggregate", *(("head", pick(COLLECTIONS, e, language, e.capitalize())) for e in entities),
                     *(("code", e) for e in entities), align="middle", aggregate=service.name).put(canvas, X[2], top, COLUMNS[2], inside)
    at = top
    for (begins, does, says), high in zip(rows, heights):
        first = begins.put(canvas, X[0], at, COLUMNS[0], high)
        second = does.put(canvas, X[1], at, COLUMNS[1], high)
        canvas.line(first.right, second.left)
        canvas.line(second.right, (aggregate.x, second.left[1]))
        for place in stack(canvas, says, X[3], at + (high - stack_height(says, COLUMNS[3])) / 2, COLUMNS[3]):
            canvas.line((aggregate.x + aggregate.width, place.left[1]), place.left)
        at += high + ROW_GAP
    stack(canvas, read_models(service), X[4], top, COLUMNS[4])
    canvas.close()
    return y + height


def console(canvas, y, language):
    w = words(language)
    heard = Card("heard", ("strong", w("모든 이벤트", "every event")), ("note", w("컨슈머 그룹 없이 구독", "in no consumer group")))
    read = Card("read", *(("code", "GET " + path) for path in console_paths()), read="console")
    high = max(heard.height(COLUMNS[0]), read.height(COLUMNS[4]))
    canvas.frame("frame", canvas.MARGIN, y, WIDTH - 2 * canvas.MARGIN, canvas.HEADING + high + INSIDE, "frontend",
                 pick(SERVICES, "frontend", language, ""), daemon="frontend")
    top = y + canvas.HEADING
    left, right = heard.put(canvas, X[0], top, COLUMNS[0], high), read.put(canvas, X[4], top, COLUMNS[4], high)
    canvas.line(left.right, right.left, look="weak")
    canvas.close()
    return top + high + INSIDE


def legend(canvas, language):
    """The headings of the columns, in the colours of what is below them. Their end."""
    w = words(language)
    heads = ((("actor", w("액터", "Actor")), ("heard", w("구독한 이벤트", "Event heard"))),
             (("command", w("커맨드", "Command")), ("policy", w("정책", "Policy"))), (("aggregate", w("애그리거트", "Aggregate")),),
             (("event", w("이벤트", "Event")),), (("read", w("리드 모델", "Read model")),))
    cards = []
    for x, width, kinds in zip(X, COLUMNS, heads):
        each = (width - 8 * (len(kinds) - 1)) / len(kinds)
        cards += [(Card(look, ("strong", word), align="middle"), x + at * (each + 8), each) for at, (look, word) in enumerate(kinds)]
    high = max(card.height(width) for card, _, width in cards)
    for card, x, width in cards:
        card.put(canvas, x, canvas.begin, width, high)
    return canvas.begin + high


def draw(folder, language):
    canvas = Canvas(WIDTH, *title("eventstorming", language))
    services = shop(folder)
    y = legend(canvas, language) + LANE_GAP
    for service in services:
        y = lane(canvas, service, services, y, language) + LANE_GAP
    return canvas.svg(console(canvas, y, language) + canvas.MARGIN)
