"""checks - what is wrong with a picture, in a sentence each: read from the SVG alone, as a browser reads it."""
import itertools
import re
import xml.etree.ElementTree

from picture.canvas import TEXTS, measure

SVG = "{http://www.w3.org/2000/svg}"
HOLDERS = ("frame", "inner")                                    # boxes that may hold others
SLIP = 0.6                                                      # of a pixel, as numbers are rounded


class Box:
    def __init__(self, x, y, width, height, name, look=""):
        self.x, self.y, self.width, self.height, self.name, self.look = x, y, width, height, name, look
        self.holds = 0                                          # boxes within it

    def overlaps(self, other):
        return (self.x < other.x + other.width - SLIP and other.x < self.x + self.width - SLIP
                and self.y < other.y + other.height - SLIP and other.y < self.y + self.height - SLIP)

    def contains(self, other):
        return (self.x <= other.x + SLIP and self.y <= other.y + SLIP and self.x + self.width >= other.x + other.width - SLIP
                and self.y + self.height >= other.y + other.height - SLIP)

    def is_crossed(self, one, other):
        """Does the line, which is level or upright, run through its inside?"""
        left, right = sorted((one[0], other[0]))
        upper, lower = sorted((one[1], other[1]))
        return left < self.x + self.width - 1 and right > self.x + 1 and upper < self.y + self.height - 1 and lower > self.y + 1


class Picture:
    """Its boxes, texts and lines."""

    def __init__(self, svg):
        self.root = xml.etree.ElementTree.fromstring(svg)
        self.boxes, self.texts, self.lines, self.marks = [], [], [], {}
        _, _, self.width, self.height = map(float, self.root.get("viewBox").split())
        self.read(self.root, None)

    def read(self, element, box):
        """Texts go to the box of their group, or of one around it; marks are the data-... of a group or of a text."""
        rect = element.find(SVG + "rect") if element.tag == SVG + "g" else None
        if rect is not None:
            box = Box(*(float(rect.get(key)) for key in ("x", "y", "width", "height")), self.said(element)[:60], element.get("class"))
            self.boxes.append(box)
        for key, value in element.attrib.items():
            if key.startswith("data-"):
                self.marks.setdefault((key[5:], value), []).append(self.said(element))
        if element.tag == SVG + "text":
            self.texts.append((self.text_box(element), box))
        if element.tag == SVG + "path" and element.get("class") in ("flow", "weak"):
            points = [tuple(map(float, point.split())) for point in element.get("d")[1:].split("L")]
            self.lines += itertools.pairwise(points) if hasattr(itertools, "pairwise") else zip(points, points[1:])
        for child in element:
            if child.tag != SVG + "defs":
                self.read(child, box)

    @staticmethod
    def said(element):
        """All its text without blanks, since a line may end anywhere."""
        return "".join("".join(text.itertext()) for text in element.iter(SVG + "text")).replace(" ", "")

    @staticmethod
    def text_box(element):
        classes = element.get("class").split()
        kind = next(one for one in classes if one in TEXTS)
        size, text = TEXTS[kind][0], "".join(element.itertext())
        width, x = measure(text, kind), float(element.get("x"))
        return Box(x - width / 2 if "middle" in classes else x, float(element.get("y")) - 0.8 * size, width, size, text)


def is_for_everybody(picture):
    """A name and a description, for who does not see it; colours for light and dark."""
    root = picture.root
    text = {child.tag: child.text for child in root}
    if root.get("role") != "img" or not text.get(SVG + "title") or not text.get(SVG + "desc"):
        yield "it has no role, title or desc"
    if "prefers-color-scheme: dark" not in text.get(SVG + "style", ""):
        yield "it has no colours for the dark"


def boxes_do_not_overlap(picture):
    whole = Box(0, 0, picture.width, picture.height, "the picture")
    for box in picture.boxes:
        if not whole.contains(box):
            yield "the box %r leaves the picture" % box.name
    for one, other in itertools.combinations(picture.boxes, 2):
        holder, held = (one, other) if one.contains(other) else (other, one)
        if one.overlaps(other) and not (holder.look in HOLDERS and holder.contains(held)):
            yield "the boxes %r and %r overlap" % (one.name, other.name)


def texts_fit(picture):
    whole = Box(0, 0, picture.width, picture.height, "the picture")
    for text, box in picture.texts:
        if not (box or whole).contains(text):
            yield "the text %r is larger than its box" % text.name
    for (one, _), (other, _) in itertools.combinations(picture.texts, 2):
        if one.overlaps(other):
            yield "the texts %r and %r overlap" % (one.name, other.name)
    for text, box in picture.texts:
        for other in picture.boxes:
            if other is not box and other.overlaps(text) and not other.contains(box or text):
                yield "the text %r is under the box %r" % (text.name, other.name)


def lines_cross_nothing(picture):
    things = [box for box in picture.boxes if box.look not in HOLDERS] + [text for text, _ in picture.texts]
    for one, other in picture.lines:
        if one[0] != other[0] and one[1] != other[1]:
            yield "a line is neither level nor upright: %s to %s" % (one, other)
        yield from ("a line runs through %r" % thing.name for thing in things if thing.is_crossed(one, other))


def luminance(colour):
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def texts_are_readable(picture):
    """WCAG's 4.5 of each colour of text on each colour behind it, in light and in dark."""
    style = next(child.text for child in picture.root if child.tag == SVG + "style")
    for name, part in zip(("light", "dark"), style.split("@media")):
        inks = re.findall(r"\.(t|muted) \{ fill: (#\w+)", part)
        grounds = re.findall(r"\.(\w+) > rect, polygon[^{]*\{ fill: (#\w+)", part) + re.findall(r"\.(ground) \{ fill: (#\w+)", part)
        if len(inks) != 2 or len(grounds) < 5:
            yield "its colours in the %s were not understood" % name
        for (ink, one), (ground, other) in itertools.product(inks, grounds):
            lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
            ratio = (lighter + 0.05) / (darker + 0.05)
            if ratio < 4.5:
                yield "%s: .%s on .%s has a contrast of %.2f" % (name, ink, ground, ratio)


ALL = (is_for_everybody, boxes_do_not_overlap, texts_fit, lines_cross_nothing, texts_are_readable)


def has(picture, wanted):
    """wanted: (key, value, text): the mark data-key="value", whose element says the text; a key None: the text is anywhere."""
    everything = picture.said(picture.root)
    for key, value, text in wanted:
        said = [everything] if key is None else picture.marks.get((key, value), [])
        if not any(text.replace(" ", "") in one for one in said):
            yield "%s is not in it" % (text if key is None else "%s %s (%s)" % (key, value, text))


def faults(svg, wanted):
    try:
        picture = Picture(svg)
    except xml.etree.ElementTree.ParseError as trouble:
        return ["it is no XML: %s" % trouble]
    return [fault for check in ALL for fault in check(picture)] + list(has(picture, wanted))
