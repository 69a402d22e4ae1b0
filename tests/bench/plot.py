"""plot - a line chart as SVG: {name: {x: y}}."""
import html
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 70, 170, 40, 50
COLOURS = ("#1b6ca8", "#c8553d", "#3c8d40", "#8e5ea2")


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


def lines(path, title, x_title, series, logarithmic=False):
    xs = sorted({x for points in series.values() for x in points})
    ticks = steps(max(y for points in series.values() for y in points.values()))
    scale = (lambda x: math.log10(x)) if logarithmic else float
    low, high = scale(xs[0]), scale(xs[-1])
    x_at = lambda x: LEFT + (WIDTH - LEFT - RIGHT) * (scale(x) - low) / ((high - low) or 1)
    y_at = lambda y: HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / ticks[-1]
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">' % (WIDTH, HEIGHT),
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="%d" y="22" font-size="14">%s</text>' % (LEFT, html.escape(title))]
    for y in ticks:
        out.append('<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>'
                   % (LEFT, y_at(y), WIDTH - RIGHT, LEFT - 6, y_at(y) + 4, number(y)))
    for x in xs:
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (x_at(x), HEIGHT - BOTTOM + 18, number(x)))
    out.append('<text x="%d" y="%d" text-anchor="middle">%s</text>' % ((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, html.escape(x_title)))
    for (name, points), colour in zip(series.items(), COLOURS):
        places = [(x_at(x), y_at(y)) for x, y in sorted(points.items())]
        out.append('<path d="M%s" fill="none" stroke="%s" stroke-width="2"/>' % ("L".join("%.1f %.1f" % p for p in places), colour))
        out += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (*p, colour) for p in places]
        out.append('<text x="%.1f" y="%.1f" fill="%s">%s</text>' % (places[-1][0] + 8, places[-1][1] + 4, colour, html.escape(name)))
    path.write_text("\n".join(out + ["</svg>\n"]))
