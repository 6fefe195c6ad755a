"""The small texts inside a rule: durations such as `48h`, and where a step stands (`due - 1d`, `50%`).

Each reader takes text and gives plain values; what it cannot read is a ValueError that says what was wanted.
"""

import re
from dataclasses import dataclass
from typing import Literal

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MAX_SECONDS = 100 * 366 * 86_400
"""Nothing that a rule counts lasts longer than a hundred years."""
MAX_PERCENT = 1000

_DURATION = re.compile(r"([0-9]{1,10})(s|m|h|d)")
_AT = re.compile(r"(start|due)(?: *([+-]) *([^ ]+))?")
_PERCENT = re.compile(r"([0-9]{1,4}) *%")

DURATION_WANTED = "a duration such as 90s, 30m, 48h or 7d"
AT_WANTED = "start + X, due, due - X, due + X, N%, or a limit such as {days: 15}"


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands: so many seconds from an anchor, or so many per cent of the counted time."""

    anchor: Literal["start", "due", "percent"]
    amount: int
    text: str
    """As written, with single spaces: the step's id where it has no other."""


def place(text: str) -> Place:
    """`start + X`, `due`, `due ± X` or `N%`. Raises ValueError."""
    text = text.strip()
    percent = _PERCENT.fullmatch(text)
    if percent:
        share = int(percent[1])
        if not 0 < share <= MAX_PERCENT:
            raise ValueError(f"1% to {MAX_PERCENT}%")
        return Place("percent", share, f"{percent[1]}%")
    found = _AT.fullmatch(text)
    if not found:
        raise ValueError(AT_WANTED)
    sign, length = found[2], found[3]
    anchor: Literal["start", "due"] = "due" if found[1] == "due" else "start"
    if sign is None:
        return Place(anchor, 0, anchor)
    seconds = duration(length)
    if anchor == "start" and sign == "-":
        raise ValueError("a step after the start: before it there is no clock")
    return Place(anchor, -seconds if sign == "-" else seconds, f"{anchor} {sign} {length}")


MARK = re.compile(r"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}")
FACT = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""How the names of declared marks and facts look."""
