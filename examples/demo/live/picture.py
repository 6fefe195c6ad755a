"""A picture of the live view for documents: its lines, colours and all, as an SVG."""

import re
from collections.abc import Sequence
from html import escape

from examples.demo.live.paint import RESET, TONES, width

COLUMN, LINE, MARGIN = 8.4, 18, 12
INK, PAPER = "#d4d4d4", "#1e1e1e"
COLOURS = {
    TONES["good"]: "#73c991", TONES["bad"]: "#f48771", TONES["warn"]: "#e2c08d", TONES["act"]: "#4ec9b0",
    TONES["heal"]: "#c586c0", TONES["dim"]: "#8a8a8a", TONES["head"]: "#ffffff",
}  # fmt: skip
_CODE = re.compile("\x1b\\[[0-9;]*m")


def svg(lines: Sequence[str]) -> str:
    """Lines as `screen` draws them, as an SVG of their size. Each run of one colour is stretched to its columns, so the
    picture is the same whatever font draws it."""
    rows = [_runs(line) for line in lines]
    across = max((sum(width(text) for _, text in row) for row in rows), default=0)
    wide, high = MARGIN * 2 + across * COLUMN, MARGIN * 2 + len(rows) * LINE
    body = "\n".join(_row(row, number) for number, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high}" viewBox="0 0 {wide:.0f} {high}"'
        ' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" style="white-space: pre">\n'
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>\n{body}\n</svg>\n'
    )


def _runs(line: str) -> list[tuple[str, str]]:
    """The line as (colour, text), in order."""
    runs, colour, last = [], INK, 0
    for found in _CODE.finditer(line):
        if found.start() > last:
            runs.append((colour, line[last : found.start()]))
        colour = INK if found[0] == RESET else COLOURS.get(found[0], INK)
        last = found.end()
    return [*runs, (colour, line[last:])] if last < len(line) else runs


def _row(runs: Sequence[tuple[str, str]], number: int) -> str:
    parts, column = [], 0
    for colour, text in runs:
        room = width(text)
        shown = text.rstrip()
        if shown:
            x, y = MARGIN + column * COLUMN, MARGIN + number * LINE + 13
            long = width(shown) * COLUMN
            parts.append(
                f'<text x="{x:.1f}" y="{y}" fill="{colour}" textLength="{long:.1f}" xml:space="preserve">'
                f"{escape(shown)}</text>"
            )
        column += room
    return "".join(parts)
