"""Worked cases of the shipped packs: a history one mark after the other in the clock's zone, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from chalicelib.core.clocks import Reading
from chalicelib.core.events import Subject
from chalicelib.core.rules import Policy
from chalicelib.core.wire import read_event
from chalicelib.rules.judge import Judge, vocabulary
from chalicelib.rules.reader import read_file


@cache
def pack(name: str) -> Policy:
    return read_file(name)


@dataclass(frozen=True, slots=True)
class Row:
    """`marks`: `name[@of] DAY TIME [=value]`, as many as wanted, one after the other with `;` between them.

    `status` None: there is no clock. `due`: its last day, or its instant as `DAY TIME`; None where nothing is due.
    `steps`: those that stand at `now`; None: not asked.
    """

    why: str
    rule: str
    marks: str
    now: str
    status: str | None
    due: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    steps: str | None = None
    points: int | None = None
    reason: str = ""
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a row. `clocks`: all that the rule has on the case."""

    clocks: tuple[Reading, ...]
    points: int

    @property
    def one(self) -> Reading | None:
        assert len(self.clocks) < 2, [clock.clock for clock in self.clocks]
        return self.clocks[0] if self.clocks else None


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def _mark(text: str, zone: str) -> dict[str, object]:
    words = text.split()
    name, _, of = words[0].partition("@")
    mark: dict[str, object] = {"name": name, "at": local(f"{words[1]} {words[2]}", zone).isoformat()}
    if of:
        mark["of"] = of
    if len(words) > 3:
        mark["value"] = words[3].removeprefix("=")
    return mark


def seen(policy: Policy, row: Row, zone: str) -> Seen:
    """What the rule of a row shows on its history, judged beside all the other rules of its pack."""
    rule = policy.rule(row.rule)
    assert rule is not None, row.rule
    marks = [_mark(text, zone) for text in row.marks.split(";")]
    event = {
        "id": "evt-1", "subject": {"kind": rule.applies_to, "id": "1"}, "seller": "s-1",
        "occurred_at": max(str(mark["at"]) for mark in marks), "marks": marks, "facts": dict(row.facts),
    }  # fmt: skip
    read = read_event(event, vocabulary([policy]))
    assert not read.dropped, read.dropped
    judge = Judge([policy])
    clocks = judge.judge(Subject(rule.applies_to, "1"), [read], local(row.now, zone)).clocks
    mine = tuple(clock for clock in clocks if clock.rule.id == row.rule)
    return Seen(mine, sum(judge.cost(clock) for clock in mine))


def check(policy: Policy, row: Row, zone: str) -> None:
    """Whether a row comes out as it should."""
    found = seen(policy, row, zone)
    clock = found.one
    if row.status is None:
        assert clock is None, clock
        return
    assert clock is not None
    assert clock.status.value == row.status, clock.reason
    if row.due is not None and " " in row.due:
        assert clock.due == local(row.due, zone)
    elif row.due is not None:
        assert clock.due_day == date.fromisoformat(row.due)
        assert clock.due is not None
        ends = clock.due.astimezone(ZoneInfo(clock.zone))
        assert (ends.hour, ends.minute) == (0, 0), "a day ends at 24:00 of the clock's zone"
    if row.steps is not None:
        assert " ".join(step for step, _ in clock.steps) == row.steps
    if row.points is not None:
        assert found.points == row.points
    assert row.reason in clock.reason
    assert (clock.earliest is not None) is row.provisional


def amount(text: str, currency: str = "CNY") -> dict[str, object]:
    return {"amount": str(Decimal(text)), "currency": currency}
