"""One unit of the ledger (an order, a refund, a complaint of one seller): what its cases say, and what it counts for.

Pure. A unit is a join: each case that speaks of it, and each decision about it, is one part under its own sequence, and
a part gives way only to a greater one. So any order and any repetition of the parts ends in the same unit, and it
counts once for each metric however many clocks, complaints and reviews it has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any, TypeAlias

from chalicelib.core.actions import escape, unescape
from chalicelib.core.instants import from_ms, to_ms
from chalicelib.core.scores import Metric, Row, Why

EXCLUDED = "!"
"""Opens the name of a part that is a decision to exclude; no case is called so."""
CATEGORY = "category"
"""The cells that count units by category stand under this name, beside those of the metrics."""

Part: TypeAlias = list[list[Any]]
"""Rows as stored: [metric, at, good, weight, buyer, category, carrier, clock], or [why, lapses] of an exclusion."""
Share: TypeAlias = list[Any]
"""What a unit adds to one cell: [day, cell, n, bad, buyer]."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The key of a sum within a day: `carrier` for exclusions that name one; `left_out`: "" counts, "x" is excluded,
    "x2026-05-01" is excluded until that day."""

    what: str
    carrier: str = ""
    left_out: str = ""

    def __str__(self) -> str:
        return f"{self.what}|{escape(self.carrier)}|{self.left_out}"

    @classmethod
    def parse(cls, text: str) -> "Cell":
        what, carrier, left_out = text.split("|")
        return cls(what, unescape(carrier), left_out)

    def excluded(self, today: date) -> bool:
        return bool(self.left_out) and (self.left_out == "x" or today.isoformat() < self.left_out[1:])


def part_of(rows: Iterable[Row]) -> Part:
    """Rows of one case about one unit, as stored."""
    return [
        [row.kind.value, to_ms(row.at), row.good, row.weight, row.buyer, row.category, row.carrier, row.clock]
        for row in rows
    ]


def exclusion_of(why: Why, lapses: date | None) -> Part:
    """The decision that a unit does not count, until a day or for good."""
    return [[why.value, lapses.isoformat() if lapses else ""]]


def rows_in(seller: str, unit: str, source: str, part: Part) -> list[Row]:
    """The rows of a stored part; empty for an exclusion."""
    if source.startswith(EXCLUDED):
        return []
    return [
        Row(Metric(kind), from_ms(at), seller, source, clock, good, weight, buyer, category, None, None, unit, carrier)
        for kind, at, good, weight, buyer, category, carrier, clock in part
    ]


def shares(unit: str, parts: Mapping[str, tuple[int, Part]]) -> dict[str, Share]:
    """What the unit counts for, by metric, and once by its category."""
    left_out = _left_out(parts)
    found: dict[str, Share] = {}
    for metric in Metric:
        told = [
            (source != unit, row)
            for source, (_, part) in sorted(parts.items())
            if not source.startswith(EXCLUDED)
            for row in part
            if row[0] == metric.value and row[2] is not None
        ]
        if not told:
            continue
        # Its own case knows best when it was and who bought; what others say may come first, and alone.
        told.sort(key=lambda one: (one[0], one[1][1], one[1][7]))
        _, at, _, weight, buyer, _, carrier, _ = told[0][1]
        bad = any(not row[2] for _, row in told)
        buyer = buyer or next((row[4] for _, row in told if row[4]), "")
        cell = Cell(metric.value, carrier, left_out)
        found[metric.value] = [_day(at), str(cell), weight, weight if bad else 0, buyer[:16] if bad else ""]
    own = parts.get(unit)
    category = next((row[5] for row in own[1] if row[5]), "") if own else ""
    if category and own:
        found[CATEGORY] = [_day(min(row[1] for row in own[1])), str(Cell(CATEGORY, category)), 1, 0, ""]
    return found


def _left_out(parts: Mapping[str, tuple[int, Part]]) -> str:
    """The longest of the exclusions."""
    lapses = [row[1] for source, (_, part) in parts.items() if source.startswith(EXCLUDED) for row in part]
    if not lapses:
        return ""
    return "x" if "" in lapses else f"x{max(lapses)}"


def _day(at: int) -> str:
    return from_ms(at).astimezone(UTC).date().isoformat()
