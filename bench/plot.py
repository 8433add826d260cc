"""Time and memory over the number of rows, drawn as SVG.

usage: plot.py RESULTS FILE

Draws what was measured of "all columns", at all sizes.
"""

import json
import math
import pathlib
import statistics
import sys
from html import escape

from servers import short

# variant, name, what its memory is, colour on light and on dark ground
LINES = [
    ("ours", "biconnector_fdw", "memory", "#c2410c", "#fb923c"),
    ("file_fdw", "file_fdw", "memory", "#1d4ed8", "#7cacff"),
    ("jq", "curl | jq", "programs", "#a21caf", "#e879f9"),
    ("heap", "heap table", "memory", "#15803d", "#4ade80"),
    ("curl", "curl", "programs", "#6b7280", "#a8b0bd"),
]
WIDTH, HEIGHT = 930, 400
PANEL = 270                     # width of what is inside the axes
TOP, BOTTOM = 56, 340
LEFT = (62, 512)                # of each panel
LABEL_HEIGHT = 15

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 13px; font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
"""


def style():
    light = "".join(f".{key} {{ stroke: {colour} }} circle.{key}, text.{key} "
                    f"{{ fill: {colour}; stroke: none }}\n" for key, _, _, colour, _ in LINES)
    dark = "".join(f".{key} {{ stroke: {colour} }} circle.{key}, text.{key} "
                   f"{{ fill: {colour}; stroke: none }}\n" for key, _, _, _, colour in LINES)
    return (f"<style>{STYLE}.ours.line {{ stroke-width: 3 }}\ntext.ours {{ font-weight: 600 }}\n"
            f"{light}@media (prefers-color-scheme: dark) {{\ntext {{ fill: #e6edf3 }}\n"
            f".grid {{ stroke: #3d444d }}\n{dark}}}\n</style>")


def points_of(results, variant, what):
    """(rows, value) of a variant: medians of times, and peaks of memory in MB."""
    points = []
    for work in results["works"]:
        if work["work"] != "all":
            continue
        for candidate in work["variants"]:
            values = [run[what] for run in candidate["runs"] if run.get(what) is not None]
            if candidate["variant"] == variant and values:
                value = statistics.median(values) if what == "seconds" else max(values) / 1024
                if value > 0:
                    points.append((work["rows"], value))
    return sorted(points)


def number(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


class Panel:
    def __init__(self, left, title, lines):
        self.left = left
        self.title = title
        self.lines = lines
        rows = [row for points in lines.values() for row, _ in points]
        values = [value for points in lines.values() for _, value in points]
        self.x_range = math.log10(min(rows)), math.log10(max(rows))
        self.y_range = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(self, rows):
        low, high = self.x_range
        share = (math.log10(rows) - low) / (high - low) if high > low else 0.5
        return self.left + 10 + share * (PANEL - 20)

    def y(self, value):
        low, high = self.y_range
        return BOTTOM - (math.log10(value) - low) / (high - low) * (BOTTOM - TOP)

    def drawn(self):
        parts = [f'<text class="title" x="{self.left}" y="{TOP - 22}">{escape(self.title)}</text>']
        for exponent in range(self.y_range[0], self.y_range[1] + 1):
            y = self.y(10.0 ** exponent)
            parts.append(f'<line class="grid" x1="{self.left}" x2="{self.left + PANEL}"'
                         f' y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{self.left - 8}" y="{y + 4:.1f}" text-anchor="end">'
                         f'{number(10.0 ** exponent)}</text>')
        for rows in sorted({row for points in self.lines.values() for row, _ in points}):
            parts.append(f'<text x="{self.x(rows):.1f}" y="{BOTTOM + 20}" text-anchor="middle">'
                         f'{short(rows)}</text>')
        parts.append(f'<text x="{self.left + PANEL / 2}" y="{BOTTOM + 40}" text-anchor="middle">'
                     "rows</text>")
        for key, points in self.lines.items():
            corners = " ".join(f"{self.x(rows):.1f},{self.y(value):.1f}" for rows, value in points)
            parts.append(f'<polyline class="{key} line" points="{corners}"/>')
            parts += [f'<circle class="{key}" cx="{self.x(rows):.1f}" cy="{self.y(value):.1f}"'
                      ' r="3.5"/>' for rows, value in points]
        return parts + self.labels()

    def labels(self):
        """A name beside the end of each line; where two would meet, they move apart."""
        ends = sorted((self.y(points[-1][1]), key) for key, points in self.lines.items())
        places = [y for y, _ in ends]
        for _ in range(100):
            for i in range(1, len(places)):
                lack = LABEL_HEIGHT - (places[i] - places[i - 1])
                if lack > 0:
                    places[i - 1] -= lack / 2
                    places[i] += lack / 2
        names = {key: name for key, name, *_ in LINES}
        return [f'<text class="{key}" x="{self.left + PANEL + 6}" y="{y + 4:.1f}">'
                f'{escape(names[key])}</text>' for y, (_, key) in zip(places, ends)]


def draw(results):
    seconds, memory = {}, {}
    for key, _, source, *_ in LINES:
        for lines, what in (seconds, "seconds"), (memory, source):
            if points := points_of(results, key, what):
                lines[key] = points
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
             f' width="{WIDTH}" height="{HEIGHT}" role="img">',
             "<title>Time and memory to read all columns, over the number of rows</title>", style()]
    for left, title, lines in zip(LEFT, ("Seconds, all columns", "Memory in MB"),
                                  (seconds, memory)):
        parts += Panel(left, title, lines).drawn()
    return "\n".join([*parts, "</svg>", ""])


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: plot.py RESULTS FILE")
    results = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    pathlib.Path(sys.argv[2]).write_text(draw(results), encoding="utf-8")


if __name__ == "__main__":
    main()
