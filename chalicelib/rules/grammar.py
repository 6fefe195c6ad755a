"""The small texts inside a rule: durations such as `48h`, and where a step stands (`due - 1d`, `50%`).

Each reader takes text and gives plain values; what it cannot read is a ValueError that says what was wanted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MAX_SECONDS = 100 * 366 * 86_400
"""Nothing that a rule counts lasts longer than a hundred years."""
MAX_MONTHS = 1200
MAX_PERCENT = 1000

_DURATION = re.compile(r"([0-9]{1,10})(s|m|h|d)")
_AT = re.compile(r"(start|due)(?: *([+-]) *([^ ]+))?")
_COUNTED = re.compile(r"([1-9][0-9]{0,3})(wd|wh|mo|y)")
_PERCENT = re.compile(r"([0-9]{1,4}) *%")

DURATION_WANTED = "a duration such as 90s, 30m, 48h or 7d"
LENGTH_WANTED = "a duration such as 90s, 30m, 48h, 7d, 2wd, 4wh, 2mo or 1y"
AT_WANTED = "start + X, due, due - X, due + X, N%, STEP + X, or a limit such as {days: 15}"


def duration(text: str) -> int:
    """The seconds of a duration; `d` is 24 hours. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(DURATION_WANTED)
    seconds = int(found[1]) * UNITS[found[2]]
    if seconds > MAX_SECONDS:
        raise ValueError("a duration of at most 100 years")
    return seconds


def signed(text: str) -> int:
    """The seconds of a duration that may count back, such as `-2h`. Raises ValueError."""
    return -duration(text[1:]) if text.startswith("-") else duration(text.removeprefix("+"))


Unit: TypeAlias = Literal["seconds", "working_days", "working_seconds", "months"]
_COUNTS: Mapping[str, tuple[Unit, int]] = {
    "wd": ("working_days", 1),
    "wh": ("working_seconds", 3600),
    "mo": ("months", 1),
    "y": ("months", 12),
}


def length(text: str) -> tuple[Unit, int]:
    """A duration of a step: plain seconds, or what only a calendar can count. Raises ValueError."""
    counted = _COUNTED.fullmatch(text)
    if counted is None:
        if not _DURATION.fullmatch(text):
            raise ValueError(LENGTH_WANTED)
        return "seconds", duration(text)
    unit, factor = _COUNTS[counted[2]]
    count = int(counted[1]) * factor
    if unit == "months" and count > MAX_MONTHS:
        raise ValueError("a duration of at most 100 years")
    return unit, count


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands: so much from an anchor, or so many per cent of the counted time.

    `step`: the anchor that is one.
    """

    anchor: Literal["start", "due", "percent", "step"]
    text: str
    """As written, with single spaces: the step's id where it has no other."""
    amount: int = 0
    unit: Unit = "seconds"
    step: str = ""


def place(text: str) -> Place:
    """`start + X`, `due`, `due ± X`, `N%` or `STEP + X`. Raises ValueError."""
    text = " ".join(text.split())
    percent = _PERCENT.fullmatch(text)
    if percent:
        share = int(percent[1])
        if not 0 < share <= MAX_PERCENT:
            raise ValueError(f"1% to {MAX_PERCENT}%")
        return Place("percent", f"{percent[1]}%", share)
    found = _AT.fullmatch(text)
    if not found:
        return _after_step(text)
    sign = found[2]
    anchor: Literal["start", "due"] = "due" if found[1] == "due" else "start"
    if sign is None:
        return Place(anchor, anchor)
    if anchor == "start" and sign == "-":
        raise ValueError("a step after the start: before it there is no clock")
    unit, amount = length(found[3])
    return Place(anchor, f"{anchor} {sign} {found[3]}", -amount if sign == "-" else amount, unit)


def _after_step(text: str) -> Place:
    step, plus, after = (part.strip() for part in text.rpartition("+"))
    if not plus or not step:
        raise ValueError(AT_WANTED)
    return Place("step", f"{step} + {after}", duration(after), step=step)


MARK = re.compile(r"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}")
FACT = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""How the names of declared marks and facts look."""
