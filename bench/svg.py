# SPDX-License-Identifier: MIT
"""Bars and lines as SVG, light or dark as the reader's system is. The same input gives the same bytes."""

import math
from html import escape

WIDTH = 900
MARGIN = 20
FONT = 13

# In light and in dark mode. heddle has the one warm colour.
COLORS = {
    "background": ("#ffffff", "#0d1117"),
    "ink": ("#1f2328", "#e6edf3"),
    "faint": ("#59636e", "#9198a1"),
    "grid": ("#dde2e7", "#262c34"),
    "bound": ("#e4e9ee", "#2a323c"),
    "heddle": ("#d1480f", "#ff8f4c"),
    "peer": ("#8fa6bf", "#5f7f9f"),
    "floor": ("#cfd6dd", "#3d4752"),
    "line0": ("#2f6690", "#6cb0e0"),
    "line1": ("#7d8790", "#a9b2bb"),
    "line2": ("#5fa0cc", "#4a8ab5"),
    "line3": ("#3f4953", "#d0d7de"),
    "line4": ("#8089bd", "#a3aee0"),
    "line5": ("#5f9191", "#86b9b9"),
}
LINES = 6
DASHES = ("", "7 3", "2 3")
MARKERS = ("M-3.5 -3.5h7v7h-7z", "M0 -4.5L4.5 3.5H-4.5z", "M0 -4.5L4.5 0L0 4.5L-4.5 0z", "M0 4.5L4.5 -3.5H-4.5z")
CIRCLE = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"


def number(value):
    """Coordinates to a tenth of a pixel."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def width_of(text):
    """About as wide as common sans-serif fonts set it."""
    return 0.6 * FONT * len(text)


def shortened(text, most):
    return text if len(text) <= most else text[: most - 1] + "…"


class Scale:
    """From values in [low, high] to coordinates."""

    def __init__(self, low, high, begin, end, function):
        self.low, self.high, self.begin, self.end, self.function = low, high, begin, end, function

    def __call__(self, value):
        low, high = self.function(self.low), self.function(self.high)
        return self.begin + (self.function(value) - low) / (high - low) * (self.end - self.begin)


def log_scale(low, high, begin, end):
    return Scale(low, high, begin, end, math.log)


def linear_scale(low, high, begin, end):
    return Scale(low, high, begin, end, float)


def decades(low, high):
    """The powers of ten in [low, high]."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return [10.0**power for power in range(first, last + 1)]


class Drawing:
    def __init__(self, title, subtitle):
        self.title, self.subtitle = title, subtitle
        self.parts = []
        self.text(MARGIN, 30, title, "ink title")
        self.text(MARGIN, 50, subtitle, "faint")

    def text(self, x, y, what, kind="ink", anchor="start"):
        where = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.parts.append(f'<text class="{kind}" x="{number(x)}" y="{number(y)}"{where}>{escape(what)}</text>')

    def line(self, x1, y1, x2, y2, kind="grid"):
        self.parts.append(f'<path class="{kind}" d="M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"/>')

    def bar(self, x, y, width, height, kind):
        self.parts.append(
            f'<rect class="{kind}" x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{height}" rx="2"/>'
        )

    def path(self, points, kind, dash="", thick=2.0):
        """Lines from point to point, with a gap where one is None."""
        steps, pen = [], "M"
        for point in points:
            if point is None:
                pen = "M"
            else:
                steps.append(f"{pen}{number(point[0])} {number(point[1])}")
                pen = "L"
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<path class="{kind} line" stroke-width="{thick}"{dashed} d="{"".join(steps)}"/>')

    def marker(self, x, y, shape, kind):
        self.parts.append(f'<path class="{kind} mark" transform="translate({number(x)} {number(y)})" d="{shape}"/>')

    def rendered(self, height):
        def rules(mode):
            return "".join(f".{name}{{color:{colors[mode]}}}" for name, colors in COLORS.items())

        style = (
            f"text{{font:{FONT}px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
            "fill:currentColor}"
            ".title{font-size:17px;font-weight:600}.strong{font-weight:600}"
            "rect,.mark{fill:currentColor}path{fill:none;stroke:currentColor}.mark{stroke:none}"
            ".line{stroke-linejoin:round;stroke-linecap:round}"
            f"{rules(0)}@media (prefers-color-scheme:dark){{{rules(1)}}}"
        )
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {number(height)}" width="{WIDTH}" '
                f'height="{number(height)}" role="img">',
                f"<title>{escape(self.title)}</title>",
                f"<desc>{escape(self.subtitle)}</desc>",
                f"<style>{style}</style>",
                f'<rect class="background" width="{WIDTH}" height="{number(height)}"/>',
                *self.parts,
                "</svg>\n",
            )
        )


# ---- bars


class Bar:
    def __init__(self, label, value, text, kind):
        self.label, self.value, self.text, self.kind = shortened(label, 24), value, text, kind


ROW = 20
TEXT_WIDTH = 62  # beside the longest bar


def bar_panels(drawing, panels, ticks, reference=None):
    """Panels, (title, bars), two beside each other on a common logarithmic scale from the first to the last of `ticks`,
    (value, text). A line at the value `reference`. Returns where they end."""
    top = 66
    label_width = max(width_of(bar.label) for _, bars in panels for bar in bars) + 8
    panel_width = (WIDTH - 3 * MARGIN) / 2
    for i in range(0, len(panels), 2):
        for column, (title, bars) in enumerate(panels[i : i + 2]):
            left = MARGIN + column * (panel_width + MARGIN)
            scale = log_scale(ticks[0][0], ticks[-1][0], left + label_width, left + panel_width - TEXT_WIDTH)
            bar_panel(drawing, top, left, scale, title, bars, ticks, reference)
        top += 60 + ROW * max(len(bars) for _, bars in panels[i : i + 2])
    return top


def bar_panel(drawing, top, left, scale, title, bars, ticks, reference):
    bottom = top + 26 + ROW * len(bars)
    drawing.text(left, top + 14, title, "ink strong")
    room_from = 0
    for value, text in ticks:
        drawing.line(scale(value), top + 24, scale(value), bottom)
        if scale(value) - width_of(text) / 2 >= room_from:
            drawing.text(scale(value), bottom + 15, text, "faint", "middle")
            room_from = scale(value) + width_of(text) / 2
    for index, bar in enumerate(bars):
        y = top + 26 + ROW * index
        weight = " strong" if bar.kind == "heddle" else ""
        drawing.text(scale.begin - 8, y + 14, bar.label, "ink" + weight, "end")
        drawing.bar(scale.begin, y + 3, max(1.0, scale(bar.value) - scale.begin), 14, bar.kind)
        drawing.text(max(scale(bar.value), scale.begin) + 6, y + 14, bar.text, "ink" + weight)
    if reference is not None:
        drawing.line(scale(reference), top + 24, scale(reference), bottom, "faint")


# ---- lines


class Line:
    """`points` are (x, y); y is None where nothing is known."""

    def __init__(self, label, points, look):
        self.label, self.points, self.look = shortened(label, 24), points, look


class Look:
    def __init__(self, kind, dash="", marker=None, thick=2.0):
        self.kind, self.dash, self.marker, self.thick = kind, dash, marker, thick


HEDDLE = Look("heddle", marker=CIRCLE, thick=3.0)


def peer_look(index):
    return Look(f"line{index % LINES}", DASHES[index // LINES % len(DASHES)], MARKERS[index % len(MARKERS)])


def draw_line(drawing, line, x, y):
    points = [None if value is None else (x(at), y(value)) for at, value in line.points]
    look = line.look
    drawing.path(points, look.kind, look.dash, look.thick)
    for point in filter(None, points):
        if look.marker:
            drawing.marker(*point, look.marker, look.kind)


def line_panel(drawing, x, y, x_ticks, y_ticks, lines):
    """Lines over a grid; the last one lies on top."""
    for value, text in x_ticks:
        drawing.line(x(value), y.begin, x(value), y.end)
        drawing.text(x(value), y.begin + 18, text, "faint", "middle")
    for value, text in y_ticks:
        drawing.line(x.begin, y(value), x.end, y(value))
        drawing.text(x.begin - 8, y(value) + 4, text, "faint", "end")
    for line in lines:
        draw_line(drawing, line, x, y)


def legend_row(drawing, y, lines):
    """Entries one beside the other, in more rows where they need them. Returns where the last row ends."""
    left = MARGIN
    for line in lines:
        width = width_of(line.label) + 66
        if left + width > WIDTH and left > MARGIN:
            left, y = MARGIN, y + 22
        legend_entry(drawing, left, y, line)
        left += width
    return y + 18


def legend_entry(drawing, left, y, line):
    sample = Line(line.label, [(0, 0), (1, 0)], Look(line.look.kind, line.look.dash, None, line.look.thick))
    draw_line(drawing, sample, linear_scale(0, 1, left, left + 34), lambda _: y)
    if line.look.marker:
        drawing.marker(left + 17, y, line.look.marker, line.look.kind)
    drawing.text(left + 42, y + 4, line.label, "ink strong" if line.look is HEDDLE else "ink")
