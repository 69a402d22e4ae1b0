"""canvas - an SVG of boxes, texts and lines, which is read in light and in dark, and whose texts fit their boxes on any machine.

A width is measured so that the widest of the usual fonts fits: nobody knows which one a browser takes. A Hangul character is 1 em.
"""
import html
import re
import unicodedata

SANS = "Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', D2Coding, monospace"
# kind of a text: size, height of its line, monospaced, bold
TEXTS = {
    "title": (22, 30, False, True),
    "lead": (14, 20, False, False),
    "head": (15, 20, False, True),
    "body": (13, 18, False, False),
    "strong": (13, 18, False, True),
    "note": (12, 17, False, False),
    "code": (12, 17, True, False),
}
PAD = 12                                                        # from a box's border to its text, left and right
PAD_Y = 9

# name: fill and border, in light and in dark
COLOURS = {
    "frame": ("#f4f2ed", "#ddd8cd", "#1e2127", "#363b45"),
    "inner": ("#fbfaf8", "#ddd8cd", "#262a31", "#3d434e"),
    "plain": ("#ffffff", "#cfcabf", "#2b3038", "#4c5461"),
    "actor": ("#ffffff", "#9a9488", "#2b3038", "#7d8592"),
    "command": ("#d3e5fb", "#8fb8e8", "#1d3a5a", "#41719f"),
    "event": ("#ffddb0", "#eeae5e", "#583a14", "#b3803a"),
    "heard": ("#fff4e3", "#eeae5e", "#35281a", "#8f6a38"),
    "policy": ("#e6d9f8", "#b79be4", "#3a2c58", "#7b63b0"),
    "aggregate": ("#fff2b3", "#dfc650", "#483f15", "#988732"),
    "read": ("#d0edd7", "#8bca9b", "#1e432a", "#4a8d60"),
    "external": ("#fbdae2", "#e4a0b2", "#4f2630", "#a05a6c"),
}
DASHED = ("heard",)


def width_of(character, mono):
    wide = unicodedata.east_asian_width(character) in "WF"
    if wide:
        return 1.0
    if mono:
        return 0.61
    if character in "ijl.,:;'|!· ":
        return 0.36
    if character in "ftr()[]{}/\\-I\"":
        return 0.46
    if character in "mwMW@%→…—&":
        return 0.98
    return 0.76 if character.isupper() else 0.635


def measure(text, kind):
    size, _, mono, bold = TEXTS[kind]
    return sum(width_of(character, mono) for character in text) * size * (1.1 if bold and not mono else 1)


def pieces(text):
    """Where a line may end: behind a blank, - / . , _ and before a capital within a word."""
    return [piece for piece in re.split(r"(?<=[ /.,_:-])(?=[^ /.,_:-])|(?<=[a-z])(?=[A-Z])", text) if piece]


def wrap(text, kind, width):
    """Lines that fit; a piece that is too long is cut."""
    blank = lambda at: re.split(r"(?<= )", at)
    for parts in (blank(text), pieces(text), list(text)):
        lines, fits = [""], True
        for part in parts:
            fits = fits and measure(part.rstrip(), kind) <= width
            if lines[-1] and measure((lines[-1] + part).rstrip(), kind) > width:
                lines.append("")
            lines[-1] += part
        if fits:
            break
    return [line.strip() for line in lines]


class Card:
    """A box with lines of text, each a (kind, text) or (kind, text, attributes of its group)."""

    def __init__(self, look, *lines, align="start", top=False, **data):
        self.look, self.lines, self.align, self.top, self.data = look, [line for line in lines if line and line[1]], align, top, data

    def wrapped(self, width):
        return [(line[0], part, line[2] if len(line) > 2 else {}) for line in self.lines for part in wrap(line[1], line[0], width - 2 * PAD)]

    def height(self, width):
        return sum(TEXTS[kind][1] for kind, _, _ in self.wrapped(width)) + 2 * PAD_Y

    def put(self, canvas, x, y, width, height=None):
        """Its place, with the text in the middle of its height, or at its top."""
        own = self.height(width)
        height = height or own
        canvas.open_box(self.look, x, y, width, height, **self.data)
        at = y + (0 if self.top else (height - own) / 2) + PAD_Y
        for kind, text, data in self.wrapped(width):
            canvas.text(x + (width / 2 if self.align == "middle" else PAD), at, kind, text, self.align, **data)
            at += TEXTS[kind][1]
        canvas.close()
        return Place(x, y, width, height)


class Place:
    def __init__(self, x, y, width, height):
        self.x, self.y, self.width, self.height = x, y, width, height

    left = property(lambda self: (self.x, self.y + self.height / 2))
    right = property(lambda self: (self.x + self.width, self.y + self.height / 2))
    top = property(lambda self: (self.x + self.width / 2, self.y))
    bottom = property(lambda self: (self.x + self.width / 2, self.y + self.height))
    end = property(lambda self: self.y + self.height)


def stack(canvas, cards, x, y, width, gap=10):
    """One below the other; their places."""
    places = []
    for card in cards:
        places.append(card.put(canvas, x, y, width))
        y = places[-1].end + gap
    return places


def stack_height(cards, width, gap=10):
    return sum(card.height(width) for card in cards) + gap * max(0, len(cards) - 1)


def number(value):
    return ("%.1f" % value).rstrip("0").rstrip(".")


def attributes(data):
    return "".join(' data-%s="%s"' % (key, html.escape(value)) for key, value in sorted(data.items()))


class Canvas:
    MARGIN = 32

    def __init__(self, width, title, lead, language):
        self.width, self.title, self.lead, self.language = width, title, lead, language
        self.out, self.depth = [], 1
        self.text(self.MARGIN, 26, "title", title)
        at = 60
        for line in wrap(lead, "lead", width - 2 * self.MARGIN):
            self.text(self.MARGIN, at, "lead", line, muted=True)
            at += TEXTS["lead"][1]
        self.begin = at + 20                                    # of what is below title and lead

    def add(self, line):
        self.out.append("  " * self.depth + line)

    def open_box(self, look, x, y, width, height, **data):
        self.add('<g class="%s"%s>' % (look, attributes(data)))
        self.depth += 1
        self.add('<rect x="%s" y="%s" width="%s" height="%s" rx="%d"/>' % (number(x), number(y), number(width), number(height),
                                                                          12 if look in ("frame", "inner") else 8))

    def close(self):
        self.depth -= 1
        self.add("</g>")

    def frame(self, look, x, y, width, height, heading, note="", **data):
        """A box that holds others; call close() behind them. The heading takes HEADING of its height."""
        self.open_box(look, x, y, width, height, **data)
        self.text(x + 16, y + 12, "head", heading)
        if note:
            self.text(x + 16 + measure(heading, "head") + 12, y + 14, "note", note, muted=True)

    HEADING = 44

    def text(self, x, top, kind, text, align="start", muted=False, **data):
        size, line, _, _ = TEXTS[kind]
        words = "t %s%s%s" % (kind, " middle" if align == "middle" else "", " muted" if muted or kind == "note" else "")
        self.add('<text class="%s" x="%s" y="%s"%s>%s</text>' % (words, number(x), number(top + line / 2 + size * 0.36), attributes(data),
                                                                html.escape(text, quote=False)))

    def line(self, *points, look="flow", arrow=True):
        points = [point for at, point in enumerate(points) if not at or point != points[at - 1]]
        way = "M" + "L".join("%s %s" % (number(x), number(y)) for x, y in points)
        self.add('<path class="%s" d="%s"%s/>' % (look, way, ' marker-end="url(#tip)"' if arrow else ""))

    def raw(self, line):
        self.add(line)

    def svg(self, height):
        described = "%s. %s" % (self.title, self.lead)
        return "\n".join([
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-labelledby="t d" lang="%s">'
            % (number(self.width), number(height), number(self.width), number(height), self.language),
            "  <!-- drawn by `make pictures` -->",
            '  <title id="t">%s</title>' % html.escape(self.title, quote=False),
            '  <desc id="d">%s</desc>' % html.escape(described, quote=False),
            "  <style>", *("    " + line for line in style()), "  </style>",
            '  <defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            '<path class="tip" d="M0 0.8L7 4L0 7.2Z"/></marker></defs>',
            '  <rect class="ground" width="%s" height="%s" rx="16"/>' % (number(self.width), number(height)),
            *self.out, "</svg>", ""])


def theme(dark):
    ink, muted, ground, flow = ("#e9e6e0", "#b0b5bf", "#16181d", "#8b93a1") if dark else ("#23262c", "#585d66", "#fdfcfa", "#77736a")
    yield ".t { fill: %s } .muted { fill: %s } .ground { fill: %s }" % (ink, muted, ground)
    yield ".flow, .weak { stroke: %s } .tip { fill: %s }" % (flow, flow)
    for look, colours in COLOURS.items():
        yield ".%s > rect, polygon.%s { fill: %s; stroke: %s }" % (look, look, *colours[2 * dark:2 * dark + 2])


def style():
    yield "text { font-family: %s }" % SANS
    for kind, (size, _, mono, bold) in TEXTS.items():
        yield ".%s { font-size: %dpx%s%s }" % (kind, size, "; font-weight: 600" if bold else "", "; font-family: %s" % MONO if mono else "")
    yield ".middle { text-anchor: middle }"
    yield ".flow, .weak { fill: none; stroke-width: 1.5 } .weak { stroke-dasharray: 5 4 }"
    yield "".join(".%s > rect " % look for look in DASHED) + "{ stroke-dasharray: 5 4 }"
    yield from theme(False)
    yield "@media (prefers-color-scheme: dark) {"
    yield from ("  " + line for line in theme(True))
    yield "}"
