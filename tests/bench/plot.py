"""plot - a line chart as SVG: {name: {x: y}}. As light or dark as its reader, and to be read on a phone too."""
import html
import math

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 480, 340, 48, 44, 52
FONT, LETTER, APART = 14, 7.6, 17                               # LETTER: at most as wide, on average
STYLE = """<style>
.ground { fill: #fff } text { fill: #23262c } .grid { stroke: #ddd }
.line { fill: none; stroke-width: 2.5 }
%s
@media (prefers-color-scheme: dark) {
.ground { fill: #1b1d21 } text { fill: #e6e4df } .grid { stroke: #3c4046 }
%s
}
</style>"""
LIGHT = ("#1b6ca8", "#b5432c", "#2f7a35", "#7d4a92")
DARK = ("#6cb2eb", "#f0876e", "#7ccb80", "#c79be0")


def colours(of):
    """The classes of the series: .l0 a line, .t0 a text or a dot"""
    return "\n".join(".l%d { stroke: %s } .t%d { fill: %s }" % (i, colour, i, colour) for i, colour in enumerate(of))


def number(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return "%g%s" % (value / size, letter)
    return "%g" % value


def steps(most):
    """Four to ten round numbers up to the first that is not below most."""
    size = 10 ** math.floor(math.log10(most))
    size = next(size * part for part in (0.1, 0.2, 0.25, 0.5, 1) if most / (size * part) <= 10)
    return [size * i for i in range(math.ceil(most / size) + 1)]


def powers(least, most):
    """The powers of ten from the last that is not above least to the first that is not below most."""
    return [10 ** i for i in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)]


def apart(places):
    """{name: y}, moved as little downwards as they need so that no two texts touch; the lowest stays above the axis."""
    found, below = {}, -APART
    for name, y in sorted(places.items(), key=lambda place: place[1]):
        found[name] = below = max(y, below + APART)
    above = HEIGHT - BOTTOM + APART
    for name in reversed(list(found)):
        found[name] = above = min(found[name], above - APART)
    return found


def lines(path, title, x_title, series, logarithmic=""):
    """logarithmic: the axes that are, "x" or "xy"."""
    right = 14 + LETTER * max(len(name) for name in series)
    xs = sorted({x for points in series.values() for x in points})
    ys = [y for points in series.values() for y in points.values()]
    ticks = powers(min(ys), max(ys)) if "y" in logarithmic else steps(max(ys))
    x_scale, y_scale = (math.log10 if axis in logarithmic else float for axis in "xy")

    def between(scale, value, ends, first, last):
        low, high = scale(ends[0]), scale(ends[-1])
        return first + (last - first) * (scale(value) - low) / ((high - low) or 1)

    def x_at(x):
        return between(x_scale, x, xs, LEFT + 8, WIDTH - right - 8)

    def y_at(y):
        return between(y_scale, y, ticks, HEIGHT - BOTTOM, TOP)

    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t"'
           ' font-family="sans-serif" font-size="%d">' % (WIDTH, HEIGHT, WIDTH, HEIGHT, FONT),
           "<!-- drawn by `make bench` -->", '<title id="t">%s</title>' % html.escape(title), STYLE % (colours(LIGHT), colours(DARK)),
           '<rect class="ground" width="100%" height="100%"/>',
           '<text x="8" y="24" font-size="%d">%s</text>' % (FONT + 1, html.escape(title))]
    for y in ticks:
        out.append('<path class="grid" d="M%d %.1fH%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>'
                   % (LEFT, y_at(y), WIDTH - right, LEFT - 6, y_at(y) + 5, number(y)))
    for x in xs:
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (x_at(x), HEIGHT - BOTTOM + 20, number(x)))
    out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % ((LEFT + WIDTH - right) / 2, HEIGHT - 10, html.escape(x_title)))
    labels = apart({name: y_at(points[max(points)]) + 5 for name, points in series.items()})
    for i, (name, points) in enumerate(series.items()):
        places = [(x_at(x), y_at(y)) for x, y in sorted(points.items())]
        out.append('<path class="line l%d" d="M%s"/>' % (i, "L".join("%.1f %.1f" % p for p in places)))
        out += ['<circle class="t%d" cx="%.1f" cy="%.1f" r="3.5"/>' % (i, *p) for p in places]
        out.append('<text class="t%d" x="%.1f" y="%.1f">%s</text>' % (i, places[-1][0] + 9, labels[name], html.escape(name)))
    path.write_text("\n".join(out + ["</svg>\n"]))
